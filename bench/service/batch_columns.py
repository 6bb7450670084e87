"""Columns of JSON → columns of numbers → one answer a row, by bench.estimators.columns: a list for each figure."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.errors import BadInput, UnknownName
from bench.estimators.answer import SCHEMA_VERSION
from bench.estimators.columns import Coded, Columns, Many
from bench.estimators.priced import grid_of
from bench.estimators.wanted import LONGEST_NAME, SCOPES
from bench.nouns.estimates import GRADES, Estimates, RangeColumns
from bench.phrases import Phrase, told
from bench.service.asking import ALIASES, BODY
from bench.service.knowledge import Knowledge
from bench.service.problems import Path, Refused, refused, unknown, words_of

MOST_ROWS = 100_000
MOST_KINDS = 500  # of names and batches that differ: each is resolved by itself, in a millisecond or so; chosen
NAMES = ("model", "hardware", "region", "precision", "engine")
NUMBERS = ("in_tokens", "out_tokens", "audio_seconds", "batch", "cards", "count")
FIXED = ("scope", "grid")  # one for all rows
_AT: Path = (*BODY, "columns")
_NONE = type(None)
_PLAIN = {int, float, _NONE}


def columns_answer(said: object, knowledge: Knowledge) -> Mapping[str, object]:
    """The answer to columns: lists of one length, or one value for all rows. Raises Refused."""
    if not isinstance(said, Mapping):
        raise refused(
            _AT, Phrase("columns is {said!r:.60}; needed is an object with a list for each field", said=said)
        )
    told: dict[str, object] = {ALIASES.get(name, str(name)): value for name, value in said.items()}
    rows = _length(said, told)
    found = {name: _names(name, told[name], rows) for name in NAMES if told.get(name) is not None}
    found |= {name: _numbers(told[name]) for name in NUMBERS if told.get(name) is not None}
    asked = _columns(found, told)
    _kinds(asked)
    many = Many(knowledge.known, knowledge.regions.place, grid_scope=_grid(told.get("grid")))
    return _answer(many.estimate(asked), rows)


def _length(said: Mapping[str, object], told: Mapping[str, object]) -> int:
    """How many rows there are. Raises Refused where fields, types or lengths are wrong."""
    for name in said:
        if ALIASES.get(name, name) not in (*NAMES, *NUMBERS, *FIXED):
            raise unknown((*_AT, name), UnknownName("column", name[:60], (*NAMES, *NUMBERS, *FIXED)))
    if len(told) < len(said):
        raise refused(_AT, Phrase("a column stands twice, by two names; give it once"))
    if told.get("model") in (None, ""):
        message = Phrase("model is missing; needed is a name, or a list of names")
        raise refused((*_AT, "model"), message, "missing")
    for name, value in told.items():
        _single(name, value)
    lengths = {name: len(value) for name, value in told.items() if isinstance(value, list)}
    if len(set(lengths.values())) > 1:
        message = Phrase(
            "columns of unlike length: {found}; needed is one length, or one value for all rows",
            found=", ".join(f"{name} {length}" for name, length in lengths.items()),
        )
        raise refused(_AT, message, "refused", 409)
    rows = next(iter(lengths.values()), 1)
    if not 1 <= rows <= MOST_ROWS:
        message = Phrase("{rows} rows; needed are 1 to {most}: send several bodies", rows=rows, most=MOST_ROWS)
        raise refused(_AT, message)
    return rows


def _single(name: str, value: object) -> None:
    """Raises Refused where one value for all rows is of a wrong type; of a list each row is refused by itself."""
    wrong = isinstance(value, bool | dict) or (isinstance(value, str) if name in NUMBERS else _is_number(value))
    if wrong:
        kind = Phrase("a number, or a list of them") if name in NUMBERS else Phrase("text, or a list of it")
        message = Phrase("{name} is {value!r:.60}; needed is {kind}", name=name, value=value, kind=kind)
        raise refused((*_AT, name), message)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)


def _names(name: str, value: object, rows: int) -> Coded:
    """A column of names as codes; what is no name is a code of none, which refuses its row."""
    listed = value if isinstance(value, list) else [value]
    known: dict[str, int] = {}
    codes = np.fromiter((_code(one, known) for one in listed), np.int32, len(listed))
    if len(known) > MOST_KINDS:
        raise _too_many((*_AT, name))
    return Coded(codes=codes if isinstance(value, list) else np.repeat(codes, rows), names=tuple(known))


def _code(found: object, known: dict[str, int]) -> int:
    if found is None:
        found = ""
    if not isinstance(found, str) or len(found) > LONGEST_NAME:
        return -1
    return known.setdefault(found, len(known))


def _numbers(value: object) -> Any:
    """A column of numbers, masked where none is said; what is no number is NaN, which refuses its row."""
    if not isinstance(value, list):
        return _float(value)
    kinds = set(map(type, value))
    plain = value if kinds <= _PLAIN else [_float(one) for one in value]
    try:
        found: npt.NDArray[np.float64] = np.array(plain, np.float64)
    except OverflowError:  # an integer beyond any float
        found = np.array([None if one is None else _float(one) for one in value], np.float64)
    if _NONE not in kinds:
        return found
    return np.ma.masked_array(found, [one is None for one in value])  # type: ignore[no-untyped-call]


def _float(found: object) -> float:
    if isinstance(found, bool) or not isinstance(found, int | float):
        return float("nan")
    try:
        return float(found)
    except OverflowError:
        return float("inf")


def _columns(found: Mapping[str, Any], told: Mapping[str, object]) -> Columns:
    scope = told.get("scope")
    if scope is not None and scope not in SCOPES:
        raise refused(
            (*_AT, "scope"),
            Phrase(
                "scope is {scope!r:.40}; needed is one of {known}, for all rows",
                scope=scope,
                known=", ".join(SCOPES),
            ),
        )
    try:
        return Columns(**found, scope=scope)
    except BadInput as error:
        raise refused(_AT, words_of(error)) from error


def _grid(found: object) -> Any:
    try:
        return grid_of("life_cycle" if found is None else str(found)[:60])
    except UnknownName as error:
        raise unknown((*_AT, "grid"), error) from error


def _kinds(asked: Columns) -> None:
    """Raises Refused for more than so many combinations of what rows are resolved by, however few each has."""
    named = [
        getattr(asked, name).codes for name in ("model", "hardware", "precision", "engine") if _varies(asked, name)
    ]
    numbers = {name: np.asarray(getattr(asked, name)) for name in ("batch", "cards") if _varies(asked, name)}
    for name, column in numbers.items():
        if len(np.unique(column)) > MOST_KINDS:
            raise _too_many((*_AT, name))
    rows = zip(*(column.tolist() for column in (*named, *numbers.values())), strict=True)
    if len(set(rows)) > MOST_KINDS:
        raise _too_many(_AT)


def _varies(asked: Columns, name: str) -> bool:
    return isinstance(getattr(asked, name), Coded | np.ndarray)


def _too_many(at: Path) -> Refused:
    message = Phrase(
        "more than {most} names, batches and cards that differ, each with each; send several bodies",
        most=MOST_KINDS,
    )
    return refused(at, message, "refused", 409)


def _answer(found: Estimates, rows: int) -> Mapping[str, object]:
    refusals = np.flatnonzero(found.refusal)
    grades = np.array([*GRADES, None], object)  # -1, the last, where refused
    return {
        "schema_version": SCHEMA_VERSION,
        "count": rows,
        "refused": len(refusals),
        "energy_kwh": _three(found.energy_kwh),
        "carbon_g": {"location": None if found.carbon_g is None else _three(found.carbon_g)},
        "basis": grades[found.grade].tolist(),
        "errors": [_error(int(row), found.reason(int(row))) for row in refusals],
    }


def _three(one: RangeColumns) -> Mapping[str, list[float | None]]:
    return {side.name: _listed(getattr(one, side.name)) for side in fields(one)}


def _listed(column: npt.NDArray[np.float64]) -> list[float | None]:
    """Numbers, None where there are none: JSON has no NaN."""
    listed: list[float | None] = column.tolist()
    for at in np.flatnonzero(~np.isfinite(column)):
        listed[at] = None
    return listed


def _error(row: int, reason: str) -> Mapping[str, object]:
    first = reason.partition(":")[0]
    loc: Sequence[str | int] = (*_AT, first, row) if first in (*NAMES, *NUMBERS) else (*_AT, row)
    return {"row": row, "loc": list(loc), "msg": told(reason)}
