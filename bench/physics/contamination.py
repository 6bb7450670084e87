"""Somebody else's work in a run's figures: a machine or a board that is busy by itself, time given to others."""

import math
from collections.abc import Sequence

from bench.nouns import Run, Source, Verdict, Window
from bench.physics import rules
from bench.physics.doubt import Rule
from bench.physics.phases import idle, work
from bench.physics.series import Series, SeriesMap
from bench.stats import median
from bench.units import BYTES_PER_MIB, S_PER_NS

# Each thread's time is added by the tick (10 ms), the machine's and a process's by counts of their own
_LOOSE_S = 0.02
_HOST_BOUNDARIES = ("host", "cpu", "dram", "platform")


def busy_idle(known: SeriesMap, run: Run) -> list[Verdict]:
    """A CPU that works while nothing is asked is somebody else's work, which the host figures hold too."""
    return _of_the_host(
        known, run.sources, "busy_s", _idle(run), rules.BUSY_MACHINE,
        "{:.0%} of the machine's threads were busy while nothing was asked",
    )  # fmt: skip


def stolen_time(known: SeriesMap, sources: Sequence[Source], work: Sequence[Window]) -> list[Verdict]:
    """Time that the hypervisor gave to others stretches a window; host figures suffer, the GPU's do not."""
    return _of_the_host(
        known, sources, "steal_s", work, rules.STEAL,
        "the hypervisor took {:.1%} of the machine's threads in a work window",
    )  # fmt: skip


def foreign_cpu(known: SeriesMap, sources: Sequence[Source], windows: Sequence[Window]) -> list[Verdict]:
    """Processes that are none of ours take threads from the work, and their joules are in the host's figures."""
    found = [
        (source, float(threads))
        for source in sources
        if (source.domain, "own_s", "condition") in known
        and isinstance(threads := source.details.get("threads"), (int, float))
    ]
    if not found:
        return []
    source, threads = found[0]
    worst = max((_taken_ratios(known, source, window, threads) for window in windows), key=max, default=(0.0, 0.0))
    touched = [s.domain for s in sources if s.basis != "excluded" and s.boundary in _HOST_BOUNDARIES]
    what = "the machine's threads" if worst[0] >= worst[1] else "the modelled energy"
    evidence = f"other processes took {max(worst):.0%} of {what} in a work window"
    return [v for domain in touched for v in rules.FOREIGN_CPU.graded(max(worst), domain, evidence)]


def _taken_ratios(known: SeriesMap, source: Source, window: Window, threads: float) -> tuple[float, float]:
    """What others took of all threads' time, and of the modelled joules; 0 where ticks explain it.

    Beside few threads of ours on a wide machine a share of all threads is small, and one of the joules is not.
    """
    domain = source.domain
    own = known[domain, "own_s", "condition"].between(window.start_ns, window.end_ns)
    if len(own) < 2:
        return 0.0, 0.0
    start_ns, end_ns = own.t_ns[0], own.t_ns[-1]
    busy = known[domain, "busy_s", "condition"].between(start_ns, end_ns)
    if len(busy) < 2 or (busy.t_ns[0], busy.t_ns[-1]) != (start_ns, end_ns):
        return 0.0, 0.0  # they are told in one look; where not, they are of two times
    span_s, busy_s = (end_ns - start_ns) * S_PER_NS, busy.values[-1] - busy.values[0]
    others_s = busy_s - (own.values[-1] - own.values[0])
    open_s = _LOOSE_S * min(threads, math.ceil(busy_s / span_s) + 1)  # of the threads that did something
    others_s = max(0.0, others_s - open_s)
    return others_s / (span_s * threads), _of_joules(source, others_s, busy_s, span_s)


def _of_joules(source: Source, others_s: float, busy_s: float, span_s: float) -> float:
    """The share of a window's modelled energy that others' time stands for; 0 where no model tells it."""
    idle_w, slope_w = (source.details.get(n) for n in ("idle_w_value", "slope_w_per_busy_vcpu_value"))
    if not isinstance(idle_w, (int, float)) or not isinstance(slope_w, (int, float)):
        return 0.0
    whole_j = idle_w * span_s + slope_w * busy_s
    return slope_w * others_s / whole_j if whole_j > 0 else 0.0


def _of_the_host(
    known: SeriesMap,
    sources: Sequence[Source],
    name: str,
    windows: Sequence[Window],
    rule: Rule,
    evidence: str,
) -> list[Verdict]:
    """What the worst of the windows means for each domain in which the machine's CPU is counted."""
    found = _thread_seconds(known, sources, name)
    if found is None:
        return []
    seconds, threads = found
    ratio = max((_share(seconds, window, threads) for window in windows), default=0.0)
    touched = [s.domain for s in sources if s.basis != "excluded" and s.boundary in _HOST_BOUNDARIES]
    return [v for domain in touched for v in rule.graded(ratio, domain, evidence.format(ratio))]


def _thread_seconds(known: SeriesMap, sources: Sequence[Source], name: str) -> tuple[Series, float] | None:
    """A count of thread seconds of the whole machine, and its threads, by the first source that keeps one."""
    for source in sources:
        threads = source.details.get("threads")
        found = known.get((source.domain, name, "condition"))
        if found and source.boundary in _HOST_BOUNDARIES:
            return found, float(threads) if isinstance(threads, (int, float)) and threads else 1.0
    return None


