"""What a comparison is made of: candidates, what each of their runs showed, and paired ratios with intervals."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from bench.errors import BadInput
from bench.nouns.scores import Share
from bench.nouns.words import Basis, Boundary

COMPARISON_SCHEMA_VERSION = 1  # of OUT/comparisons/ID.json
LEAST_PRICE, MOST_PRICE = 1e-4, 1e6  # an hour; chosen: a single-board computer to a whole data centre

# energy: gross J a unit; time: s a unit; e2e: the median time of a request, from its due moment to its end
Measure: TypeAlias = Literal["energy", "time", "e2e"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What every candidate is asked to do, and how much of it at once."""

    workload: str
    batch: int = 1
    concurrency: int = 1
    rate: float | None = None
    load: str | None = None

    def __str__(self) -> str:
        levels = [f"{k}={v}" for k, v in (("batch", self.batch), ("concurrency", self.concurrency)) if v != 1]
        levels += [f"rate={self.rate:g}"] if self.rate is not None else []
        levels += [f"load={self.load}"] if self.load else []
        return self.workload + ("@" + ",".join(levels) if levels else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Joules:
    """The gross energy of one run within one boundary, per unit of work."""

    basis: Basis
    value_j: float
    low_j: float  # of a model's low and high series; the value itself where it is measured
    high_j: float
    path: str  # device, driver and method: who read it, and how
    gain_ratio_95: float = 0.0
    own_ratio: float = 0.0  # standard uncertainty of the windows themselves, of the energy
    unseen_low_ratio: float = 0.0  # how far what the sensor never saw may move it
    unseen_high_ratio: float = 0.0
    simulated: bool = False  # no sensor stands behind it
    holds_gpu: bool = False  # read of a whole module: the board is in it


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What made a run: rounds of one candidate must agree in it, and hardware and weights over all candidates."""

    engine: str
    engine_version: str
    model: str
    precision: str
    weights: str
    hardware: str
    device: str
    workload_sha256: str
    driver: str | None = None  # of the device that worked
    power_limit_w: float | None = None
    # as in a coefficient's key
    weights_path: str | None = None
    endpoint: str | None = None
    threads: int | None = None
    parameters: int | None = None

    @property
    def works_on(self) -> Boundary:
        """The boundary of the device that did the work: an energy without it is not that of the work."""
        return "cpu" if self.device == "cpu" else "gpu"


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """One run of one candidate, as a comparison takes it."""

    run_id: str
    candidate: int  # its place on the command line
    round: int
    work: Work
    made: Made
    unit: str  # "output_token", "audio_second", …: what energy and time are per
    per_request: Mapping[str, float]  # achieved units a request, by field of Usage
    time_s: float  # a unit
    e2e_s: float
    joules: Mapping[Boundary, Joules] = field(default_factory=dict)
    void: Mapping[Boundary, str] = field(default_factory=dict)  # boundaries without a figure, and why
    scores: Mapping[str, Share] = field(default_factory=dict)
    unscored: str = ""  # why there is no score
    scored_by: str = ""  # by whose rules, and on whose voices
    loaded_with: tuple[str, ...] = ()  # it and those in memory with it, whose windows came in turn; (): alone
    idle_taken: bool = False  # the idle of pauses between trains is in no figure of it
    paused_ratio: float = 0.0  # of the windows: what lies between batches, or between trains of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """The first candidate's figure over another's, paired by round. One round alone has no interval."""

    measure: Measure
    boundary: Boundary | None  # of an energy
    basis: Basis
    value: float
    low: float | None
    high: float | None
    rounds: int
    # half-widths at 95 %, as logarithms of the ratio: statistical, windows, gain, model, unseen_low, unseen_high
    components: Mapping[str, float] = field(default_factory=dict)
    gain_cancels: bool | None = None  # None: there is no board's gain in it
    simulated: bool = False
    lacks: tuple[Boundary, ...] = ()  # devices that one of the two worked on and that no joule of it is of
    unequal_work: bool = False  # of e2e: a request is more work for one than for the other

    @property
    def tells(self) -> bool:
        """Whether the interval lies on one side of 1."""
        return self.low is not None and self.high is not None and (self.high < 1 or self.low > 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """To how many of the same labelled requests two runs gave the same answer."""

    same: int
    of: int

    @property
    def others_high_ratio(self) -> float | None:
        """What share of further requests may be answered unlike, 95 %, where none of these was; else None.

        1 − 0.05^(1/n), nearly 3/n: the rule of three (Hanley, Lippman-Hand, JAMA 249 (1983) 1743; checked
        2026-11-21).
        """
        return None if self.same < self.of else -math.expm1(math.log(0.05) / self.of)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What two runs' answers to the same questions show together: how often they agree, and bounds by score.

    Bounds are those of the first's score less the other's; a score without them has too few questions.
    """

    agreement: Agreement
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The first candidate's score less another's, with its 95 % interval.

    `paired`: question by question, for both answered the same ones; else as of two independent scores.
    """

    score: str
    value: float
    low: float
    high: float
    paired: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """What one candidate showed over its rounds: the geometric mean, and Student's interval over rounds alone."""

    measure: Measure
    boundary: Boundary | None
    basis: Basis
    value: float
    low: float | None
    high: float | None
    rounds: int
    simulated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two candidates on one work: `one` over `other`."""

    one: int
    other: int
    ratios: tuple[Ratio, ...]
    differences: tuple[Difference, ...] = ()
    no_quality: str = ""  # why there is no difference of quality
    agreement: Agreement | None = None  # None: they did not answer the same labelled requests
    runs: tuple[tuple[str, str], ...] = ()  # (a run of one, its partner), round by round
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a candidate stands among more than two: on the front, behind another, or not told."""

    candidate: int
    boundary: Boundary
    place: Literal["front", "dominated", "undecided"]
    by: tuple[int, ...] = ()  # whom it is dominated by
    scored: bool = False  # whether quality was one of the aims
    speed: Measure = "e2e"  # the aim of time: that of a unit where requests are unequal work


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkCompared:
    """All that was learnt on one work."""

    work: Work
    unit: str
    levels: tuple[tuple[Level, ...], ...]  # of each candidate
    pairs: tuple[Pair, ...]  # each candidate against every later one
    standings: tuple[Standing, ...] = ()  # of more than two
    price_per_1000: tuple[Level | None, ...] = ()  # of each candidate, where a price is known


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What the machine costs."""

    per_hour: float
    currency: str
    source: str


def check_price(per_hour: float, where: str) -> None:
    """Raises BadInput for a price an hour that no machine has; 0 is a machine for free."""
    if per_hour and not LEAST_PRICE <= per_hour <= MOST_PRICE:
        raise BadInput(f"{where}: {per_hour:g} an hour: expected 0, or {LEAST_PRICE:g} to {MOST_PRICE:,.0f}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A whole comparison: values only, so that it can be recomputed and compared digit by digit."""

    candidates: tuple[Made, ...]
    names: tuple[str, ...]  # what tells the candidates apart, short
    works: tuple[WorkCompared, ...]
    interleaved: bool
    set_apart: tuple[str, ...] = ()  # runs that were not taken, each with its reason
    notes: tuple[str, ...] = ()
    price: Price | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """One run of a comparison: whose it is, and of which round."""

    run_id: str
    candidate: int
    round: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A run that does not read whole: in no figure, and never without a word."""

    run_id: str
    why: str
    candidate: int | None = None  # None: not even its seal reads
    round: int | None = None  # which is kept for it, so that no other slips into it
    work: str = ""

    def text(self, names: Sequence[str]) -> str:
        """Which run of whom is left out, and why."""
        at = "" if self.round is None else f", round {self.round}"
        of = "" if self.candidate is None else f" of {names[self.candidate]}"
        return f"{self.run_id}{at}{of}: does not read whole: {self.why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonRecord:
    """What a comparison rests on; all else follows from it."""

    schema_version: int = COMPARISON_SCHEMA_VERSION
    id: str
    names: tuple[str, ...]
    runs: tuple[Take, ...]
    interleaved: bool
    measured_for_it: bool  # its rounds bear its name, and all of those that do are in it
    stopping: str = ""  # when rounds ended
    left_out: tuple[LeftOut, ...] = ()
    price: Price | None = None
