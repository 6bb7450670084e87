"""guidellm's `benchmarks.json`: one object, its benchmarks, and in each the requests that it kept.

Read as guidellm 0.8.1 writes it (a file that it wrote here is the test data). Times are Unix seconds; tokens are
those of the server's usage where it tells them, else of guidellm's tokenizer.

| theirs | ours |
|---|---|
| time_to_first_token_ms | ttft_s, from the moment of sending |
| inter_token_latency_ms | **tpot_s**: from the first token to the last, over n − 1 |
| time_per_output_token_ms | none: **it counts the first token**, from sending to the last token over n |
| request_latency | e2e_s, from the moment of sending |
| incomplete requests | failures: they took joules and gave no count |

(schemas/base/request_stats.py of guidellm 0.8.1; checked 2026-11-21.)
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.errors import BadInput
from bench.files.interop.told import (
    LoadResult,
    ToldFigure,
    ToldRequest,
    address,
    count,
    in_order,
    moment_ns,
    number,
    optional,
    parsed,
    printable,
    read_text,
    section,
)
from bench.units import S_PER_MS

_OURS = {
    "time_to_first_token_ms": ("ms", "ttft_s"),
    "inter_token_latency_ms": ("ms", "tpot_s"),
    "time_per_output_token_ms": ("ms", None),
    "request_latency": ("s", "e2e_s"),
}
_TOTALS = {"prompt_token_count": "prompt_tokens", "output_token_count": "output_tokens"}


def is_guidellm(text: str) -> bool:
    """Whether a file may be its report: told by keys of its one object."""
    return '"guidellm_version"' in text and '"benchmarks"' in text


def read_guidellm(path: Path) -> LoadResult:
    """The requests and means of the one benchmark of a report. Raises BadInput, for several of them too."""
    where = str(path)
    data = parsed(read_text(path), where)
    every = data.get("benchmarks") if isinstance(data, dict) else None
    if not isinstance(every, list) or len(every) != 1:
        held = len(every) if isinstance(every, list) else "no"
        raise BadInput(f"{where}: {held} benchmarks in it; meter and join one strategy at a time (no sweep)")
    [one] = every
    kept = section(one, "requests", where)
    requests = in_order(
        (
            _request(row, state, f"{where} {state}[{i}]")
            for state in ("successful", "errored", "incomplete")
            for i, row in enumerate(_rows(kept, state, where))
            if state != "incomplete" or row.get("request_start_time") is not None  # else it was never sent
        ),
        where,
    )
    made = count(section(section(one, "scheduler_metrics", where), "requests_made", where), "total", where)
    version = section(data, "metadata", where).get("guidellm_version")
    spec = section(section(data, "config", where), "spec", where)
    target = section(spec, "backend", where).get("target")
    notes = _notes(made, len(requests))
    return LoadResult(
        tool="guidellm",
        version=printable(version) if version else None,
        clock="unix",
        requests=requests,
        figures=tuple(_figures(section(one, "metrics", where), where)),
        target=address(target or None, "target", where),
        whole=not notes,
        notes=notes,
    )


def _notes(made: int | None, held: int) -> tuple[str, ...]:
    if made == held:
        return ()
    return (f"guidellm made {'an untold number of' if made is None else made} requests, the file holds {held}",)


def _rows(kept: Mapping[str, Any], state: str, where: str) -> list[Mapping[str, Any]]:
    found = kept.get(state) or []
    if not isinstance(found, list) or not all(isinstance(row, Mapping) for row in found):
        raise BadInput(f"{where}: requests {state!r} is {found!r:.60}, expected a list of objects")
    return found


def _request(row: Mapping[str, Any], state: str, where: str) -> ToldRequest:
    start_s, end_s = number(row, "request_start_time", where), number(row, "request_end_time", where)
    start_ns = moment_ns(start_s, "request_start_time", where)
    end_ns = moment_ns(end_s, "request_end_time", where)
    name = str(found)[:200] if (found := row.get("request_id")) is not None else None
    if state != "successful":
        said = section(row, "info", where).get("error") or state
        return ToldRequest(
            start_ns=start_ns, end_ns=end_ns, e2e_s=end_s - start_s, name=name, error=str(said)[:200]
        )
    ttft_ms, itl_ms = (optional(row, n, where) for n in ("time_to_first_token_ms", "inter_token_latency_ms"))
    return ToldRequest(
        start_ns=start_ns,
        end_ns=end_ns,
        e2e_s=number(row, "request_latency", where),
        name=name,
        ttft_s=None if ttft_ms is None else ttft_ms * S_PER_MS,
        tpot_s=None if itl_ms is None else itl_ms * S_PER_MS,
        prompt_tokens=count(row, "prompt_tokens", where),
        output_tokens=count(row, "output_tokens", where),
    )


def _figures(metrics: Mapping[str, Any], where: str) -> list[ToldFigure]:
    """The means over its successful requests, and the tokens that it summed."""
    found = []
    for name, (unit, ours) in _OURS.items():
        if (value := optional(_successful(metrics, name, where), "mean", where)) is not None:
            found.append(ToldFigure(name=name, value=value, unit=unit, ours=ours))
    for name, ours in _TOTALS.items():
        if (value := optional(_successful(metrics, name, where), "total_sum", where)) is not None:
            found.append(ToldFigure(name=name, value=value, unit="tokens", ours=ours))
    return found


def _successful(metrics: Mapping[str, Any], name: str, where: str) -> Mapping[str, Any]:
    return section(section(metrics, name, where), "successful", where)
