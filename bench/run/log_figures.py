"""Columns of priced groups → figures of each row of a table: energy, grams, embodied, with what they rest on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from bench.carbon import Place, carbon_of
from bench.carbon.factors import Scope as GridScope
from bench.carbon.grams import grams_per_it_kwh
from bench.errors import JoulemarkError
from bench.estimators.answer import Answer
from bench.estimators.usage_sums import Spans, summed, summed_grams
from bench.files.knowing import embodied_of
from bench.files.regions import place_asked, read_regions
from bench.nouns.estimates import Range, exactly
from bench.phrases import Phrase, joined
from bench.run.log_pricing import Named, Priced

Rows = npt.NDArray[np.intp]
_G_PER_KG = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRow:
    """One row of the table: its day and names, rows and requests, kWh of computers, kg with the building.

    None: not known for any of it. `placed_kwh` is the energy that has a place, and that `kg` is of. `reported_…`
    is what the log itself says, without an interval.
    """

    keys: Mapping[str, str]
    rows: int
    requests: float
    input_tokens: float
    output_tokens: float
    kwh: Range | None
    kg: Range | None
    placed_kwh: float
    embodied_kg: Range | None
    reported_kwh: float | None = None
    reported_kg: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Rows that no sum holds, and why."""

    reason: str
    rows: int
    requests: float | None


