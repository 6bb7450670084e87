"""Whether a server's work was done where and when it was measured: on its own device, inside its windows."""

from collections.abc import Sequence

from bench.nouns import Run, Verdict, WindowEnergy
from bench.physics import rules
from bench.physics.limits import mean_power_w
from bench.physics.phases import after, idle, work
from bench.stats import mean

_LEAST_W = 5.0  # a rise of less is a board that wakes for a look at it (chosen)


def misplaced(run: Run, energies: Sequence[WindowEnergy]) -> list[Verdict]:
    """Every doubt of that kind; none where no server did the work."""
    if run.spec.endpoint is None:
        return []
    return [*_other_board(run, energies), *_afterwards(run, energies), *_reloaded(run)]


def _other_board(run: Run, energies: Sequence[WindowEnergy]) -> list[Verdict]:
    """A board that is not the run's and draws more while requests are answered."""
    found = []
    for source in run.sources:
        if source.boundary != "gpu" or source.basis != "measured" or source.device == run.loaded.device:
            continue
        levels = _levels(source.domain, energies)
        if levels is None or levels[1] - levels[0] < _LEAST_W:
            continue
        rise = levels[1] / levels[0] - 1.0
        said = f"{source.domain} rose from {levels[0]:.0f} W to {levels[1]:.0f} W while requests were answered"
        found += rules.OTHER_BOARD.graded(rise, None, said)
    return found


def _afterwards(run: Run, energies: Sequence[WindowEnergy]) -> list[Verdict]:
    """What a domain still draws once all answers have come."""
    found = []
    for source in run.sources:
        mine = [e for e in energies if e.domain == source.domain and e.energy_j is not None]
        later, levels = _powers_w(after(mine)), _levels(source.domain, energies)
        if levels is None or not later or levels[1] - levels[0] <= 0.0:
            continue
        more_w = mean(later) - levels[0]
        if (
            more_w <= rules.STILL_AT_WORK_RATIO * (levels[1] - levels[0])
            or more_w <= rules.STILL_BUSY_RATIO * levels[0]
        ):
            continue
        said = f"{mean(later):.3g} W after the last answer, {levels[0]:.3g} W idle and {levels[1]:.3g} W at work"
        told = rules.WORK_AFTER.flags if source.boundary == "gpu" else rules.WORK_AFTER.voids
        found.append(told(source.domain, said))
    return found


def _reloaded(run: Run) -> list[Verdict]:
    """A server that says that it loaded its model inside a request."""
    longest_s = max((o.server.get("load_s", 0.0) for o in run.outcomes), default=0.0)
    said = f"a request holds {longest_s:.2f} s of loading the model, as the server counts"
    return rules.RELOADED.graded(longest_s, None, said)


def _levels(domain: str, energies: Sequence[WindowEnergy]) -> tuple[float, float] | None:
    """Mean power at rest with the model loaded, and at work (W); None where either is not known."""
    mine = [e for e in energies if e.domain == domain and e.energy_j is not None]
    rest_w, work_w = _powers_w(idle(mine, "resident")), _powers_w(work(mine))
    return (mean(rest_w), mean(work_w)) if rest_w and work_w and mean(rest_w) > 0.0 else None


def _powers_w(energies: Sequence[WindowEnergy]) -> list[float]:
    return [mean_power_w(e) for e in energies]
