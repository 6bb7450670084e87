"""Observations of one field as a series: times and values, in time order."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from bench.nouns import Condition, Domain, Observation, Reading
from bench.nouns.witnesses import peer_label


@dataclass(frozen=True, slots=True)
class Series:
    """Readings of one field of one domain: `t_ns` ascending, `values` in J, W or the condition's unit."""

    t_ns: tuple[int, ...]
    values: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.t_ns)

    def between(self, start_ns: int, end_ns: int) -> "Series":
        """The readings inside [start_ns, end_ns]."""
        first, last = bisect_left(self.t_ns, start_ns), bisect_right(self.t_ns, end_ns)
        return Series(self.t_ns[first:last], self.values[first:last])


Kind: TypeAlias = Literal["energy", "power", "condition"]
SeriesMap: TypeAlias = Mapping[tuple[Domain, str, Kind], Series]


def series(observations: Iterable[Observation]) -> SeriesMap:
    """Every field's series, keyed by (domain, field or condition name, kind); what peers said is left out."""
    gathered: dict[tuple[Domain, str, Kind], list[tuple[int, float]]] = {}
    for one in observations:
        key: tuple[Domain, str, Kind]
        if isinstance(one, Reading):
            key = (one.domain, one.field, one.kind)
        else:
            assert isinstance(one, Condition)
            key = (one.domain, one.name, "condition")
        gathered.setdefault(key, []).append((one.t_ns, one.value))
    made = {}
    for key, pairs in gathered.items():
        if peer_label(key[1]):
            continue  # a peer is no sensor of ours
        pairs.sort(key=lambda pair: pair[0])
        made[key] = Series(tuple(t for t, _ in pairs), tuple(v for _, v in pairs))
    return made
