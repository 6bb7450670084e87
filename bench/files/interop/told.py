"""What a load generator wrote down: its requests one by one, and its summary under its own names.

    start ──────── first output ── … ── last output, end          all on the file's own clock
      └── ttft_s ────────┘  └── tpot_s × (n − 1) ──┘
      └─────────────────── e2e_s ───────────────┘

`start` is when the tool sent the request, not when its schedule meant to: where a tool tells both, a delay of the
tool itself lies before `start`. (Joulemark's own `ttft_s` and `e2e_s` of an endpoint begin at the schedule.)
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from bench.errors import BadInput
from bench.units import NS_PER_S, S_PER_NS

# unix: nanoseconds since 1970. monotonic: CLOCK_MONOTONIC of the machine on which the tool ran, which is ours too
# where it ran here (Python's perf_counter and monotonic are the same clock on Linux: PEP 418; checked 2026-11-21).
Clock = Literal["unix", "monotonic"]

# Chosen: far beyond any time, count or joule of one run, and far inside what 64 bits and a float hold.
_MOST = 1e15
# Chosen: a tool may time a request by another clock than the one that dates it; both are read within milliseconds,
# and the kernel slews by 500 ppm at most (see bench/run/join.py).
_CLOCKS_S, _CLOCKS_RATIO = 0.05, 1e-3
_ROUNDED_RATIO, _ROUNDED_S = 1e-6, 1e-6  # chosen: what decimal places of a file may cost


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldRequest:
    """One request. None: the tool does not tell it. Tokens are as the tool counted them, see its reader."""

    start_ns: int
    end_ns: int
    e2e_s: float
    name: str | None = None  # the tool's own id of it, which no other request has
    ttft_s: float | None = None
    tpot_s: float | None = None  # (e2e − ttft) / (n − 1), where there are two tokens or more
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    error: str | None = None
    warmup: bool = False  # the tool leaves it out of its own summary


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldFigure:
    """One mean or sum of the tool's summary, by its own name. `ours`: what means the same here; None: nothing."""

    name: str
    value: float
    unit: str
    ours: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadResult:
    """One result file."""

    tool: Literal["aiperf", "guidellm", "vllm bench"]
    version: str | None
    clock: Clock
    requests: tuple[ToldRequest, ...]
    figures: tuple[ToldFigure, ...] = ()
    target: str | None = None  # the server's address, where the file tells it
    whole: bool = True  # every request that was made is in it; else `notes` say so
    local_s: float | None = None  # when it was written, as its local clock showed it; the zone is not told
    notes: tuple[str, ...] = ()


def read_text(path: Path) -> str:
    """The file's text. Raises BadInput."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadInput(
            f"{path}: {error.strerror}; name a result file of AIPerf, guidellm or vLLM bench"
        ) from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: no text in UTF-8; name the JSON that the load generator wrote") from error


def parsed(text: str, where: str) -> Any:
    """The JSON value. Raises BadInput."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise BadInput(f"{where}: JSON nested too deep; is it what the load generator wrote?") from error
    except ValueError as error:
        raise BadInput(f"{where}: no JSON ({error}); is the file whole?") from error


def printable(value: Any) -> str:
    """Its text with no half of a surrogate pair in it, which JSON may hold and no terminal takes."""
    return str(value).encode("utf-8", "replace").decode("utf-8")


def number(data: Mapping[str, Any], name: str, where: str) -> float:
    """A finite number under this key. Raises BadInput."""
    found = optional(data, name, where)
    if found is None:
        raise BadInput(f"{where}: {name!r} is missing; is this version of the format known? (docs/how-to)")
    return found


def optional(data: Mapping[str, Any], name: str, where: str) -> float | None:
    """A finite number up to 1e15 under this key, or None. Raises BadInput for anything else."""
    found = data.get(name)
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, (int, float)) or found != found or abs(found) > _MOST:
        raise BadInput(f"{where}: {name!r} is {_shown(found)}, expected a finite number up to {_MOST:g}")
    return float(found)


