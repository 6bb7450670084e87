"""Small logs for tests, written as people's programs write them."""

import json

import duckdb

HEADER = ("created", "endpoint", "language", "model", "input_tokens", "output_tokens")
WHEN = "2026-10-01T10:00:00Z"


def row(model="llama-3.1-8b", x=1155, y=211, *, when=WHEN, endpoint="chat", language="fr"):
    return (when, endpoint, language, model, x, y)


def write_csv(path, rows, header=HEADER, *, delimiter=",", encoding="utf-8"):
    lines = [delimiter.join(header), *(delimiter.join("" if v is None else str(v) for v in one) for one in rows)]
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return path


def write_jsonl(path, rows):
    path.write_text("".join(json.dumps(one) + "\n" for one in rows), encoding="utf-8")
    return path


def write_parquet(
    path, rows, header=HEADER, types=("VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR", "BIGINT", "BIGINT")
):
    db = duckdb.connect()
    columns = ", ".join(f'"{name}" {kind}' for name, kind in zip(header, types, strict=True))
    db.execute(f"CREATE TABLE t ({columns})")
    if rows:
        db.executemany(f"INSERT INTO t VALUES ({', '.join('?' * len(header))})", [list(one) for one in rows])
    db.execute(f"COPY t TO '{path}' (FORMAT parquet)")
    return path


def drawn_parquet(path, rows, *, models=("llama-3.1-8b", "llama-3.1-70b", "gpt-oss-120b"), days=5):
    """Many rows of log-normal lengths, drawn by DuckDB itself."""
    names = "[" + ", ".join(f"'{one}'" for one in models) + "]"

    def drawn(at, mean, spread, most):
        one, other = (f"(hash(i * {n}) % 1000000 + 1) / 1e6" for n in (at, at + 4))
        normal = f"sqrt(-2 * ln({one})) * cos(6.2831853 * {other})"
        return f"least({most}, greatest(1, exp({mean} + {spread} * {normal})))::INTEGER"

    duckdb.connect().execute(
        f"COPY (SELECT TIMESTAMP '2026-10-01' + INTERVAL (i % {days}) DAY AS created, "
        "['chat', 'code'][1 + (hash(i) % 2)::INTEGER] AS endpoint, "
        f"({names})[1 + (hash(i * 3) % {len(models)})::INTEGER] AS model, "
        f"{drawn(13, 6.5, 1.0, 8000)} AS input_tokens, {drawn(19, 5.0, 0.9, 3000)} AS output_tokens "
        f"FROM range({rows}) t(i)) TO '{path}' (FORMAT parquet)"
    )
    return path
