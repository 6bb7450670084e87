"""Priced groups → rows of a table with their intervals, and what is in none of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.files.logs.times import day_of
from bench.phrases import Phrase
from bench.run.log_figures import Figures, Gap, LogRow, Places, Summing

Ints = npt.NDArray[np.int64]
_SHOWN = 40  # reasons that are told apart
__all__ = ["Gap", "LogRow", "Places", "Summed", "Summing", "summed_rows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summed:
    """The table, its total, and what is said beside it."""

    rows: tuple[LogRow, ...]
    total: LogRow
    gaps: tuple[Gap, ...]
    notes: tuple[str, ...]
    rests_on: tuple[str, ...]
    methods: Mapping[str, float]
    unplaced: bool


def summed_rows(work: Summing) -> Summed:
    """Rows in the order of their keys."""
    told = work.priced.refusal == 0
    told &= ~np.isnan(work.priced.kwh.value)
    row, keys = _rows(work, told)
    figures = Figures(work, told)
    return Summed(
        rows=tuple(figures.of(row, keys)),
        total=next(figures.of(np.zeros(int(told.sum()), np.intp), [{}])),
        gaps=tuple(_gaps(work, ~told)),
        notes=tuple(figures.notes()),
        rests_on=figures.rests_on(),
        methods=figures.methods(),
        unplaced=figures.unplaced,
    )


def _gaps(work: Summing, gone: npt.NDArray[np.bool_]) -> Iterator[Gap]:
    """Why groups have no estimate: the reasons with the most rows, and what is left together."""
    groups, refusal = work.asked.groups, work.priced.refusal
    sizes = [
        (int(groups.rows[here].sum()), float(groups.requests[here].sum()), work.priced.reasons[code])
        for code in np.unique(refusal[gone])
        if (here := gone & (refusal == code)).any()
    ]
    sizes.sort(key=lambda one: (-one[0], one[2]))
    for rows, requests, said in sizes[:_SHOWN]:
        reason = Phrase("no model is named; --model says one") if said.startswith("model is ''") else said
        yield Gap(reason=reason or Phrase("no number comes of it"), rows=rows, requests=requests)
    if rest := sizes[_SHOWN:]:
        yield Gap(
            reason=Phrase("{rest} more reasons, as: {first}", rest=len(rest), first=rest[0][2]),
            rows=sum(rows for rows, _, _ in rest),
            requests=sum(requests for _, requests, _ in rest),
        )


def _rows(work: Summing, told: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.intp], list[dict[str, str]]]:
    """Which row each group is of, and the keys of the rows."""
    groups = work.asked.groups
    key = np.zeros(int(told.sum()), np.int64)
    parts: list[tuple[str, Ints, list[str]]] = []
    for name in work.by:
        if name == "day":
            days, codes = np.unique(groups.days[told], return_inverse=True)
            parts.append((name, codes.astype(np.int64), [str(day_of(day)) for day in days]))
            continue
        codes, names = _texts(work, name, told)
        parts.append((name, codes, names))
    for _, codes, names in parts:
        key = key * max(1, len(names)) + codes
    values, row = np.unique(key, return_inverse=True)
    keys = []
    for value in values:
        rest, one = int(value), {}
        for name, _, names in reversed(parts):
            rest, code = divmod(rest, len(names))
            one[name] = names[code]
        keys.append({name: one[name] for name in work.by})
    return row, keys


def _texts(work: Summing, name: str, told: npt.NDArray[np.bool_]) -> tuple[Ints, list[str]]:
    """A column's names in the order of the alphabet, and the codes of groups in it; filled in where filled."""
    groups = work.asked.groups
    log = groups.names.get(name, ("",))
    codes = groups.codes_of(name)
    if name != "model" and name in work.asked.codes:
        codes, log = work.asked.codes[name], work.asked.names[name]
    elif name == "model":  # the log's own, though another stands in for it
        filled = work.asked.names[name]
        log, codes = (*log, *filled[len(log) :]), work.asked.codes[name]
    if name == "region" and work.places.one is not None:
        log = tuple(text or work.places.one.name for text in log)
    order = sorted(set(log))
    return np.array([order.index(text) for text in log], np.int64)[codes][told], order
