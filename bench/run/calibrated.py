"""A sealed calibration as a run that can be judged, and the figures that its readings and batches prove."""

from dataclasses import replace

from bench.files.store import Published, Sealed
from bench.fit.ceilings import ceilings, judged
from bench.nouns import Calibration, Ceilings, Cell, Loaded, Run, RunSpec, Timing
from bench.run.publish import passports_of, rounded_energies

ENGINE = "ceilings"  # what a calibration is called where a run names its engine


def driven_spec(calibration: Calibration, loaded: Loaded) -> RunSpec:
    """What a run would have been asked for. A calibration is no cell: this is never sealed."""
    return RunSpec(
        cell=Cell(engine=ENGINE, model=calibration.device, precision="none", workload=ENGINE),
        family="api",
        weights=loaded.weights,
        weights_path=None,
        hardware=calibration.hardware,
        engine_version=loaded.engine_version,
        timing=Timing(),
        workload_sha256="",
    )


def run_of(sealed: Sealed) -> Run:
    """The run that a sealed calibration was."""
    assert sealed.calibration is not None, "asked of a calibration alone"
    assert sealed.loaded is not None, "checked when it was read"
    return Run(
        id=sealed.id,
        spec=driven_spec(sealed.calibration, sealed.loaded),
        started_at="",
        environment={},
        sources=sealed.sources,
        loaded=sealed.loaded,
        trace=sealed.trace,
        outcomes=sealed.outcomes,
        faults=sealed.faults,
    )


def calibrated(run: Run, calibration: Calibration) -> Published:
    """All that a calibration publishes, from its readings and batches alone."""
    energies = rounded_energies(run.trace, run.sources, run.faults, run.outcomes)
    found_wrong = judged(run, energies, calibration)
    found = ceilings(run, energies, found_wrong, calibration)
    return Published(
        energies=energies,
        verdicts=found_wrong.verdicts,
        passports=passports_of(run.trace, run.sources),
        ceilings=replace(found, refused=dict(sorted(found.refused.items()))),
    )


def found_in(sealed: Sealed) -> Ceilings:
    """The figures of a sealed calibration; none for any other record."""
    return sealed.published.ceilings or Ceilings()
