"""`join`: the joules of a metered command beside what a load generator wrote down meanwhile.

    |── the command, metered ──────────────────────────────|     joules of the whole: start-up and idle are inside
            |─ warm-up ─|── the requests ──|                      joules of their span: these are divided
                        first start   last end

Two clocks meet here. A metered run holds its command's two ends on our monotonic clock and on the wall clock; a
file dated by the wall clock is laid between them, in proportion, so that a clock that was slewed does no harm.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import fsum
from pathlib import Path
from urllib.parse import urlsplit

from bench.errors import BadInput
from bench.files.interop.readers import read_load_result
from bench.files.interop.told import LoadResult, ToldFigure, ToldRequest
from bench.files.store import Sealed, read_seal, read_sealed
from bench.nouns import Basis, Boundary, Domain, Quantity, Times, Window, WindowEnergy
from bench.nouns.words import is_gpu
from bench.physics.latency import summary
from bench.physics.ledger import Entry, ledger
from bench.run.meter import END_UNIX, START_UNIX
from bench.run.publish import rounded_energies
from bench.stats import significant
from bench.units import MJ_PER_J, S_PER_NS

# Chosen: two processes of one machine read one clock, and a write to disk lies between two readings of it; the
# start-up of a load generator alone takes seconds, so that another run's requests are not that near.
TOLERANCE_NS = 50_000_000
# The kernel slews a clock by at most 500 ppm (adjtimex(2), ADJ_OFFSET and maxslewrate of chrony's default driver;
# checked 2026-11-21). What moved more was set.
_SLEW = 500e-6
# Every time zone is a multiple of a quarter of an hour off UTC (IANA tz database; checked 2026-11-21).
_ZONE_S = 900
_LOOPBACK = ("localhost", "127.0.0.1", "::1", "0.0.0.0")


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinedShare:
    """The joules of one basis and boundary over the requests' span, gross, and what one request and token took."""

    basis: Basis
    boundary: Boundary
    domains: tuple[Domain, ...]
    energy: Quantity | None
    per_request: Quantity | None
    per_output_token: Quantity | None
    reasons: tuple[str, ...] = ()  # why a part of it is absent


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """A metered run and a result file that belongs to it. Times are on the run's monotonic clock."""

    run: str
    tool: str
    tool_version: str | None
    requests: int  # sent and measured by the tool; its warm-up is in none of these counts
    failures: int
    warmup: int
    prompt_tokens: int | None
    output_tokens: int | None
    start_ns: int
    end_ns: int
    metered: tuple[WindowEnergy, ...]  # over the whole command, as sealed
    energies: tuple[WindowEnergy, ...]  # over the requests' span
    shares: tuple[JoinedShare, ...]
    times: Mapping[str, Times]
    figures: tuple[ToldFigure, ...]
    aiperf: Mapping[str, float]  # by AIPerf's own names, where their meaning is the same
    notes: tuple[str, ...]


def join(folder: Path, file: Path) -> Joined:
    """The joules of a metered run beside the numbers of a result file.

    Raises BadInput where the file's requests are not inside the metered span, BrokenResults for a damaged run.
    """
    sealed = read_sealed(folder)
    if sealed.kind != "meter":
        raise BadInput(f"{folder}: a sealed {sealed.kind}; join takes what `joulemark meter --out DIR` sealed")
    told = _on_our_clock(read_load_result(file), sealed, folder, file)
    measured = [one for one in told.requests if not one.warmup]
    start_ns, end_ns = measured[0].start_ns, max(one.end_ns for one in measured)
    span = Window(phase="work", label="requests", start_ns=start_ns, end_ns=end_ns)
    trace = replace(sealed.trace, windows=(span,), witnesses=())
    energies = rounded_energies(trace, sealed.sources, sealed.faults)
    prompt, output = _tokens(measured, "prompt_tokens"), _tokens(measured, "output_tokens")
    why = _why_not(told, measured, start_ns, end_ns)
    entries = ledger(energies).entries
    return Joined(
        run=sealed.id,
        tool=told.tool,
        tool_version=told.version,
        requests=len(measured),
        failures=sum(one.error is not None for one in measured),
        warmup=len(told.requests) - len(measured),
        prompt_tokens=prompt,
        output_tokens=output,
        start_ns=start_ns,
        end_ns=end_ns,
        metered=sealed.published.energies,
        energies=energies,
        shares=tuple(_share(one, len(measured), output, why) for one in entries),
        times=_times(measured),
        figures=told.figures,
        aiperf={} if why else _by_aiperf(entries, energies, len(measured), prompt, output),
        notes=(*told.notes, *_remarks(told)),
    )


def _on_our_clock(told: LoadResult, sealed: Sealed, folder: Path, file: Path) -> LoadResult:
    """The file with its times on the run's clock. Raises BadInput where they are not inside the command."""
    [command] = sealed.trace.windows
    start_unix_ns, end_unix_ns = _unix(folder, command)
    if told.clock == "unix":
        ratio = (command.end_ns - command.start_ns) / max(end_unix_ns - start_unix_ns, 1)

        def ours(unix_ns: int) -> int:
            return command.start_ns + round((unix_ns - start_unix_ns) * ratio)

        moved = (replace(r, start_ns=ours(r.start_ns), end_ns=ours(r.end_ns)) for r in told.requests)
        told = replace(told, requests=tuple(moved))
    elif told.local_s is not None:
        _check_written(told.local_s, start_unix_ns * S_PER_NS, end_unix_ns * S_PER_NS, file)
    first = min(one.start_ns for one in told.requests)
    last = max(one.end_ns for one in told.requests)
    if first < command.start_ns - TOLERANCE_NS or last > command.end_ns + TOLERANCE_NS:
        raise BadInput(
            f"{file}: its requests run from {(first - command.start_ns) * S_PER_NS:.3f} s to "
            f"{(last - command.start_ns) * S_PER_NS:.3f} s after the metered command began, which took "
            f"{(command.end_ns - command.start_ns) * S_PER_NS:.3f} s: they are not this run's; name the file that "
            "the metered command wrote"
        )
    return told


