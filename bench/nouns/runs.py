"""A cell as it was asked for and as it happened, with its energies and the doubts about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bench.nouns.engines import Endpoint, Loaded
from bench.nouns.sensors import Source, Trace
from bench.nouns.words import Basis, Boundary, Domain, Fact, Family, Phase, Weights
from bench.nouns.work import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How requests are sent: closed, by users who wait for answers, or open, at a rate whatever comes back."""

    kind: Literal["closed", "open"]
    users: int = 1  # closed: requests under way at most
    least_think_s: float = 0.0  # closed: an even draw between an answer and the next request
    most_think_s: float = 0.0
    rate_per_s: float = 0.0  # open: Poisson arrivals


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """ENGINE/MODEL:PRECISION/WORKLOAD[@batch=8,concurrency=8,rate=30,load=NAME,device=cpu]"""

    engine: str
    model: str
    precision: str
    workload: str
    batch: int = 1
    concurrency: int = 1
    rate: float | None = None  # requests a second, whatever comes back
    load: str | None = None  # a named scenario, in workloads/loads/
    device: Literal["cpu", "cuda"] | None = None  # None: a GPU where the engine finds one, else the CPU

    def __str__(self) -> str:
        levels = [f"{k}={v}" for k, v in (("batch", self.batch), ("concurrency", self.concurrency)) if v != 1]
        levels += [f"{k}={v:g}" for k, v in (("rate", self.rate),) if v is not None]
        levels += [f"{k}={v}" for k, v in (("load", self.load), ("device", self.device)) if v]
        at = "@" + ",".join(levels) if levels else ""
        return f"{self.engine}/{self.model}:{self.precision}/{self.workload}{at}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long each phase of a cell lasts."""

    window_s: float = 10.0
    windows: int = 2
    idle_s: float = 5.0
    warmup_s: float = 2.0
    sample_period_s: float = 0.05
    # a cell goes on past `windows` until the 95 % interval of its own repeats is this narrow, or so many are made
    precision_ratio: float = 0.02
    most_windows: int | None = None  # None: `windows`, and not one more


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """How well a cell's energy per unit of work is known from its repeats; None: they are worth too few."""

    domain: Domain
    half_width_ratio: float | None  # half of the 95 % interval, statistical alone
    blocks: int
    windows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpec:
    """What was asked: names and numbers only, so that it can be hashed."""

    cell: Cell
    family: Family
    weights: Weights
    weights_path: str | None
    hardware: str
    engine_version: str
    timing: Timing
    workload_sha256: str  # of the declaration and its payloads
    seed: int = 0
    pace: Pace | None = None  # None: one batch after the other, in the engine's own process
    endpoint: Endpoint | None = None
    round: str | None = None  # "COMPARISON/3[/RULE]": measured as one of a comparison's rounds, beside others
    beside: tuple[str, ...] = ()  # ENGINE/MODEL:PRECISION of what was loaded too, its windows in turn with these


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowEnergy:
    """The energy of one domain in one window. Void: energy_j is None and reasons say why."""

    domain: Domain
    device: str
    boundary: Boundary
    basis: Basis
    energy_j: float | None
    low_j: float | None
    high_j: float | None
    start_ns: int
    end_ns: int
    method: str  # "counter", "power", "model"
    witness_j: float | None = None
    components: Mapping[str, float] = field(default_factory=dict)  # standard uncertainties, J; bounds unseen_*_j
    freedom: Mapping[str, int] = field(default_factory=dict)  # degrees of freedom of what few values tell
    peers: Mapping[str, float] = field(default_factory=dict)  # J, by what other tools say of their own spans
    over_peers_j: Mapping[str, float] = field(default_factory=dict)  # this domain's over the same spans
    flags: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    phase: Phase = "work"
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """Calls between sensors: how many, how long they took together, and the energy of one in every domain."""

    calls: int
    busy_s: float
    window_s: float
    energies: tuple[WindowEnergy, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A reason to doubt a domain of a run. `void` takes its figures away; `flag` stands beside them."""

    name: str
    level: Literal["flag", "void"]
    domain: Domain | None  # None: every domain
    evidence: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """How long one phase of many requests took (s). A quantile that too few requests would tell is absent."""

    count: int
    mean_s: float
    least_s: float
    most_s: float
    quantiles_s: Mapping[str, float] = field(default_factory=dict)  # p50_s, p90_s, p95_s, p99_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What went wrong while a run was made: a sensor that died, or all of them."""

    domain: Domain | None  # None: every domain
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What happened; sealed on disk, never edited."""

    id: str
    spec: RunSpec
    started_at: str  # UTC, ISO 8601
    environment: Mapping[str, Fact]
    sources: tuple[Source, ...]
    loaded: Loaded
    trace: Trace
    outcomes: tuple[Outcome, ...]
    workload_notes: tuple[str, ...] = ()
    labelled: int = 0  # requests of the workload that say what a right answer is
    voice: str = ""  # of speech: "synthetic" where a program spoke it
    faults: tuple[Fault, ...] = ()
    server_change: str | None = None  # how the server was another at the end of the cell than when it was opened
