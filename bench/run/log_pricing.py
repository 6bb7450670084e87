"""Groups of a log → kWh of each with its interval: names and lengths filled, requests asked for all at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.errors import JoulemarkError
from bench.estimators.answer import Answer
from bench.estimators.answering import Known, answer
from bench.estimators.columns import Coded, Columns, Many
from bench.estimators.roofline import Scope
from bench.estimators.usage_sums import Spans, points_of
from bench.estimators.wanted import Wanted
from bench.files.logs.grouped import Groups

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
NAMES = ("model", "hardware", "precision", "engine", "batch", "cards", "language")
LENGTHS = ("in_tokens", "audio_seconds", "chars", "out_tokens")
_KINDS = ("in_tokens", "audio_seconds", "chars")
_FIELDS = ("input_tokens", "audio_seconds", "characters")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """What to take where a row says nothing: names and lengths of all rows, and of one endpoint's, which go first.

    `stand_ins`: a model of the log → the model whose estimate is taken for it.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    lengths: Mapping[str, float] = field(default_factory=dict)
    services: Mapping[str, "Filling"] = field(default_factory=dict)
    stand_ins: Mapping[str, str] = field(default_factory=dict)
    scope: Scope | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Groups with every gap filled that the user fills: by name its codes and what they stand for."""

    groups: Groups
    codes: Mapping[str, Ints]
    names: Mapping[str, tuple[str, ...]]
    kinds: Ints
    x: Floats
    y: Floats
    filled: Mapping[str, int]  # rows whose name or length was taken from the command line


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """Of each group: kWh of all its requests (NaN where refused), what it is asked as, and why it is refused."""

    kwh: Spans
    combo: Ints
    answers: tuple[Answer | None, ...]  # of a combination: one request amid its own; None where it is refused
    refusal: Ints
    reasons: tuple[str, ...]


def named(groups: Groups, filling: Filling) -> Named:
    """Groups with what the log leaves out."""
    size = len(groups)
    codes = {name: groups.codes.get(name, np.zeros(size, np.int64)).copy() for name in NAMES}
    names = {name: list(groups.names.get(name, ("",))) for name in NAMES}
    kinds, x, y = groups.kinds.copy(), groups.x.copy(), groups.y.copy()
    filled: dict[str, int] = {}

    def fill(one: Filling, among: npt.NDArray[np.bool_]) -> None:
        for name, text in one.names.items():
            here = among & (codes[name] == 0)
            if here.any():
                names[name].append(text)
                codes[name][here] = len(names[name]) - 1
                filled[name] = filled.get(name, 0) + int(groups.rows[here].sum())
        for name, length in one.lengths.items():
            column = y if name == "out_tokens" else x
            here = among & np.isnan(column)
            if here.any():
                column[here] = length
                filled[name] = filled.get(name, 0) + int(groups.rows[here].sum())
                if name != "out_tokens":
                    kinds[here] = _KINDS.index(name)

    endpoints = groups.names.get("endpoint", ("",))
    for service, one in filling.services.items():
        fill(one, np.isin(groups.codes.get("endpoint", np.zeros(size, np.int64)), _at(endpoints, service)))
    fill(filling, np.ones(size, bool))
    taken = [filling.stand_ins.get(name, name) for name in names["model"]]
    return Named(
        groups=groups,
        codes=codes,
        names={**{name: tuple(found) for name, found in names.items()}, "model": tuple(taken)},
        kinds=kinds,
        x=x,
        y=y,
        filled=filled,
    )


def _at(names: Sequence[str], name: str) -> list[int]:
    return [at for at, one in enumerate(names) if one == name]


def price(asked: Named, many: Many, known: Known, scope: Scope | None) -> Priced:
    """kWh of every group."""
    combo, firsts = _combos(asked)
    groups = asked.groups
    if groups.exact or not len(groups):
        x, y, weight = asked.x[:, None], asked.y[:, None], np.ones((len(groups), 1))
    else:
        points = points_of(np.nan_to_num(asked.x), np.nan_to_num(asked.y), groups.xx, groups.xy, groups.yy)
        x, y, weight = points.x, points.y, points.weight
        x, y = (np.where(np.isnan(one)[:, None], np.nan, at) for one, at in ((asked.x, x), (asked.y, y)))
    found, refusal, reasons = _asked(asked, x, y, many, known, scope)
    total = {name: (one.reshape(x.shape) * weight).sum(1) * groups.requests for name, one in found.items()}
    refused = refusal.reshape(x.shape).max(1, initial=0)
    answers = tuple(_one(asked, at, known, scope) for at in firsts)
    return Priced(
        kwh=Spans(**total),
        combo=combo,
        answers=answers,
        refusal=refused,
        reasons=reasons,
    )


def unpriced(asked: Named) -> Priced:
    """No estimate of any group: of a log that says itself what was drawn."""
    size = len(asked.groups)
    zero = np.zeros(size)
    return Priced(
        kwh=Spans(low=zero, value=zero, high=zero),
        combo=np.zeros(size, np.int64),
        answers=(None,),
        refusal=np.zeros(size, np.int64),
        reasons=("",),
    )


def _combos(asked: Named) -> tuple[Ints, list[int]]:
    """Which combination of names each group is, and a group of each, the one with the most requests."""
    parts = [*((asked.codes[name], len(asked.names[name])) for name in NAMES), (asked.kinds, 3)]
    parts += [(np.isnan(one).astype(np.int64), 2) for one in (asked.x, asked.y)]
    key = np.zeros(len(asked.groups), np.int64)
    for codes, size in parts:
        key = np.unique(key * size + codes, return_inverse=True)[1].astype(np.int64)
    firsts = [0] * (int(key.max(initial=-1)) + 1)
    for at in np.argsort(asked.groups.requests, kind="stable"):
        firsts[key[at]] = int(at)
    return key, firsts


def _asked(
    asked: Named, x: Floats, y: Floats, many: Many, known: Known, scope: Scope | None
) -> tuple[dict[str, Floats], Ints, tuple[str, ...]]:
    """kWh of one request at every point; characters at the least, likely and most tokens that they make."""
    at = np.repeat(np.arange(len(asked.groups)), x.shape[1])
    flat_x, flat_y = x.ravel(), y.ravel()
    kinds = asked.kinds[at]
    characters = kinds == 2
    least, likely, most = _rates(asked, known)
    tokens = np.where(characters, flat_x * likely[at], flat_x)
    found, refusal, reasons = _many(asked, at, np.where(characters, 0, kinds), tokens, flat_y, many, scope)
    if characters.any():
        here = np.flatnonzero(characters)
        for side, rate, better in (("low", least, np.minimum), ("high", most, np.maximum)):
            ends, _, _ = _many(
                asked,
                at[here],
                np.zeros(len(here), np.int64),
                flat_x[here] * rate[at[here]],
                flat_y[here],
                many,
                scope,
            )
            found[side][here] = better(found[side][here], ends[side])
    return found, refusal, reasons


def _rates(asked: Named, known: Known) -> tuple[Floats, Floats, Floats]:
    """Tokens a character of each group's language, as bench.estimators.wanted.input_of has them."""
    table = []
    for name in asked.names["language"]:
        own = [rate.ratio for rate in known.token_rates if rate.language == name.strip().upper()[:2]]
        ratios = own or [rate.ratio for rate in known.token_rates] or [1.0]
        table.append((min(ratios), ratios[0], max(ratios)))
    least, likely, most = np.array(table).T
    codes = asked.codes["language"]
    return least[codes], likely[codes], most[codes]


