"""Every result number of a report under a flat key: its value, the text that shows it, and its unit."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bench.nouns import (
    Coefficients,
    Domain,
    FieldPassport,
    LoadCurve,
    Quality,
    Quantity,
    Times,
    WindowEnergy,
)
from bench.physics.ledger import Entry
from bench.physics.peers import apart_ratio
from bench.report.ledgers import entry_keys, ledgers
from bench.report.numbers import absence, half_width, rough, shown_parts, spoken
from bench.report.views import ReportInput, RunView
from bench.report.voids import is_void, void_rates
from bench.report.words import declared_name, rate_unit
from bench.units import J_PER_KWH, S_PER_MS, S_PER_NS


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFigure:
    """A figure as it stands on the page. `value` is None where the text is a word."""

    value: float | None
    text: str
    unit: str = ""


Entries = Mapping[str, PageFigure]
_Pairs = Iterator[tuple[str, PageFigure]]
_Column = tuple[str, str]  # (name, unit)


def figures(report: ReportInput) -> dict[str, float | None]:
    """Every number on the page by its key: `runs/ID/gpu:0/work/1/energy_j` → 412.3."""
    return {key: one.value for key, one in entries(report).items()}


def entries(report: ReportInput) -> dict[str, PageFigure]:
    """The same with the text and unit that show each."""
    return dict(_all(report))


def energy_key(run: RunView, one: WindowEnergy) -> str:
    """The key under which a window's energy stands; `/energy_j` and its companions follow."""
    return f"runs/{run.id}/{one.domain}/{one.phase}/{one.label}"


def _all(report: ReportInput) -> _Pairs:
    yield from _summary(report)
    for one in report.hardware:
        if not isinstance(one.value, str):
            yield f"hardware/{one.name}", _plain(one.value, one.unit or declared_name(one.name)[1])
    for number, measured in enumerate(report.measured):
        yield from _quantity(f"measured/{number}", measured.quantity, abs(measured.quantity.value))
    for source in report.sources:
        base = f"sources/{source.domain}"
        if source.power_limit_w is not None:
            yield f"{base}/power_limit_w", _plain(source.power_limit_w, "W")
        if source.gain_ratio_95:
            yield f"{base}/gain_ratio_95", _percent(source.gain_ratio_95)
    for domain, passport in report.passports.items():
        for name, field in passport.fields.items():
            yield from _passport(field_key(domain, name), field)
    largest = _largest((name, q) for c in report.coefficients for name, q in (*c.terms.items(), *c.rates.items()))
    for number, found in enumerate(report.coefficients):
        yield from _coefficients(f"coefficients/{number}", found, largest)
    for number, curve in enumerate(report.curves):
        yield from _curve(f"curves/{number}", curve)
    largest = _largest((name, q) for run in report.runs for name, q in run.rates.items())
    for run in report.runs:
        for energy in run.energies:
            yield from _energy(energy_key(run, energy), run, energy)
        for name, took in run.times.items():
            yield from _times(f"runs/{run.id}/times/{name}", took)
        if run.quality is not None:
            yield from _quality(f"runs/{run.id}/quality", run.quality)
        for name, rate in run.rates.items():
            void = void_rates(run, name)
            yield from _quantity(f"runs/{run.id}/rates/{name}", rate, largest[_column(name, rate)], void=void)
    for base, kept in ledgers(report).items():
        for key, entry in entry_keys(kept, base):
            yield from _ledger(key, entry)


def field_key(domain: Domain, field: str) -> str:
    """The key under which a field of a sensor's passport stands; `/update_ms` and its companions follow."""
    return f"passports/{domain}/{field}"