def _share(seconds: Series, window: Window, threads: float) -> float:
    """The growth of a count of thread seconds over a window, as a share of all threads' time."""
    inside = seconds.between(window.start_ns, window.end_ns)
    if len(inside) < 2:
        return 0.0
    span_s = (inside.t_ns[-1] - inside.t_ns[0]) * S_PER_NS * threads
    return (inside.values[-1] - inside.values[0]) / span_s


def busy_board(known: SeriesMap, run: Run) -> list[Verdict]:
    """A GPU that computes while nothing is asked of it does somebody else's work."""
    source = _own_board(run)
    if source is None:
        return []
    ratio = _used_at_rest(known, run, source)
    evidence = f"the GPU was in use {ratio:.0%} of the time while nothing was asked of it"
    return rules.BUSY_BOARD.graded(ratio, source.domain, evidence)


def foreign_work(known: SeriesMap, run: Run) -> list[Verdict]:
    """Other processes on the engine's GPU: a remark where they sit there, no figure where they worked.

    Processes are known by NVML's ids, and where those are another namespace's by the memory that they hold.
    Memory and use are looked at in either case: a driver may list the processes of its own container only.
    """
    source = _own_board(run)
    if source is None:
        return []
    there, moved = _by_processes(known, run, source)
    held, came = _by_memory(known, run, source)
    used_ratio = _used_at_rest(known, run, source)
    if not (there or moved or held or came):
        return []
    used = rules.BUSY_BOARD.level(used_ratio) is not None
    seen = [*there, *held, *moved, *came]
    if used:
        seen.append(f"the GPU was in use {used_ratio:.0%} of the time while nothing was asked of it")
    if not _knows_processes(known, run, source):
        seen.append("whose they are can't be told: NVML's process ids are not this container's")
    rule = rules.FOREIGN.voids if used or moved or came else rules.FOREIGN.flags
    return [rule(source.domain, "; ".join(seen))]


def _by_processes(known: SeriesMap, run: Run, source: Source) -> tuple[list[str], list[str]]:
    """In words: that other processes held the board, and that some came or went during the work."""
    found = known.get((source.domain, "foreign_processes", "condition"))
    if found is None or not max(found.values) or not _knows_processes(known, run, source):
        return [], []
    there = [f"{max(found.values):.0f} other processes held the GPU meanwhile"]
    at_work = _values(found, work(run.trace.windows))
    moved = bool(at_work) and min(at_work) != max(at_work)
    return there, [f"{min(at_work):.0f} to {max(at_work):.0f} of them during the work"] if moved else []


def _knows_processes(known: SeriesMap, run: Run, source: Source) -> bool:
    """Whether NVML's process ids are this namespace's: the engine's own process must be among them at work."""
    if (source.domain, "foreign_processes", "condition") not in known:
        return (source.domain, "process_count", "condition") not in known
    own = known.get((source.domain, "own_processes", "condition"))
    at_work = _values(own, work(run.trace.windows)) if own else ()
    return not at_work or max(at_work) > 0


def _by_memory(known: SeriesMap, run: Run, source: Source) -> tuple[list[str], list[str]]:
    """In words: that memory was held before anything was loaded, and that some came or went at rest."""
    found = known.get((source.domain, "memory_allocated_bytes", "condition"))
    if found is None:
        return [], []
    held_mib = min(_values(found, idle(run.trace.windows, "bare")), default=0.0) / BYTES_PER_MIB
    moves = (_move(found.between(w.start_ns, w.end_ns).values) for w in _idle(run))
    moved_mib = max(moves, default=0.0) / BYTES_PER_MIB
    held = [f"{held_mib:.0f} MiB of its memory were held before anything was loaded"]
    came = [f"{moved_mib:.0f} MiB of its memory came or went while nothing was asked"]
    return held if held_mib > rules.HELD_MIB else [], came if moved_mib > rules.HELD_MIB else []


def _move(values: Sequence[float]) -> float:
    return max(values) - min(values) if values else 0.0


def _used_at_rest(known: SeriesMap, run: Run, source: Source) -> float:
    """The median use of a board while nothing was asked, before loading or after, whichever is more."""
    found = known.get((source.domain, "utilisation_ratio", "condition"))
    if found is None:
        return 0.0
    # the median: the driver's look trails by up to a second, and may still see the loading
    looks = [_values(found, idle(run.trace.windows, kind)) for kind in ("bare", "resident")]
    return max((median(seen) for seen in looks if len(seen) >= 2), default=0.0)


def _values(found: Series, windows: Sequence[Window]) -> tuple[float, ...]:
    return tuple(value for w in windows for value in found.between(w.start_ns, w.end_ns).values)


def _idle(run: Run) -> tuple[Window, ...]:
    return (*idle(run.trace.windows, "bare"), *idle(run.trace.windows, "resident"))


def _own_board(run: Run) -> Source | None:
    own = (s for s in run.sources if s.is_board and s.device == run.loaded.device)
    return next(own, None)
