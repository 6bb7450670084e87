"""What a row of a fit may hold: whole boundaries only."""

from dataclasses import replace

import pytest
from fakes import GPU, HOST, LOADED, outcome, run_of, ticking, window

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


@pytest.mark.parametrize("worked_on", ["GPU-1", "GPU-gone", "MIG-1"])
def test_a_host_beside_a_gpu_is_never_in_one_group_with_a_host_that_works_itself(worked_on):
    """One machine, one model, one cell, one modelled host: the board is in neither's, read, lost or shared."""
    readings = ticking(lambda t: 50.0, 0, 7)
    windows = (window("idle", "resident-1", 0.5, 1.0), window("work", "1", 2.0, 6.0))
    runs = [
        replace(
            run_of(readings, windows, [outcome(2, 6, output_tokens=5)], sources=(GPU, HOST), run_id=name),
            loaded=replace(LOADED, device=device),
        )
        for name, device in (("on-gpu", worked_on), ("fell-to-cpu", "cpu"), ("asked-for-cpu", "cpu"))
    ]

    found = groups(Measured(run=run, energies=(), verdicts=()) for run in runs)

    together = {(g.boundary, g.key.device): g.runs for g in found}
    board = {("gpu", "gpu"): ("on-gpu",)} if worked_on == GPU.device else {}
    assert together == {
        **board, ("host", "gpu"): ("on-gpu",), ("host", "cpu"): ("asked-for-cpu", "fell-to-cpu"),
    }  # fmt: skip
    assert len({g.key for g in found}) == 2
