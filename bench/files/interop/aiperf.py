"""AIPerf's `profile_export.jsonl`, a request a line, and the summary `profile_export_aiperf.json` beside it.

Read as AIPerf 0.13.0 writes them (its JSON export schema 1.4; files that it wrote here are the test data).
`request_start_ns` and `request_end_ns` are Unix time. Tokens are counted by its tokenizer, or by the server where
`--use-server-token-count` was given.

| theirs | ours |
|---|---|
| time_to_first_token | ttft_s, from the moment of sending |
| inter_token_latency | **tpot_s**: (request_latency − time_to_first_token) / (output_sequence_length − 1) |
| inter_chunk_latency | itl_s: the gaps between pieces, each may hold several tokens |
| request_latency | e2e_s, from the moment of sending to the last piece |
| output_sequence_length, input_sequence_length | output_tokens, prompt_tokens |
| nvidia_total_gpu_energy (J) | joules of the measured boundary gpu over the requests' span |
| nvidia_energy_per_request (J), nvidia_energy_per_output_token (mJ) | those over requests, over output tokens |

(AIPerf's metrics reference, docs.nvidia.com/aiperf/reference; before 0.13 its energies had no `nvidia_`, and the
words time_to_first_token and inter_token_latency meant the same. Checked 2026-11-21.)
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
    number,
    optional,
    parsed,
    printable,
    read_text,
    section,
)
from bench.units import S_PER_NS

RECORDS, SUMMARY = "profile_export.jsonl", "profile_export_aiperf.json"
_S = {"ms": 1e-3, "sec": 1.0, "s": 1.0, "us": 1e-6, "ns": 1e-9}
_OURS = {
    "time_to_first_token": "ttft_s",
    "inter_token_latency": "tpot_s",
    "inter_chunk_latency": "itl_s",
    "request_latency": "e2e_s",
    "request_count": "requests less failures",
    "total_isl": "prompt_tokens",
    "total_osl": "output_tokens",
}
_UNLIKE = ("benchmark_duration", "time_to_second_token", "request_throughput", "output_token_throughput")
ENERGIES = (
    "nvidia_total_gpu_energy",
    "nvidia_energy_per_request",
    "nvidia_energy_per_output_token",
    "nvidia_energy_per_total_token",
    "nvidia_output_tokens_per_joule",
)


def is_aiperf(text: str) -> bool:
    """Whether a file is its records: told by keys of the first line."""
    first = text.partition("\n")[0]
    return all(f'"{name}"' in first for name in ("metadata", "request_start_ns", "benchmark_phase"))


def read_aiperf(path: Path) -> LoadResult:
    """The requests of the records, and the means of the summary beside them.

    Without a summary that counts them, a part of the records looks like the whole: it is not taken as whole then.
    Raises BadInput.
    """
    lines = enumerate(read_text(path).split("\n"), 1)  # not splitlines: U+2028 may stand inside a line of JSON
    requests = in_order(
        (_request(parsed(line, f"{path}:{i}"), f"{path}:{i}") for i, line in lines if line.strip()), str(path)
    )
    beside = path.with_name(SUMMARY)
    summary: Mapping[str, Any] = {}
    if beside.is_file():
        summary = section({"": parsed(read_text(beside), str(beside))}, "", str(beside))
    notes = _missing(summary, requests, beside)
    version = summary.get("aiperf_version")
    return LoadResult(
        tool="aiperf",
        version=printable(version) if version else None,
        clock="unix",
        requests=requests,
        figures=tuple(_figures(summary, str(beside))),
        target=_target(summary, str(beside)),
        whole=not notes,
        notes=notes,
    )


def _request(row: Any, where: str) -> ToldRequest:
    about, metrics = section(row, "metadata", where), section(row, "metrics", where)
    start_ns, end_ns = (int(about[n]) if type(about.get(n)) is int else None for n in _ENDS)
    if start_ns is None or end_ns is None:
        raise BadInput(f"{where}: no {' and '.join(_ENDS)} in metadata; is it AIPerf's {RECORDS}?")
    if not all(0 <= one < 2**63 for one in (start_ns, end_ns)):
        raise BadInput(f"{where}: {' or '.join(_ENDS)} is nothing that a clock of 64 bits shows")
    warmup = about.get("benchmark_phase") == "warmup"
    name = str(found)[:200] if (found := about.get("x_request_id")) is not None else None
    if error := _error(row, about, where):
        lasted_s = (end_ns - start_ns) * S_PER_NS
        return ToldRequest(start_ns=start_ns, end_ns=end_ns, e2e_s=lasted_s, name=name, error=error, warmup=warmup)
    e2e_s = _seconds(metrics, "request_latency", where)
    if e2e_s is None:
        raise BadInput(f"{where}: neither an error nor 'request_latency'; is it AIPerf's {RECORDS}?")
    return ToldRequest(
        start_ns=start_ns,
        end_ns=end_ns,
        e2e_s=e2e_s,
        name=name,
        ttft_s=_seconds(metrics, "time_to_first_token", where),
        tpot_s=_seconds(metrics, "inter_token_latency", where),
        prompt_tokens=_count(metrics, "input_sequence_length", where),
        output_tokens=_count(metrics, "output_sequence_length", where),
        warmup=warmup,
    )


_ENDS = ("request_start_ns", "request_end_ns")


def _error(row: Mapping[str, Any], about: Mapping[str, Any], where: str) -> str | None:
    if found := section(row, "error", where):
        said = (found.get("code"), found.get("type"), found.get("message"))
        return " ".join(str(one) for one in said if one)[:200] or "an error without words"
    return "cancelled" if about.get("was_cancelled") else None


def _count(metrics: Mapping[str, Any], name: str, where: str) -> int | None:
    return count(section(metrics, name, where), "value", f"{where} {name}")


def _seconds(metrics: Mapping[str, Any], name: str, where: str) -> float | None:
    """A metric of time in seconds; None where it is absent. Raises BadInput for a unit that is none of time."""
    found = section(metrics, name, where)
    if not found:
        return None
    if str(unit := found.get("unit")) not in _S:
        raise BadInput(f"{where}: {name} in {unit!r}; known are {', '.join(_S)}")
    return number(found, "value", f"{where} {name}") * _S[str(unit)]


def _missing(summary: Mapping[str, Any], requests: tuple[ToldRequest, ...], beside: Path) -> tuple[str, ...]:
    """What says that a request may be in no line; (): each is in one.

    Raises BadInput where the summary counts other requests than the records hold.
    """
    where = str(beside)
    said = optional(section(summary, "request_count", where), "avg", f"{where} request_count")
    held = sum(one.error is None and not one.warmup for one in requests)
    if said is not None and said != held:
        raise BadInput(
            f"{beside}: it counts {said:g} requests, {RECORDS} beside it holds {held}; are they one run's?"
        )
    notes = []
    if said is None:
        notes.append(f"no {SUMMARY} that counts the requests lies beside {RECORDS}, which may be a part of them")
    if summary.get("was_cancelled"):
        notes.append("AIPerf says that it was cancelled: requests under way then are in no line")
    failed = sum(one.error is not None and not one.warmup for one in requests)
    if (errors := _errors(summary, where)) > failed:
        notes.append(f"AIPerf counts {errors} failed requests, {RECORDS} holds {failed}")
    return tuple(notes)


def _errors(summary: Mapping[str, Any], where: str) -> int:
    """The failures that its `error_summary` counts."""
    found = summary.get("error_summary") or []
    if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
        raise BadInput(f"{where}: 'error_summary' is {found!r:.60}, expected a list of objects")
    return sum(count(one, "count", where) or 0 for one in found)


def _target(summary: Mapping[str, Any], where: str) -> str | None:
    urls = section(section(summary, "input_config", where), "endpoint", where).get("urls")
    return address(urls[0], "urls", where) if isinstance(urls, list) and urls else None


def _figures(summary: Mapping[str, Any], where: str) -> list[ToldFigure]:
    found = []
    for name in (*_OURS, *_UNLIKE, *ENERGIES):
        one = summary.get(name)
        if isinstance(one, Mapping) and (value := optional(one, "avg", f"{where} {name}")) is not None:
            ours = name if name in ENERGIES else _OURS.get(name)
            found.append(ToldFigure(name=name, value=value, unit=printable(one.get("unit", "")), ours=ours))
    return found
