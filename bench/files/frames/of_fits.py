"""Coefficients and load curves → the rows of their tables."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from bench.files.coefficient_files import coefficient_paths, read_coefficients, read_curves
from bench.nouns import Boundary, CoefficientKey, Coefficients, LoadCurve, Quantity
from bench.report.words import tells_double

BETWEEN = " | "
Row = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFits:
    """All that OUT/coefficients holds, each entry under the name by which tables call it."""

    fits: Mapping[str, Coefficients]
    curves: Mapping[str, LoadCurve]
    doubles: frozenset[tuple[str, Boundary]] = frozenset()  # run id, boundary: read by no sensor


def read_learnt(out: Path, doubles: frozenset[tuple[str, Boundary]]) -> NamedFits:
    """What was fitted; nothing where `joulemark fit` has not run. Raises BrokenResults with the file."""
    fits: dict[str, Coefficients] = {}
    curves: dict[str, LoadCurve] = {}
    for path in coefficient_paths(out / "coefficients"):
        fits |= {f"{path.stem}#{i}": one for i, one in enumerate(read_coefficients(path))}
        curves |= {f"{path.stem}#curve-{i}": one for i, one in enumerate(read_curves(path))}
    return NamedFits(fits=fits, curves=curves, doubles=doubles)


def coefficient_rows(learnt: NamedFits) -> Iterator[Row]:
    """A row for each term and rate, and for each term that could not be identified."""
    for fit_id, one in learnt.fits.items():
        about = {
            "fit_id": fit_id, **_key(one.key), "test_double": tells_double(one.notes),
            "boundary": one.boundary, "batch": one.batch, "concurrency": one.concurrency, "rate_per_s": one.rate,
            "load": one.load, "levels": BETWEEN.join(one.levels) or None,
        }  # fmt: skip
        for name, quantity in one.terms.items():
            yield {**about, "kind": "term", "name": name, "workload": None, **_told(quantity)}
        for name, quantity in one.rates.items():
            rate, _, workload = name.partition("@")
            yield {**about, "kind": "rate", "name": rate, "workload": workload or None, **_told(quantity)}
        for name, reason in one.not_identified.items():
            if name not in one.terms:
                yield {**about, "kind": "term", "name": name, "workload": None, **_untold(reason)}


def fit_rows(learnt: NamedFits) -> Iterator[Row]:
    """A row for each fit."""
    for fit_id, one in learnt.fits.items():
        yield {
            "fit_id": fit_id, **{name: one.fit.get(name) for name in ("runs", "excluded", "windows")},
            "condition_number": one.fit.get("condition_number"),
            "held_out_error_ratio": one.fit.get("held_out_error"),
            "residual_ratio": one.fit.get("residual_ratio"),
            "facts": json.dumps(dict(one.fit), sort_keys=True, ensure_ascii=False),
            "notes": BETWEEN.join(one.notes) or None,
        }  # fmt: skip


def fit_run_rows(learnt: NamedFits) -> Iterator[Row]:
    """A row for each run of each fit."""
    return ({"fit_id": fit_id, "run_id": run} for fit_id, one in learnt.fits.items() for run in one.runs)


def validity_rows(learnt: NamedFits) -> Iterator[Row]:
    """A row for each range of each fit."""
    for fit_id, one in learnt.fits.items():
        for name, (low, high) in one.domain.items():
            yield {"fit_id": fit_id, "quantity": name, "low": low, "high": high}


def curve_rows(learnt: NamedFits) -> Iterator[Row]:
    """A row for each point of each curve."""
    for curve_id, one in learnt.curves.items():
        for number, point in enumerate(one.points):
            yield {
                "curve_id": curve_id, "point": number, **_key(one.key),
                "test_double": (point.run_id, one.boundary) in learnt.doubles, "boundary": one.boundary,
                "workload": one.workload, "run_id": point.run_id, "offered_per_s": point.offered_per_s,
                "users": point.users, "answered_per_s": point.answered_per_s, "power_w": point.power.value,
                "low_w": point.power.low, "high_w": point.power.high, "basis": point.power.basis,
                "saturated": point.saturated,
            }  # fmt: skip


def curve_line_rows(learnt: NamedFits) -> Iterator[Row]:
    """Three rows for each curve."""
    for curve_id, one in learnt.curves.items():
        about = {"most_per_s": one.most_per_s, "off_line_ratio": one.off_line_ratio}
        for name, quantity in (("idle", one.idle), ("request", one.request), ("at_most", one.at_most)):
            told = _told(quantity) if quantity else _untold(one.missing or "not told by these runs")
            yield {"curve_id": curve_id, "name": name, **told, **about}


def _key(key: CoefficientKey) -> dict[str, object]:
    return {f.name: getattr(key, f.name) for f in fields(key)}


def _told(one: Quantity) -> dict[str, object]:
    return {**{f.name: getattr(one, f.name) for f in fields(one)}, "reason": None}


def _untold(reason: str) -> dict[str, object]:
    return {**dict.fromkeys(f.name for f in fields(Quantity)), "reason": reason}