def moment_ns(seconds: float, name: str, where: str) -> int:
    """A moment as whole nanoseconds. Raises BadInput for what no clock of 64 bits shows."""
    if not abs(seconds) < 2**63 / NS_PER_S:
        raise BadInput(f"{where}: {name!r} is {seconds:g} s, which no clock shows")
    return round(seconds * NS_PER_S)


def address(target: Any, name: str, where: str) -> str | None:
    """A server's address, or None where there is none. Raises BadInput for what is none."""
    if target is None:
        return None
    try:
        urlsplit(str(target)).hostname  # noqa: B018 - for what it raises
    except ValueError as error:
        raise BadInput(f"{where}: {name!r} is {_shown(target)}, no address ({error})") from error
    return printable(target)


def count(data: Mapping[str, Any], name: str, where: str) -> int | None:
    """A whole number, zero or more, under this key, or None. Raises BadInput."""
    found = optional(data, name, where)
    if found is None:
        return None
    if found < 0 or found != int(found):
        raise BadInput(f"{where}: {name!r} is {found!r}, expected a whole number, zero or more")
    return int(found)


def section(data: Any, name: str, where: str) -> Mapping[str, Any]:
    """An object under this key; {} where there is none. Raises BadInput for anything else."""
    found = data.get(name) if isinstance(data, Mapping) else None
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise BadInput(f"{where}: {name!r} is {found!r:.60}, expected an object")
    return found


def per_token_s(e2e_s: float, ttft_s: float | None, tokens: int | None) -> float | None:
    """(e2e − ttft) / (n − 1); None below two tokens or where a part is not told."""
    if ttft_s is None or tokens is None or tokens < 2:
        return None
    return (e2e_s - ttft_s) / (tokens - 1)


def in_order(requests: Iterable[ToldRequest], where: str) -> tuple[ToldRequest, ...]:
    """The requests by their start.

    Raises BadInput where there is none, one stands there twice, or the times of one contradict each other.
    """
    found = tuple(sorted(requests, key=lambda one: one.start_ns))
    if not [one for one in found if not one.warmup]:
        raise BadInput(f"{where}: not one request in it")
    names: set[str] = set()
    for one in found:
        if one.name in names:
            raise BadInput(
                f"{where}: request {one.name!r:.60} stands there twice; give the file as it was written"
            )
        if one.name is not None:
            names.add(one.name)
        if wrong := _impossible(one):
            raise BadInput(f"{where}: a request {wrong}; give the file as it was written")
    return found


def _impossible(one: ToldRequest) -> str | None:
    """What of its times can't be; None: they can."""
    lasted_s = (one.end_ns - one.start_ns) * S_PER_NS
    if lasted_s < 0:
        return f"ends {-lasted_s:.6f} s before it starts"
    most_s = one.e2e_s * (1 + _ROUNDED_RATIO) + _ROUNDED_S
    if one.ttft_s is not None and one.ttft_s > most_s:
        return f"has its first output after {one.ttft_s:g} s, and its last after {one.e2e_s:g} s"
    for name, value in (("e2e", one.e2e_s), ("ttft", one.ttft_s), ("tpot", one.tpot_s)):
        if value is not None and value < -_ROUNDED_S:
            return f"has a time {name} of {value:g} s, less than nothing"
    if one.e2e_s > lasted_s + _CLOCKS_S + _CLOCKS_RATIO * lasted_s:
        return f"has a time e2e of {one.e2e_s:g} s between a start and an end {lasted_s:.6f} s apart"
    if one.tpot_s is not None and one.tpot_s * ((one.output_tokens or 0) - 1) > most_s:
        return f"takes {one.tpot_s:g} s a token over {one.output_tokens} tokens, and {one.e2e_s:g} s in all"
    return None


def _shown(value: Any) -> str:
    """As much of a value as an error needs: Python refuses to write an integer of 4300 digits."""
    return "an integer beyond any" if isinstance(value, int) and abs(value) > _MOST else f"{value!r:.60}"