def _unix(folder: Path, command: Window) -> tuple[int, int]:
    """The command's ends on the wall clock. Raises BadInput where they are missing, or the clock was set."""
    known = read_seal(folder).environment
    start, end = known.get(START_UNIX), known.get(END_UNIX)
    if not isinstance(start, int) or not isinstance(end, int):
        raise BadInput(f"{folder}: sealed without the wall clock by an older version; meter the command again")
    lasted_ns = command.end_ns - command.start_ns
    moved_ns = (end - start) - lasted_ns
    if abs(moved_ns) > TOLERANCE_NS + _SLEW * lasted_ns:
        raise BadInput(
            f"{folder}: the wall clock was set by {moved_ns * S_PER_NS:+.3f} s while the command ran, and the "
            "file's times are that clock's; meter the command again"
        )
    return start, end


def _check_written(local_s: float, start_s: float, end_s: float, file: Path) -> None:
    """Raises BadInput where no time zone lays the moment of writing inside the command."""
    tolerance_s = 1 + TOLERANCE_NS * S_PER_NS  # it is told in whole seconds
    late_s = (local_s - (start_s - tolerance_s)) % _ZONE_S
    if late_s > end_s - start_s + 2 * tolerance_s:
        raise BadInput(
            f"{file}: its date lies outside the metered command in every time zone; name the file that the "
            "metered command wrote"
        )


def _why_not(told: LoadResult, measured: list[ToldRequest], start_ns: int, end_ns: int) -> str | None:
    """Why the joules are not divided at all; None: they are."""
    if failed := sum(one.error is not None for one in measured):
        return (
            f"{failed} of {len(measured)} requests failed: what they took is work of no request that was answered"
        )
    if not told.whole:
        return "the file does not hold every request that was made"
    over = sum(one.warmup and one.start_ns < end_ns and one.end_ns > start_ns for one in told.requests)
    return f"{over} warm-up requests ran into the span" if over else None


def _tokens(measured: list[ToldRequest], name: str) -> int | None:
    """The sum over all requests; None where one of them has no count."""
    counts = [getattr(one, name) for one in measured]
    return None if None in counts else sum(counts)


def _share(entry: Entry, requests: int, output_tokens: int | None, why: str | None) -> JoinedShare:
    reasons = [*entry.reasons, *([why] if why else [])]
    divided = entry.energy_j is not None and why is None
    if divided and not output_tokens:
        reasons.append("the tokens of a request were not counted" if output_tokens is None else "no token came")
    return JoinedShare(
        basis=entry.basis,
        boundary=entry.boundary,
        domains=entry.domains,
        energy=_over(entry, 1, "J"),
        per_request=_over(entry, requests, "J/request") if divided else None,
        per_output_token=_over(entry, output_tokens, "J/token") if divided and output_tokens else None,
        reasons=tuple(reasons),
    )


def _over(entry: Entry, count: int, unit: str) -> Quantity | None:
    """Energy over an exact count."""
    if entry.energy_j is None or entry.low_j is None or entry.high_j is None:
        return None
    value, low, high = (significant(x / count) for x in (entry.energy_j, entry.low_j, entry.high_j))
    return Quantity(value=value, low=low, high=high, unit=unit, basis=entry.basis)


def _times(measured: list[ToldRequest]) -> Mapping[str, Times]:
    """ttft_s, tpot_s and e2e_s of the answered, with the quantiles that so many values can tell."""
    done = [one for one in measured if one.error is None]
    every = {
        name: [v for o in done if (v := getattr(o, name)) is not None] for name in ("ttft_s", "tpot_s", "e2e_s")
    }
    return {name: summary(values) for name, values in every.items() if values}


def _by_aiperf(
    entries: tuple[Entry, ...],
    energies: tuple[WindowEnergy, ...],
    requests: int,
    prompt: int | None,
    output: int | None,
) -> Mapping[str, float]:
    """AIPerf's energies, from measured NVIDIA boards alone; its per token figures are mJ."""
    boards = [e for e in energies if e.boundary == "gpu" and e.basis == "measured" and is_gpu(e.device)]
    whole = [e for e in entries if e.boundary == "gpu" and e.basis == "measured"]
    if not boards or not whole or whole[0].energy_j is None or len(boards) != len(whole[0].domains):
        return {}
    energy_j = fsum(e.energy_j for e in boards if e.energy_j is not None)
    found = {"nvidia_total_gpu_energy": energy_j, "nvidia_energy_per_request": energy_j / requests}
    if output:
        found["nvidia_energy_per_output_token"] = energy_j / output * MJ_PER_J
        found["nvidia_output_tokens_per_joule"] = output / energy_j
    if output and prompt is not None:
        found["nvidia_energy_per_total_token"] = energy_j / (prompt + output) * MJ_PER_J
    return {name: significant(value) for name, value in found.items()}


def _remarks(told: LoadResult) -> tuple[str, ...]:
    host = urlsplit(told.target).hostname if told.target else None
    if host is None or host in _LOOPBACK:
        return ()
    return (f"the server's address is {host}: these joules are this machine's, wherever that one works",)
