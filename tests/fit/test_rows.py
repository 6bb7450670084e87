"""What a row of a fit may hold: whole boundaries only."""

from dataclasses import replace

from fakes import LOADED, outcome, run_of, ticking, window

from bench.fit.rows import Measured, groups
from bench.nouns import Source
from bench.physics.energy import window_energies

PACKAGE = Source(
    domain="cpu-package:0",
    meter="rapl",
    boundary="cpu",
    basis="measured",
    device="intel-rapl:0",
    fields=("counter",),
)
HIDDEN = replace(
    PACKAGE, domain="cpu-package:1", basis="excluded", fields=(), reason="its counter does not answer"
)


def test_one_package_of_two_is_not_the_cpu():
    """A package that cannot be read excludes the run from its boundary: half a sum is a wrong number."""
    readings = ticking(lambda t: 50.0, 0, 7, domain="cpu-package:0")
    windows = (window("idle", "resident-1", 0.5, 1.0), window("work", "1", 2.0, 6.0))
    whole, half = (
        replace(
            run_of(readings, windows, [outcome(2, 6, output_tokens=5)], sources=sources, run_id=name),
            loaded=replace(LOADED, device="cpu"),
        )
        for name, sources in (("whole", (PACKAGE,)), ("half", (HIDDEN, PACKAGE)))
    )

    found = groups(
        Measured(run=run, energies=window_energies(run.trace, run.sources), verdicts=()) for run in (whole, half)
    )

    assert [(g.boundary, g.runs) for g in found] == [("cpu", ("whole",))]
    assert found[0].excluded == ("half: cpu-package:1 is not read: its counter does not answer",)