def _passport(base: str, one: FieldPassport) -> _Pairs:
    """What is known of one field of a sensor: times in milliseconds, what is not known left out."""
    for name, value_s in (("update_ms", one.update_s), ("window_ms", one.window_s), ("lag_ms", one.lag_s)):
        if value_s is not None:
            value_ms = value_s / S_PER_MS
            yield f"{base}/{name}", PageFigure(value=value_ms, text=rough(value_ms), unit="ms")
    if one.seen_ratio is not None:
        yield f"{base}/seen_ratio", PageFigure(value=one.seen_ratio, text=rough(one.seen_ratio * 100), unit="%")
    if one.noise_w is not None:
        yield f"{base}/noise_w", PageFigure(value=one.noise_w, text=rough(one.noise_w), unit="W")


def _summary(report: ReportInput) -> _Pairs:
    yield "summary/runs", counted_figure(len(report.runs))
    yield "summary/void_runs", counted_figure(sum(any(v.level == "void" for v in r.verdicts) for r in report.runs))
    yield (
        "summary/synthetic_runs",
        counted_figure(sum(r.weights == "synthetic" and r.precision != "none" for r in report.runs)),
    )
    yield "summary/models", counted_figure(len({r.model_title for r in report.runs}))


def _energy(base: str, run: RunView, one: WindowEnergy) -> _Pairs:
    void = is_void(run, one)
    value, low, high = (None, None, None) if void else (one.energy_j, one.low_j, one.high_j)
    yield from _interval(base, (value, low, high), "J", ("energy_j", "low_j", "high_j"), absence(one.basis))
    yield f"{base}/duration_s", _plain((one.end_ns - one.start_ns) * S_PER_NS, "s")
    if void or one.energy_j is None:
        return
    if one.witness_j is not None:
        yield f"{base}/witness_j", _plain(one.witness_j, "J")
    for name, part_j in one.components.items():
        text, unit = half_width(part_j, "J", one.energy_j)
        yield f"{base}/components/{name}", PageFigure(value=part_j, text=text, unit=unit)
    for label in one.peers:
        yield from _peer(base, one, label)


def _peer(base: str, one: WindowEnergy, label: str) -> _Pairs:
    """A peer's joules, ours over its span, and how far they are apart."""
    yield f"{base}/peers/{label}", _plain(one.peers[label], "J")
    ratio = apart_ratio(one, label)
    if ratio is not None:
        yield f"{base}/over_peers/{label}", _plain(one.over_peers_j[label], "J")
        yield f"{base}/apart/{label}", _percent(ratio)


def _ledger(base: str, one: Entry) -> _Pairs:
    """An entry's joules, and the same in kWh."""
    absent = absence(one.basis)
    joules = (one.energy_j, one.low_j, one.high_j)
    yield from _interval(base, joules, "J", ("energy_j", "low_j", "high_j"), absent)
    kwh = (_kwh(one.energy_j), _kwh(one.low_j), _kwh(one.high_j))
    yield from _interval(base, kwh, "kWh", ("energy_kwh", "low_kwh", "high_kwh"), absent)


def _kwh(energy_j: float | None) -> float | None:
    return None if energy_j is None else energy_j / J_PER_KWH


def _curve(base: str, one: LoadCurve) -> _Pairs:
    """The line, and every point that was measured for it."""
    for name, found in (("idle", one.idle), ("request", one.request), ("at_most", one.at_most)):
        if found is not None:
            yield from _quantity(f"{base}/{name}", found, abs(found.value))
    yield f"{base}/most_per_s", _plain(one.most_per_s)
    if one.off_line_ratio is not None:
        yield f"{base}/off_line_ratio", _percent(one.off_line_ratio)
    for number, point in enumerate(one.points):
        at = f"{base}/points/{number}"
        yield f"{at}/answered_per_s", _plain(point.answered_per_s)
        if point.offered_per_s is not None:
            yield f"{at}/offered_per_s", _plain(point.offered_per_s)
        yield from _quantity(f"{at}/power", point.power, abs(point.power.value))


def _times(base: str, one: Times) -> _Pairs:
    """How many, their mean and most, and the quantiles that so many can tell."""
    yield f"{base}/count", counted_figure(one.count)
    yield f"{base}/mean_s", _plain(one.mean_s, "s")
    yield f"{base}/most_s", _plain(one.most_s, "s")
    for name, value in one.quantiles_s.items():
        yield f"{base}/{name}", _plain(value, "s")


