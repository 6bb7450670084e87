"""How right answers were."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A ratio with its 95 % interval; all in 0 to 1."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How right a run's answers were: each labelled request once, however often it was asked."""

    requests: int
    of: int  # that the workload labels; while some were not asked there is no score: what came first is no sample
    unsteady: int  # of the requests, those that were not answered alike each time; their first answer counts
    macro_f1: Share | None = None
    accuracy: Share | None = None
    f1: Mapping[str, float | None] = field(default_factory=dict)  # by class; None: neither meant nor said
