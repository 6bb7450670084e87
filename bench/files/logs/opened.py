"""Log files as one relation inside DuckDB: what it is called there, its columns, their types.

This file alone imports duckdb. Texts (CSV, JSON) keep numbers and times as text until somebody asks for
them, so that what cannot be read is counted and not guessed; a struct's fields are columns by their path, as
usage.prompt_tokens.
"""

import importlib
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from bench.errors import BadInput, CannotRun
from bench.files.logs.found import LogFiles
from bench.phrases import Phrase, joined

# of DuckDB, beside what the process holds itself. Chosen: a log of any size takes less than half a GiB
_MEMORY = "300MB"
_NEVER = "unreadable %Y"  # a form that no date has: times stay text, with the zone that they were written in
_DEEPEST = 4
_SAID_S = 5.0  # between two words of a long query
_PAGES = "STRUCT("


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A log inside DuckDB: `sql` gives its rows; by column its expression there and its type."""

    db: Any
    sql: str
    files: LogFiles
    columns: Mapping[str, str]  # a column's name, a struct's field by its path → SQL
    types: Mapping[str, str]
    delimiter: str = ""
    say: Callable[[str], None] = lambda _: None

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The answer of a query, a few rows. Raises BadInput with the files."""
        with self.readable():
            found: list[tuple[Any, ...]] = self.db.execute(query).fetchall()
            return found

    def arrays(self, query: str) -> Mapping[str, Any]:
        """The answer as numpy arrays, a column each. Raises BadInput with the files."""
        with self.readable():
            found: Mapping[str, Any] = self.db.execute(query).fetchnumpy()
            return found

    def run(self, statement: str) -> None:
        """What has no answer; `say` hears every few seconds how far it is. Raises BadInput with the files."""
        with self.readable(), _heard(self.db, self.say):
            self.db.execute(statement)

    @contextmanager
    def readable(self) -> Iterator[None]:
        """What DuckDB says of a file that it cannot read, as ours."""
        with _told(self.files):
            yield

    def without_columns(self, names: Sequence[str]) -> "Relation":
        """The same but for some columns."""
        kept = {name: sql for name, sql in self.columns.items() if name not in names}
        return replace(self, columns=kept)


@contextmanager
def _heard(db: Any, say: Callable[[str], None]) -> Iterator[None]:
    """Says how far a long query is, from a thread of its own, until the block is over."""
    over = threading.Event()

    def tell() -> None:
        while not over.wait(_SAID_S):
            done = db.query_progress()
            if 0 < done < 100:  # -1 where it is not known
                say(f"{done:.0f} % read")

    telling = threading.Thread(target=tell, daemon=True)
    telling.start()
    try:
        yield
    finally:
        over.set()
        telling.join()


@contextmanager
def opened(
    files: LogFiles, *, threads: int = 0, say: Callable[[str], None] = lambda _: None
) -> Iterator[Relation]:
    """The relation of these files, for as long as the block lasts. Raises CannotRun without DuckDB, BadInput."""
    try:
        duckdb = importlib.import_module("duckdb")
    except ModuleNotFoundError as error:
        raise CannotRun(Phrase("logs are read with DuckDB: pip install 'joulemark[logs]'")) from error
    with tempfile.TemporaryDirectory(prefix="joulemark-logs-") as spill:
        settings: dict[str, str] = {
            "memory_limit": _MEMORY,
            "temp_directory": spill,
            "preserve_insertion_order": "false",
            # nothing is fetched from anywhere
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
        if threads:
            settings["threads"] = str(threads)
        db = duckdb.connect(config=settings)
        try:
            db.execute("SET enable_progress_bar_print = false")
            db.execute("SET enable_progress_bar = true")  # so that query_progress knows
            with _told(files):
                yield replace(_relation(db, files), say=say)
        finally:
            db.close()


def quoted(name: str) -> str:
    """An identifier as SQL has it."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as SQL has it."""
    return "'" + text.replace("'", "''") + "'"


def _relation(db: Any, files: LogFiles) -> Relation:
    listed = "[" + ", ".join(literal(str(path)) for path in files.paths) + "]"
    many = ", union_by_name = true" if len(files.paths) > 1 else ""
    delimiter = ""
    if files.kind == "parquet":
        source = f"read_parquet({listed}{many})"
    elif files.kind == "csv":
        delimiter = _delimiter(db, files)
        source = f"read_csv({listed}, all_varchar = true, header = true, delim = {literal(delimiter)}{many})"
    else:
        source = f"read_json({listed}, timestampformat = {literal(_NEVER)}, dateformat = {literal(_NEVER)}{many})"
    described = _described(db, f"SELECT * FROM {source}")
    sql = f"SELECT * FROM {source}"
    pages = described.get("data", "")
    if files.kind == "json" and pages.startswith(_PAGES) and " results STRUCT(" in pages:
        # OpenAI's usage: pages of buckets of results, a bucket's time and length beside each result
        inner = f"SELECT unnest(data) AS d FROM {source}"
        sql = f"SELECT d.start_time AS start_time, r.* FROM (SELECT d, unnest(d.results) AS r FROM ({inner}))"
        described = _described(db, sql)
    columns: dict[str, str] = {}
    types: dict[str, str] = {}
    for name, kind in described.items():
        _flat(db, sql, (name,), kind, columns, types)
    return Relation(db=db, sql=sql, files=files, columns=columns, types=types, delimiter=delimiter)


def _described(db: Any, sql: str) -> dict[str, str]:
    return {name: kind for name, kind, *_ in db.execute(f"DESCRIBE {sql}").fetchall()}


def _flat(
    db: Any, sql: str, path: tuple[str, ...], kind: str, columns: dict[str, str], types: dict[str, str]
) -> None:
    reached = ".".join(quoted(part) for part in path)
    if kind.startswith(_PAGES) and not kind.endswith("]") and len(path) < _DEEPEST:
        for name, inner in _described(db, f"SELECT unnest({reached}) FROM ({sql})").items():
            _flat(db, sql, (*path, name), inner, columns, types)
        return
    name = ".".join(path)
    columns[name], types[name] = reached, kind


def _delimiter(db: Any, files: LogFiles) -> str:
    """What parts the columns of every file; files that differ are refused."""
    said: dict[str, str] = {}
    for path in files.paths:
        row = db.execute(
            f"SELECT Delimiter, HasHeader, len(Columns) FROM sniff_csv({literal(str(path))})"
        ).fetchone()
        if row is None or row[2] == 0:
            raise BadInput(
                Phrase("{path}: an empty file; needed is a line of names and a row at least", path=path)
            )
        said.setdefault(row[0], str(path))
    if len(said) > 1:
        told = joined(
            Phrase("{delimiter!r} in {path}", delimiter=delimiter, path=path) for delimiter, path in said.items()
        )
        raise BadInput(
            Phrase("columns are parted by {told}; needed is one sign in all files: read them apart", told=told)
        )
    return next(iter(said))


@contextmanager
def _told(files: LogFiles) -> Iterator[None]:
    """DuckDB's own errors, as ours: what it said, without the lines that draw the query."""
    duckdb = importlib.import_module("duckdb")
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise BadInput(
            Phrase(
                "{files}: more different groups than {memory} hold; needed are fewer: leave a name out of --by",
                files=files.words,
                memory=_MEMORY,
            )
        ) from error
    except duckdb.Error as error:
        said = str(error).split("\n\n")[0].replace("\n", " ")
        raise BadInput(
            Phrase(
                "{files}: cannot be read: {why}; mend the file or name another", files=files.words, why=said[:400]
            )
        ) from error
