"""What a load generator wrote down: its requests one by one, and its summary under its own names.

    start ──────── first output ── … ── last output, end          all on the file's own clock
      └── ttft_s ────────┘  └── tpot_s × (n − 1) ──┘
      └─────────────────── e2e_s ───────────────┘

`start` is when the tool sent the request, not when its schedule meant to: where a tool tells both, a delay of the
tool itself lies before `start`. (Joulemark's own `ttft_s` and `e2e_s` of an endpoint begin at the schedule.)
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bench.errors import BadInput
from bench.units import S_PER_NS

# unix: nanoseconds since 1970. monotonic: CLOCK_MONOTONIC of the machine on which the tool ran, which is ours too
# where it ran here (Python's perf_counter and monotonic are the same clock on Linux: PEP 418; checked 2026-11-21).
Clock = Literal["unix", "monotonic"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldRequest:
    """One request. None: the tool does not tell it. Tokens are as the tool counted them, see its reader."""

    start_ns: int
    end_ns: int
    e2e_s: float
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
    except ValueError as error:
        raise BadInput(f"{where}: no JSON ({error}); is the file whole?") from error


def number(data: Mapping[str, Any], name: str, where: str) -> float:
    """A finite number under this key. Raises BadInput."""
    found = optional(data, name, where)
    if found is None:
        raise BadInput(f"{where}: {name!r} is missing; is this version of the format known? (docs/how-to)")
    return found


def optional(data: Mapping[str, Any], name: str, where: str) -> float | None:
    """A finite number under this key, or None. Raises BadInput for anything else."""
    found = data.get(name)
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, (int, float)) or not math.isfinite(found):
        raise BadInput(f"{where}: {name!r} is {found!r:.60}, expected a finite number")
    return float(found)


def count(data: Mapping[str, Any], name: str, where: str) -> int | None:
    """A whole number, zero or more, under this key, or None. Raises BadInput."""
    found = optional(data, name, where)
    if found is None:
        return None
    if found < 0 or found != int(found):
        raise BadInput(f"{where}: {name!r} is {found!r}, expected a whole number")
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
    """The requests by their start. Raises BadInput where there is none, or one ends before it starts."""
    found = tuple(sorted(requests, key=lambda one: one.start_ns))
    if not [one for one in found if not one.warmup]:
        raise BadInput(f"{where}: not one request in it")
    for one in found:
        if one.end_ns < one.start_ns:
            raise BadInput(
                f"{where}: a request ends {(one.start_ns - one.end_ns) * S_PER_NS:.6f} s before it starts"
            )
    return found
