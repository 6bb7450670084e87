"""`vllm bench serve --save-result --save-detailed`: one JSON object, a list an attribute, an entry a request.

Fields as written in vllm/benchmarks/serve.py (checked 2026-11-21); a file of it could not be made where this was
written. `start_times` are time.perf_counter, CLOCK_MONOTONIC on Linux; `ttfts`, `latencies`, `itls` are seconds
from there. `output_lens` are counted by the client's tokenizer, or the server's usage where it tells. The wait
for a free place under --max-concurrency, `queue_times`, lies before the start and in no time here.

| theirs | ours |
|---|---|
| ttft, mean_ttft_ms | ttft_s from the moment of sending |
| tpot, mean_tpot_ms | tpot_s |
| itl, mean_itl_ms | itl_s: gaps between pieces, each may hold several tokens |
| e2el, mean_e2el_ms | e2e_s from the moment of sending |
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.errors import BadInput
from bench.files.interop.told import (
    LoadResult,
    ToldFigure,
    ToldRequest,
    count,
    in_order,
    moment_ns,
    number,
    optional,
    parsed,
    per_token_s,
    read_text,
)

_LISTS = ("start_times", "latencies", "ttfts", "input_lens", "output_lens", "errors")
_OURS = {"ttft": "ttft_s", "tpot": "tpot_s", "itl": "itl_s", "e2el": "e2e_s"}


def is_vllm_bench(text: str) -> bool:
    """Whether a file may be of this format: told by keys of its one object."""
    return all(f'"{name}"' in text for name in ("request_throughput", "total_input_tokens", "duration"))


def read_vllm_bench(path: Path) -> LoadResult:
    """The requests and means of one result file. Raises BadInput, for one without its details too."""
    where = str(path)
    data = parsed(read_text(path), where)
    if not isinstance(data, dict):
        raise BadInput(f"{where}: expected one JSON object (--append-result writes several: one a file, please)")
    rows = _rows(data, where)
    requests = in_order((_request(row, f"{where} request {i}") for i, row in enumerate(rows)), where)
    failed = sum(one.error is not None for one in requests)
    if (said := count(data, "failed", where)) is not None and said != failed:
        raise BadInput(f"{where}: it says {said} requests failed and gives an error for {failed}")
    answered, completed = len(requests) - failed, count(data, "completed", where)
    if completed is not None and completed != answered:
        raise BadInput(
            f"{where}: it says {completed} requests were completed and lists {answered} without an error"
        )
    untold = ("no count of completed requests: the file may hold a part of them",) if completed is None else ()
    return LoadResult(
        tool="vllm bench",
        version=None,
        clock="monotonic",
        requests=requests,
        figures=tuple(_figures(data, where)),
        local_s=_written_s(data.get("date"), where),
        whole=not untold,
        notes=untold,
    )


def _written_s(date: Any, where: str) -> float | None:
    """`20261121-154617`, local time of a zone that is not told, as seconds as if it were UTC."""
    if date is None:
        return None
    try:
        return datetime.strptime(str(date), "%Y%m%d-%H%M%S").replace(tzinfo=UTC).timestamp()
    except ValueError as error:
        raise BadInput(f"{where}: 'date' is {date!r:.40}, expected as 20261121-154617") from error


def _rows(data: Mapping[str, Any], where: str) -> list[dict[str, Any]]:
    """One object a request from one list an attribute."""
    lists: dict[str, Sequence[Any]] = {}
    for name in _LISTS:
        found = data.get(name)
        if not isinstance(found, list):
            raise BadInput(
                f"{where}: no list {name!r}; run vllm bench serve with --save-result --save-detailed, of a "
                f"version that writes {', '.join(_LISTS)}"
            )
        lists[name] = found
    sizes = {name: len(values) for name, values in lists.items()}
    if len(set(sizes.values())) != 1:
        raise BadInput(f"{where}: lists of different lengths, {sizes}; each should have one entry a request")
    return [dict(zip(_LISTS, values, strict=True)) for values in zip(*lists.values(), strict=True)]


def _request(row: Mapping[str, Any], where: str) -> ToldRequest:
    start_s, e2e_s = number(row, "start_times", where), number(row, "latencies", where)
    error = str(row["errors"]).strip() or None if row["errors"] is not None else None
    start_ns = moment_ns(start_s, "start_times", where)
    end_ns = start_ns + moment_ns(e2e_s, "latencies", where)
    if error is not None:
        return ToldRequest(start_ns=start_ns, end_ns=end_ns, e2e_s=e2e_s, error=error[:200])
    tokens, ttft_s = count(row, "output_lens", where), optional(row, "ttfts", where) or None
    return ToldRequest(
        start_ns=start_ns,
        end_ns=end_ns,
        e2e_s=e2e_s,
        ttft_s=ttft_s,
        tpot_s=per_token_s(e2e_s, ttft_s, tokens),
        prompt_tokens=count(row, "input_lens", where),
        output_tokens=tokens,
    )


def _figures(data: Mapping[str, Any], where: str) -> list[ToldFigure]:
    found = []
    for theirs, ours in _OURS.items():
        name = f"mean_{theirs}_ms"
        if (value := optional(data, name, where)) is not None:
            found.append(ToldFigure(name=name, value=value, unit="ms", ours=ours))
    for name, unit, same in (
        ("duration", "s", None),
        ("completed", "requests", "requests less failures"),
        ("total_input_tokens", "tokens", "prompt_tokens"),
        ("total_output_tokens", "tokens", "output_tokens"),
    ):
        if (value := optional(data, name, where)) is not None:
            found.append(ToldFigure(name=name, value=value, unit=unit, ours=same))
    return found
