"""F1 beside joules → a plain table: a line per run whose answers were scored."""

from collections.abc import Sequence

from bench.nouns import Basis, Quality, Share
from bench.report.numbers import interval, quantity
from bench.report.views import RunView

_CLASSES_A_LINE = 3


def quality_table(runs: Sequence[RunView]) -> str:
    """A block per scored run: its cell, macro F1, joules a request (gross), F1 by class. '' where none is."""
    return "\n".join(line for run in runs if run.quality for line in _block(run, run.quality))


def _block(run: RunView, quality: Quality) -> list[str]:
    costs = [
        f"{quantity(rate)} gross, {name.partition('/')[0]} {_loud(rate.basis)}"
        for name, rate in run.rates.items()
        if name.endswith("/request")
    ]
    by_class = [f"{name} {'none' if f1 is None else f'{f1:.3f}'}" for name, f1 in quality.f1.items()]
    rows = [by_class[at : at + _CLASSES_A_LINE] for at in range(0, len(by_class), _CLASSES_A_LINE)]
    return [
        f"{run.cell} ({run.engine_version})",
        *(f"  {line}" for line in _scores(quality)),
        *(f"  a request {one}" for one in costs or ["not derived: see the reasons above"]),
        *(f"  {'; '.join(row)}" for row in rows),
    ]


def _loud(basis: Basis) -> str:
    return basis.upper() if basis == "modelled" else basis


def _scores(one: Quality) -> list[str]:
    if one.macro_f1 is None or one.accuracy is None:
        return [f"not scored: {one.requests} of {one.of} sentences were answered; longer windows ask them all"]
    unsteady = f", {one.unsteady} of them answered in more ways than one" if one.unsteady else ""
    return [
        f"macro F1 {_share(one.macro_f1)}, right {_share(one.accuracy)}",
        f"of {one.requests} sentences, each counted once{unsteady}",
    ]


def _share(one: Share) -> str:
    return interval(one.value, one.low, one.high, "")
