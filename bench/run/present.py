"""Sealed runs and coefficients → what the report shows, from the result folder alone."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from bench import __version__
from bench.errors import BrokenResults
from bench.files.json_text import read_json
from bench.files.layout import profile_folder, skipped_path
from bench.files.models import model_of
from bench.files.profiles import read_profile
from bench.files.store import Sealed
from bench.nouns import Coefficients, Domain, HardwareProfile, LoadCurve, Passport, Quantity, Run, Source
from bench.nouns.levels import level_of
from bench.phrases import Phrase
from bench.physics.latency import told_by_requests
from bench.physics.power import counter_power, gauge_power
from bench.physics.series import series
from bench.report.views import HardwareFigure, PowerSeries, ReportInput, RunView
from bench.run.scored import shown, why_unscored

NOT_COVERED = (
    "Cooling and power conversion of the building (PUE), the network, the making of the hardware, other machines.",
    "Quality: synthetic weights write no meaningful text.",
)
UNSCORED = "Quality, but for the answers that are scored below: synthetic weights write no meaningful text."
OF_A_CARD = ("A graphics card's 3.3 V rail, about 10 W, which its own sensor does not see (arXiv:2312.02741).",)


def report_input(
    out: Path,
    sealed: Sequence[Sealed],
    coefficients: tuple[Coefficients, ...],
    curves: tuple[LoadCurve, ...] = (),
) -> ReportInput:
    """What one page shows of OUT. Raises BrokenResults when OUT holds no run of an engine."""
    runs = [s for s in sealed if s.run is not None]
    if not runs:
        raise BrokenResults(f"{out}: no run of an engine to report on")
    newest = runs[-1].run
    assert newest is not None
    profile = read_profile(newest.spec.hardware, profile_folder(out))
    return ReportInput(
        title=Phrase("Energy of AI inference on {machine}", machine=profile.title),
        generated_by=f"Joulemark {__version__}",
        hardware_title=profile.title,
        hardware=tuple(_hardware(profile)),
        measured=profile.measured,
        sources=_sources(runs),
        passports=_passports(runs),
        runs=tuple(_view(s, coefficients) for s in runs),
        coefficients=coefficients,
        curves=curves,
        skipped=read_skipped(out),
        not_covered=_not_covered(runs) + (OF_A_CARD if any(s.boundary == "gpu" for s in _sources(runs)) else ()),
        verify_command="joulemark verify DIR    # DIR: the folder that holds reports/",
    )


def _not_covered(runs: Sequence[Sealed]) -> tuple[str, ...]:
    scored = any(s.published.quality is not None for s in runs)
    return (*NOT_COVERED[:-1], UNSCORED) if scored else NOT_COVERED


def scored_views(sealed: Sequence[Sealed], coefficients: Sequence[Coefficients]) -> tuple[RunView, ...]:
    """The runs of labelled work, oldest first: their scores, or why there are none."""
    return tuple(_view(s, coefficients) for s in sealed if s.run and (s.run.labelled or s.published.quality))


def read_skipped(out: Path) -> tuple[tuple[str, str], ...]:
    """(cell, why) of the cells that the last suite left out; () when none is recorded."""
    path = skipped_path(out)
    if not path.exists():
        return ()
    data = read_json(path)
    if not isinstance(data, dict):
        raise BrokenResults(f"{path}: expected an object of cell → why")
    return tuple((str(cell), str(why)) for cell, why in sorted(data.items()))


def _hardware(profile: HardwareProfile) -> Iterator[HardwareFigure]:
    for name, figure in sorted(profile.figures.items()):
        yield HardwareFigure(name=name, value=figure.value, source=figure.source)


def _sources(runs: Sequence[Sealed]) -> tuple[Source, ...]:
    """Each domain once, as the newest run saw it."""
    latest = {source.domain: source for sealed in runs for source in sealed.sources}
    return tuple(latest[domain] for domain in sorted(latest))


def _passports(runs: Sequence[Sealed]) -> dict[Domain, Passport]:
    """What each measured sensor is, as the newest run that read it found; in one order, read or computed."""
    latest = {domain: one for sealed in runs for domain, one in sealed.published.passports.items()}
    return {
        domain: replace(one, fields=dict(sorted(one.fields.items()))) for domain, one in sorted(latest.items())
    }


def _view(sealed: Sealed, coefficients: Sequence[Coefficients]) -> RunView:
    run = sealed.run
    assert run is not None
    t0_ns = min((w.start_ns for w in run.trace.windows), default=0)
    quality = shown(run, sealed.published.quality)
    return RunView(
        id=run.id,
        cell=str(run.spec.cell),
        model_title=model_of(run.spec).title,
        weights=run.loaded.weights,
        hardware=run.spec.hardware,
        started_at=run.started_at,
        engine=run.spec.cell.engine,
        engine_version=run.loaded.engine_version,
        precision=run.loaded.precision,
        device_name=run.loaded.device_name,
        device=run.loaded.device,
        notes=(*run.loaded.notes, *run.workload_notes, *_watched(run)),
        energies=sealed.published.energies,
        verdicts=sealed.published.verdicts,
        times=told_by_requests(sealed.published.times),
        quality=quality,
        unscored=why_unscored(run, quality),
        power=tuple(_power(run, t0_ns)),
        windows=run.trace.windows,
        t0_ns=t0_ns,
        rates=_rates(run, coefficients),
        seal_sha256=sealed.seal_sha256,
    )


def _watched(run: Run) -> Iterator[str]:
    """Which other tools ran beside it: they take a share of the machine too."""
    for one in run.trace.witnesses:
        name = f"{one.name} {one.version}".rstrip()
        yield f"{name} watched from a process of its own" + (f", then not: {one.fault}" if one.fault else "")


def _rates(run: Run, coefficients: Sequence[Coefficients]) -> dict[str, Quantity]:
    """The gross rates of this run's workload, by boundary: "gpu/audio_second"."""
    found = {}
    for one in coefficients:
        if run.id not in one.runs:
            continue
        for name, quantity in one.rates.items():
            unit, _, workload = name.partition("@")
            if workload == run.spec.cell.workload + (level_of(run.spec.cell) if one.levels else ""):
                found[f"{one.boundary}/{unit}"] = quantity
    return found


def _power(run: Run, t0_ns: int) -> Iterator[PowerSeries]:
    bases = {s.domain: s.basis for s in run.sources}
    for (domain, field, kind), found in sorted(series(run.trace.observations).items()):
        if kind == "condition" or domain not in bases:
            continue
        draw = counter_power if kind == "energy" else gauge_power
        times_s, power_w = draw(found, t0_ns)
        yield PowerSeries(domain=domain, field=field, basis=bases[domain], times_s=times_s, power_w=power_w)
