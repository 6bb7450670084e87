"""Comparisons → the rows of their tables."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from bench.files.comparisons import read_compared
from bench.files.layout import comparison_ids, comparison_path
from bench.nouns.compared import Compared, Level, Pair, Ratio, WorkCompared

Row: TypeAlias = Mapping[str, object]
Comparisons: TypeAlias = Mapping[str, Compared]
_UNITS = {"energy": "J/{unit}", "time": "s/{unit}", "e2e": "s"}


def read_comparisons(out: Path) -> Comparisons:
    """Every comparison that OUT holds, by its id. Raises BrokenResults with the file."""
    return {id_: read_compared(comparison_path(out, id_)) for id_ in comparison_ids(out)}


def level_rows(comparisons: Comparisons) -> Iterator[Row]:
    """A row for each measure of each candidate on each work."""
    for id_, compared in comparisons.items():
        for work in compared.works:
            for name, levels in zip(compared.names, work.levels, strict=True):
                for one in levels:
                    unit = _UNITS[one.measure].format(unit=work.unit)
                    yield {**_about(id_, work), "candidate": name, "unit": unit, **_shown(one)}


def ratio_rows(comparisons: Comparisons) -> Iterator[Row]:
    """A row for each measure of each pair."""
    return ({**about, **_shown(one)} for about, pair in _pairs(comparisons) for one in pair.ratios)


def difference_rows(comparisons: Comparisons) -> Iterator[Row]:
    """A row for each score of each pair, or one that says why there is none."""
    for about, pair in _pairs(comparisons):
        for one in pair.differences:
            told = {"score": one.score, "value": one.value, "low": one.low, "high": one.high, "paired": one.paired}
            yield {**about, **told, **_agreed(pair), "reason": None}
        if not pair.differences:
            nothing = dict.fromkeys(("score", "value", "low", "high", "paired"))
            yield {**about, **nothing, **_agreed(pair), "reason": pair.no_quality or "neither was scored"}


def _agreed(pair: Pair) -> Row:
    one = pair.agreement
    return {"same_answers": one and one.same, "questions": one and one.of}


def _pairs(comparisons: Comparisons) -> Iterator[tuple[Row, Pair]]:
    for id_, compared in comparisons.items():
        for work in compared.works:
            for pair in work.pairs:
                names = {"one": compared.names[pair.one], "other": compared.names[pair.other]}
                yield {**_about(id_, work), **names}, pair


def _about(id_: str, work: WorkCompared) -> dict[str, object]:
    return {"comparison_id": id_, "work": str(work.work)}


def _shown(one: Level | Ratio) -> dict[str, object]:
    return {
        "measure": one.measure, "boundary": one.boundary, "basis": one.basis, "test_double": one.simulated,
        "value": one.value, "low": one.low, "high": one.high, "rounds": one.rounds,
    }  # fmt: skip
