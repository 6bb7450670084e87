"""An estimate as it is handed on: energy with its interval, its terms, and all that it rests on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bench.carbon import CarbonGrams
from bench.estimators.roofline import Card, Job
from bench.estimators.wanted import Wanted
from bench.nouns.estimates import Grade, Range
from bench.units import J_PER_KWH

TERMS = ("input", "output", "host", "idle_share")
SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Of one request, in joules; `energy_kwh` and `terms_kwh` are of all that was asked for.

    `terms_j` add up to the value. `device_s`: seconds of one card that a request takes up, None where not known.
    """

    wanted: Wanted
    energy_j: Range
    terms_j: Mapping[str, float]
    basis: Grade
    method: str
    scope: str
    rests_on: tuple[str, ...]
    notes: tuple[str, ...] = ()
    explained: Callable[[], Sequence[str]] = field(default=tuple, compare=False)  # the chain, made when it is read
    card: Card | None = None
    device_s: Range | None = None
    job: Job | None = None  # what the prior priced

    @property
    def chain(self) -> tuple[str, ...]:
        """How the value came about, down to runs, sources and formulas."""
        return tuple(self.explained())

    @property
    def energy_kwh(self) -> Range:
        """Of all requests: lows add and highs add, for their error is one and the same."""
        return times(self.energy_j, self.wanted.count / J_PER_KWH)

    @property
    def terms_kwh(self) -> Mapping[str, float]:
        """Of all requests; they add up to `energy_kwh.value`."""
        return {name: self.terms_j[name] * self.wanted.count / J_PER_KWH for name in TERMS}


def times(one: Range, factor: float) -> Range:
    """A range times a number that is not negative."""
    return Range(low=one.low * factor, value=one.value * factor, high=one.high * factor)


def plain(answer: Answer, carbon: CarbonGrams | None) -> dict[str, object]:
    """The answer as JSON has it (docs/how-to/estimate.md), but for its schema_version."""
    absent: dict[str, object] = {"location": None, "market": None, "embodied": None}
    return {
        "count": answer.wanted.count,
        "energy_kwh": _three(answer.energy_kwh),
        "carbon_g": absent if carbon is None else dict(carbon.figures),
        "terms": dict(answer.terms_kwh),
        "basis": answer.basis,
        "method": answer.method,
        "rests_on": [*answer.rests_on, *(carbon.rests_on if carbon else ())],
        "scope": answer.scope,
        "notes": [*answer.notes, *(carbon.notes if carbon else ())],
    }


def _three(one: Range) -> dict[str, float]:
    return {"low": one.low, "value": one.value, "high": one.high}
