"""Daily analytics in YAML, as the older calculators take them: how often each service was called, day by day.

    genai:
      description: …
      chatbots:
      - date: '2025-08-12'
        count: 1259
      completions: …
      translations: …

Sections beside `genai` (sessions, content) count no model's work and are left alone. A day that is missing is not
known; it is never zero. A week of such a file lies in tests/golden/older (invented, as public ones are not ours).
Source of the shape: github.com/LaurealDente/env5001 at ee2eddf and its siblings (checked 2026-11-22).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from bench.errors import BadDeclaration
from bench.files.interop.yaml_nodes import Node, parse_yaml, read_yaml

# a kind of service → the profile of the older calculators that prices it
PROFILES: Mapping[str, str] = {
    "chatbots": "chatbot",
    "completions": "completion",
    "translations": "translation",
}
_MOST_CALLS = 10**12  # of a day; chosen: beyond any service
_SHOWN = 5  # missing days that a note names


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCount:
    """The calls of one day, and where the file says so."""

    day: date
    count: int
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceCounts:
    """The days of one kind of service, in their order, and those missing between its first and its last."""

    kind: str
    days: tuple[DayCount, ...]
    missing: tuple[date, ...]

    @property
    def calls(self) -> int:
        """All calls that the file counts."""
        return sum(one.count for one in self.days)


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyCounts:
    """One file's counts by kind. `left`: sections that were not read."""

    services: tuple[ServiceCounts, ...]
    description: str = ""
    left: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of any sum must know: days that are missing, kinds that end apart, sections left alone."""
        return (*(_gaps(one) for one in self.services if one.missing), *self._ends(), *self._left())

    def _ends(self) -> tuple[str, ...]:
        spans = {one.kind: (one.days[0].day, one.days[-1].day) for one in self.services if one.days}
        if len(set(spans.values())) < 2:
            return ()
        told = "; ".join(f"{kind} {first} to {last}" for kind, (first, last) in spans.items())
        return (f"kinds do not span the same days: {told}",)

    def _left(self) -> tuple[str, ...]:
        return (f"not read: {', '.join(self.left)}",) if self.left else ()


def read_daily_counts(path: Path, kinds: Sequence[str] = tuple(PROFILES)) -> DailyCounts:
    """The counts of a file. `kinds`: the services that it may hold.

    Raises BadInput; BadDeclaration with line, place and the nearest name; CannotRun without PyYAML.
    """
    return _counts(read_yaml(path), kinds)


def parse_daily_counts(data: bytes, file: str, kinds: Sequence[str] = tuple(PROFILES)) -> DailyCounts:
    """The counts in these bytes, which errors call `file`. Raises as read_daily_counts does."""
    return _counts(parse_yaml(data, file), kinds)


def _counts(root: Node, kinds: Sequence[str]) -> DailyCounts:
    genai = root.of("genai")
    held = genai.named(("description", *kinds))
    services = tuple(_service(name, node) for name, node in held.items() if name != "description")
    if not services:
        raise genai.wrong(f"one of {', '.join(kinds)}")
    return DailyCounts(
        services=services,
        description=held["description"].text() if "description" in held else "",
        left=tuple(name for name in root.named() if name != "genai"),
    )


def _service(kind: str, node: Node) -> ServiceCounts:
    seen: dict[date, DayCount] = {}
    for entry in node.listed():
        entry.named(("date", "count"))
        found = DayCount(day=entry.of("date").day(), count=entry.of("count").whole(_MOST_CALLS), line=entry.line)
        if (first := seen.get(found.day)) is not None:
            raise BadDeclaration(
                entry.file,
                found.line,
                f"{entry.path}.date is {found.day}, which line {first.line} counts already; needed is one entry "
                "a day: leave one, or add the two counts up",
            )
        seen[found.day] = found
    if not seen:
        raise node.wrong("one day or more")
    days = tuple(seen[day] for day in sorted(seen))
    return ServiceCounts(kind=kind, days=days, missing=_missing(days))


def _missing(days: Sequence[DayCount]) -> tuple[date, ...]:
    there = {one.day for one in days}
    span = (days[-1].day - days[0].day).days
    between = (days[0].day + timedelta(days=n) for n in range(span))
    return tuple(day for day in between if day not in there)


def _gaps(one: ServiceCounts) -> str:
    shown = ", ".join(map(str, one.missing[:_SHOWN]))
    more = ", …" if len(one.missing) > _SHOWN else ""
    whole = (one.days[-1].day - one.days[0].day).days + 1
    return f"{one.kind}: {len(one.missing)} of {whole} days are missing, not zero: {shown}{more}"