def _quality(base: str, one: Quality) -> _Pairs:
    """Every score with its interval, F1 by class, and how many requests they rest on."""
    yield f"{base}/requests", counted_figure(one.requests)
    yield f"{base}/of", counted_figure(one.of)
    if one.unsteady:
        yield f"{base}/unsteady", counted_figure(one.unsteady)
    for name, found in (("macro_f1", one.macro_f1), ("accuracy", one.accuracy)):
        if found is not None:
            values, names = (found.value, found.low, found.high), ("value", "low", "high")
            yield from _interval(f"{base}/{name}", values, "", names, "")
    for name, f1 in one.f1.items():
        if f1 is not None:
            yield f"{base}/f1/{name}", _plain(f1)
    for name, score in one.scores.items():
        at = f"{base}/scores/{name}"
        yield from _interval(at, (score.value, score.low, score.high), "", ("value", "low", "high"), "")
        yield f"{at}/n", counted_figure(score.n)
    if one.scores:
        yield f"{base}/unended", counted_figure(one.unended)


def _coefficients(base: str, one: Coefficients, largest: Mapping[_Column, float]) -> _Pairs:
    for name, found in one.terms.items():
        yield from _quantity(f"{base}/terms/{name}", found, largest[_column(name, found)])
    for name, rate in one.rates.items():
        yield from _quantity(f"{base}/rates/{name}", rate, largest[_column(name, rate)])
    for of, parts in one.components.items():
        for name, half in parts.items():
            term = one.terms.get(of)
            size = largest[_column(of, term)] if term else half
            text, unit = half_width(half, term.unit if term else "", size)
            yield f"{base}/components/{of}/{name}", PageFigure(value=half, text=text, unit=unit)
    for name, (low, high) in one.domain.items():
        yield f"{base}/domain/{name}/low", _plain(low)
        yield f"{base}/domain/{name}/high", _plain(high)
    for name, fact in one.fit.items():
        if isinstance(fact, (int, float)) and not isinstance(fact, bool):
            yield f"{base}/fit/{name}", _plain(float(fact))
    if one.key.power_limit_w is not None:
        yield f"{base}/key/power_limit_w", _plain(one.key.power_limit_w, "W")


def _column(name: str, one: Quantity) -> _Column:
    """What is compared at a glance: a term and its gross figure, over models and domains, in one unit."""
    return rate_unit(name), one.unit


def _largest(named: Iterable[tuple[str, Quantity]]) -> dict[_Column, float]:
    largest: dict[_Column, float] = {}
    for name, one in named:
        column = _column(name, one)
        largest[column] = max(largest.get(column, 0.0), abs(one.value))
    return largest


def _quantity(base: str, one: Quantity, largest: float, *, void: bool = False) -> _Pairs:
    values = (None, None, None) if void else (one.value, one.low, one.high)
    names = ("value", "low", "high")
    yield from _interval(base, values, one.unit, names, absence(one.basis), largest)


def _interval(
    base: str,
    values: tuple[float | None, float | None, float | None],
    unit: str,
    names: tuple[str, str, str],
    absent: str,
    largest: float | None = None,
) -> _Pairs:
    """A value and, where it has them, its bounds. A void value takes its bounds with it."""
    said = spoken(*values, unit, absent, reference=largest)
    texts = (said.value, said.low, said.high)
    for name, value, text in zip(names, values, texts, strict=True):
        if text:
            yield f"{base}/{name}", PageFigure(value=value, text=text, unit=said.unit)


def _plain(value: float, unit: str = "") -> PageFigure:
    text, said = shown_parts(value, unit)
    return PageFigure(value=value, text=text, unit=said)


def _percent(ratio: float) -> PageFigure:
    text, _ = shown_parts(ratio * 100)
    return PageFigure(value=ratio, text=text, unit="%")


def counted_figure(number: int) -> PageFigure:
    """A whole number of things."""
    return PageFigure(value=float(number), text=shown_parts(float(number))[0])
