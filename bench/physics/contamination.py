"""Somebody else's work in the host's figures: a busy machine, and time that the hypervisor gave away."""

from collections.abc import Sequence

from bench.nouns import Run, Source, Verdict, Window
from bench.physics.doubt import flag, void
from bench.physics.energy import SeriesMap
from bench.physics.series import Series
from bench.stats import median
from bench.units import S_PER_NS

_STEAL_FLAG_RATIO = 0.01
_STEAL_VOID_RATIO = 0.10
_BUSY_FLAG_RATIO = 0.05  # a desktop's or a monitoring agent's housekeeping stays below this
_BUSY_VOID_RATIO = 0.25  # half of a core on a two-thread machine is not housekeeping


def busy_idle(known: SeriesMap, run: Run) -> list[Verdict]:
    """A CPU that works while nothing is asked is somebody else's work, which the host figures hold too."""
    busy = known.get(("host", "busy_s", "condition"))
    idle = [w for w in run.trace.windows if w.phase == "idle" and w.label.startswith("resident")]
    if busy is None or not idle:
        return []
    ratio = max(_share_of_threads(busy, window, _threads(run.sources)) for window in idle)
    if ratio <= _BUSY_FLAG_RATIO:
        return []
    return [
        (void if ratio > _BUSY_VOID_RATIO else flag)(
            "busy machine",
            "host",
            f"{ratio:.0%} of the machine's threads were busy while nothing was asked",
            "stop what else runs on this machine, and run the cell again",
        )
    ]


def _threads(sources: Sequence[Source]) -> float:
    """The threads that the host model counts; 1 when it does not say."""
    host = next((s for s in sources if s.domain == "host"), None)
    threads = host.details.get("threads") if host else None
    return float(threads) if isinstance(threads, (int, float)) and threads else 1.0


def _share_of_threads(seconds: Series, window: Window, threads: float) -> float:
    """The growth of a count of thread seconds over a window, as a share of all threads' time."""
    inside = seconds.between(window.start_ns, window.end_ns)
    if len(inside) < 2:
        return 0.0
    span_s = (inside.t_ns[-1] - inside.t_ns[0]) * S_PER_NS * threads
    return (inside.values[-1] - inside.values[0]) / span_s


def stolen_time(known: SeriesMap, sources: Sequence[Source], work: Sequence[Window]) -> list[Verdict]:
    """Time that the hypervisor gave to others stretches a window; host figures suffer, the GPU's do not."""
    steal = known.get(("host", "steal_s", "condition"))
    if steal is None:
        return []
    worst_ratio = max((_share_of_threads(steal, window, _threads(sources)) for window in work), default=0.0)
    if worst_ratio <= _STEAL_FLAG_RATIO:
        return []
    return [
        (void if worst_ratio > _STEAL_VOID_RATIO else flag)(
            "steal time",
            "host",
            f"the hypervisor took {worst_ratio:.1%} of the machine's threads in a work window",
            "use a machine that is not shared, or run the cell again at a quieter hour",
        )
    ]


def busy_board(known: SeriesMap, run: Run) -> list[Verdict]:
    """A GPU that computes while nothing is asked of it does somebody else's work."""
    source = _own_board(run)
    idle = [w for w in run.trace.windows if w.phase == "idle" and w.label.startswith("resident")]
    found = known.get((source.domain, "utilisation_ratio", "condition")) if source else None
    if source is None or found is None:
        return []
    # the median: the driver's look trails by up to a second, and may still see the loading
    seen = [value for window in idle for value in found.between(window.start_ns, window.end_ns).values]
    if len(seen) < 2 or median(seen) <= _BUSY_FLAG_RATIO:
        return []
    return [
        (void if median(seen) > _BUSY_VOID_RATIO else flag)(
            "busy board",
            source.domain,
            f"the GPU was in use {median(seen):.0%} of the time while nothing was asked of it",
            "stop what else uses this GPU (`nvidia-smi` lists it), and run the cell again",
        )
    ]


def foreign_work(known: SeriesMap, run: Run) -> list[Verdict]:
    """Other processes on the engine's GPU may have drawn some of its energy."""
    source = _own_board(run)
    found = known.get((source.domain, "foreign_processes", "condition")) if source else None
    if source is None or found is None or not max(found.values):
        return []
    return [
        flag(
            "foreign processes",
            source.domain,
            f"{max(found.values):.0f} other processes held the GPU meanwhile",
            "stop them (`nvidia-smi` lists them), and run the cell again",
        )
    ]


def _own_board(run: Run) -> Source | None:
    own = (s for s in run.sources if s.boundary == "gpu" and s.device == run.loaded.device)
    return next(own, None)