def _many(
    asked: Named, at: Ints, kinds: Ints, x: Floats, y: Floats, many: Many, scope: Scope | None
) -> tuple[dict[str, Floats], Ints, tuple[str, ...]]:
    def coded(name: str) -> Coded:
        return Coded(codes=asked.codes[name][at], names=asked.names[name])

    def numbers(name: str) -> Any:
        values = np.array([_number(text) for text in asked.names[name]])[asked.codes[name][at]]
        return None if (asked.codes[name] == 0).all() else _masked(values, asked.codes[name][at] == 0)

    def lengths(values: Floats, there: npt.NDArray[np.bool_]) -> Any:
        return _masked(np.where(there, values, 0.0), ~there) if there.any() else None

    found = many.estimate(
        Columns(
            model=coded("model"),
            hardware=coded("hardware"),
            precision=coded("precision"),
            engine=coded("engine"),
            batch=numbers("batch"),
            cards=numbers("cards"),
            in_tokens=lengths(x, (kinds == 0) & ~np.isnan(x)),
            audio_seconds=lengths(x, (kinds == 1) & ~np.isnan(x)),
            out_tokens=lengths(y, ~np.isnan(y)),
            scope=scope,
        )
    )
    kwh = {name: getattr(found.energy_kwh, name) for name in ("low", "value", "high")}
    return kwh, found.refusal.astype(np.int64), found.reasons


def _masked(values: Floats, gone: npt.NDArray[np.bool_]) -> Any:
    masked: Any = np.ma
    return masked.array(values, mask=gone)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")  # refused in its rows, with what is needed


def _one(asked: Named, at: int, known: Known, scope: Scope | None) -> Answer | None:
    """What a combination's estimate rests on: the answer of one request with its lengths."""
    said: dict[str, Any] = {name: asked.names[name][asked.codes[name][at]] for name in NAMES}
    for name in ("batch", "cards"):
        said[name] = float(said[name]) if said[name] and not np.isnan(_number(said[name])) else None
    x, y = float(asked.x[at]), float(asked.y[at])
    if not np.isnan(x):
        said[_FIELDS[int(asked.kinds[at])]] = x
    try:
        return answer(Wanted(**said, output_tokens=None if np.isnan(y) else y, scope=scope), known)
    except JoulemarkError:
        return None  # its groups are refused, with the reason