@dataclass(frozen=True, slots=True)
class Places:
    """Places by the names that a log has for them; one for all where the user says so."""

    grid: GridScope
    one: Place | None
    _known: dict[str, Place | str] = field(default_factory=dict)

    @classmethod
    def of(cls, grid: GridScope, *, region: str, pue: float | None, g_per_kwh: float | None) -> "Places":
        """The place of the command line. Raises BadInput, UnknownName."""
        return cls(grid, place_asked(region, pue=pue, g_per_kwh=g_per_kwh))

    def named(self, name: str) -> Place | str:
        """A place, or why there is none."""
        if not name:
            return self.one or ""
        if name not in self._known:
            try:
                self._known[name] = read_regions().place(name)
            except JoulemarkError as error:
                self._known[name] = error.args[0]
        return self._known[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summing:
    """What is summed by what."""

    asked: Named
    priced: Priced
    by: tuple[str, ...]
    places: Places
    as_logged: bool = False  # nothing is estimated


class Figures:
    """The columns that are summed, by rows and for the total. `told`: the groups that have an estimate."""

    def __init__(self, work: Summing, told: npt.NDArray[np.bool_]) -> None:
        self._work, self._told = work, told
        groups = work.asked.groups
        self._kwh = Spans(**{name: getattr(work.priced.kwh, name)[told] for name in ("low", "value", "high")})
        self._combo = work.priced.combo[told]
        causes = [cause(one) for one in work.priced.answers]
        self._causes = sorted(set(causes))
        self._cause = np.array([self._causes.index(one) for one in causes] or [0], np.intp)[self._combo]
        self._regions = groups.names.get("region", ("",))
        self._place = groups.codes_of("region")[told].astype(np.intp)
        self._places = [work.places.named(name) for name in self._regions]
        factors = [None if isinstance(one, str) else self._factor(one) for one in self._places]
        self._placed = np.array([one is not None for one in factors])[self._place]
        self._grams = _spans(factors, self._place)
        made = [_embodied(one) for one in work.priced.answers] or [None]
        self._made = np.array([one is not None for one in made])[self._combo]
        self._embodied = _spans(made, self._combo)
        self._parts = {name: column[told] for name, column in self._columns().items()}

    def _factor(self, place: Place) -> Range:
        return grams_per_it_kwh(place, scope=self._work.places.grid)

    def _columns(self) -> dict[str, npt.NDArray[np.float64]]:
        asked, groups = self._work.asked, self._work.asked.groups
        tokens = np.where(asked.kinds == 0, np.nan_to_num(asked.x), 0.0)
        return {
            "rows": groups.rows.astype(np.float64),
            "requests": groups.requests,
            "input": groups.requests * tokens,
            "output": groups.requests * np.nan_to_num(asked.y),
            **groups.reported,
        }

    def of(self, row: Rows, keys: Sequence[Mapping[str, str]]) -> Iterator[LogRow]:
        """Rows of the table, one for each of `keys`; `row` says which of them each group is of."""
        count = len(keys)
        kwh = summed(self._kwh, row, self._cause, count)
        placed = self._only(self._placed)
        kg = summed_grams(placed, self._grams, row, self._cause, self._place, count)
        under = np.bincount(row, placed.value, count)
        made = self._only(self._made)
        embodied = [np.bincount(row, made.value * one, count) for one in _three(self._embodied)]
        has_place, has_made = (np.bincount(row, mask, count) > 0 for mask in (self._placed, self._made))
        sums = {name: np.bincount(row, column, count) for name, column in self._parts.items()}
        for at, key in enumerate(keys):
            yield LogRow(
                keys=key,
                rows=int(sums["rows"][at]),
                requests=0.0 if self._work.as_logged else float(sums["requests"][at]),
                input_tokens=float(sums["input"][at]),
                output_tokens=float(sums["output"][at]),
                kwh=None if self._work.as_logged else _range(*(one[at] for one in _three(kwh))),
                kg=_range(*(one[at] / _G_PER_KG for one in _three(kg)))
                if has_place[at] and not self._work.as_logged
                else None,
                placed_kwh=float(under[at]),
                embodied_kg=_range(*(one[at] / _G_PER_KG for one in embodied)) if has_made[at] else None,
                reported_kwh=float(sums["reported_kwh"][at]) if "reported_kwh" in sums else None,
                reported_kg=float(sums["reported_kg"][at]) if "reported_kg" in sums else None,
            )

    def _only(self, mask: npt.NDArray[np.bool_]) -> Spans:
        low, value, high = (np.where(mask, one, 0.0) for one in _three(self._kwh))
        return Spans(low=low, value=value, high=high)

    def methods(self) -> Mapping[str, float]:
        """How estimates were come by, each with its share of the energy."""
        found: dict[str, float] = {}
        total = float(self._kwh.value.sum()) or 1.0
        each = np.bincount(self._combo, self._kwh.value, max(1, len(self._work.priced.answers)))
        for one, kwh in zip(self._work.priced.answers, each, strict=False):
            if one is not None and kwh > 0:
                name = Phrase(
                    "{method} ({basis}, {scope})",
                    method=Phrase(one.method),
                    basis=Phrase(one.basis),
                    scope=Phrase(one.scope),
                )
                found[name] = found.get(name, 0.0) + float(kwh) / total
        return dict(sorted(found.items(), key=lambda pair: -pair[1]))

    def rests_on(self) -> tuple[str, ...]:
        """What estimates and factors rest on, each said once."""
        if self._work.as_logged:
            return ()
        used = set(map(int, np.unique(self._combo)))
        lines = [line for at in sorted(used) if (one := self._work.priced.answers[at]) for line in one.rests_on]
        for place in self._used_places():
            lines += carbon_of(exactly(0.0), place, scope=self._work.places.grid).rests_on
        return tuple(dict.fromkeys(lines))

    def notes(self) -> Iterator[str]:
        """What a reader of any sum has to know."""
        if self._work.as_logged:
            yield Phrase("kWh and kg are the log's own, which gives no interval: nothing in it could be estimated")
            return
        if self._work.asked.groups.reported:
            yield Phrase(
                "what the log says itself stands beside the estimates, of the same rows, without an interval"
            )
        used = set(map(int, np.unique(self._combo)))
        answers = [one for at in sorted(used) if (one := self._work.priced.answers[at])]
        yield from self._mixed(answers)
        said: dict[str, list[str]] = {}
        for one in answers:
            for note in one.notes:
                said.setdefault(note, []).append(one.wanted.model)
        for note, models in said.items():
            few = list(dict.fromkeys(models))
            named = f"{', '.join(few[:3])}{' …' if len(few) > 3 else ''}"
            yield Phrase("{models}: {note}", models=named, note=note)
        for place in self._used_places():
            yield from carbon_of(exactly(0.0), place, scope=self._work.places.grid).notes
        yield from self._unplaced()

    def _mixed(self, answers: Sequence[Answer]) -> Iterator[str]:
        """What is summed though it is not alike."""
        scopes: dict[str, list[str]] = {}
        for one in answers:
            scopes.setdefault(one.scope, []).append(one.wanted.model)
        if len(scopes) > 1:
            told = joined(
                (
                    Phrase("{scope}: {models}", scope=Phrase(scope), models=", ".join(dict.fromkeys(models)))
                    for scope, models in scopes.items()
                ),
                "; ",
            )
            yield Phrase(
                "energies of {n} scopes are in one sum ({told}); --scope wall has them alike",
                n=len(scopes),
                told=told,
            )
        if len(self._causes) > 1:
            yield Phrase(
                "intervals of {n} causes in quadrature: {named}", n=len(self._causes), named=joined(self._causes)
            )

    def _unplaced(self) -> Iterator[str]:
        rows = self._parts["rows"]
        for code, (name, place) in enumerate(zip(self._regions, self._places, strict=True)):
            count = int(rows[self._place == code].sum())
            if isinstance(place, str) and count:
                if name:
                    yield Phrase("no grams for {count} rows: {place}", count=count, place=place)
                elif len(self._regions) > 1:
                    yield Phrase("no grams for {count} rows that name no region; --region says one", count=count)
        if not self._placed.any():
            yield Phrase("no region: no grams; --region francecentral, or --pue with --g-per-kwh")

    @property
    def unplaced(self) -> bool:
        """Whether some energy has a place and some has not."""
        return bool(self._placed.any() and not self._placed.all() and not self._work.as_logged)

    def _used_places(self) -> list[Place]:
        used = set(map(int, np.unique(self._place)))
        return [one for at, one in enumerate(self._places) if at in used and not isinstance(one, str)]


def cause(one: Answer | None) -> str:
    """What an estimate errs alike with: the prior, or the meter of a measured machine."""
    if one is None or one.card is not None:
        return Phrase("the prior")
    # "engine version, model:precision on HARDWARE, boundary: weights": one machine's meter is in all of its cells
    return Phrase("measurements on {hardware}", hardware=one.rests_on[0].rpartition(" on ")[2].partition(",")[0])


def _embodied(one: Answer | None) -> Range | None:
    """Embodied grams a kWh of the value: by the seconds that such a request holds its hardware."""
    if one is None or one.energy_kwh.value <= 0:
        return None
    found, _ = embodied_of(one)
    each = one.energy_kwh.value
    return None if found is None else Range(low=found.low / each, value=found.value / each, high=found.high / each)


def _spans(ranges: Sequence[Range | None], at: npt.NDArray[np.integer]) -> Spans:
    three = np.array([(0.0, 0.0, 0.0) if one is None else tuple(one) for one in ranges])[at]
    return Spans(low=three[:, 0], value=three[:, 1], high=three[:, 2])


def _three(one: Spans) -> tuple[npt.NDArray[np.float64], ...]:
    return one.low, one.value, one.high


def _range(low: float, value: float, high: float) -> Range:
    """A range; a bound that only rounding put on the value's other side lies on it."""
    return Range(low=min(float(low), float(value)), value=float(value), high=max(float(high), float(value)))
