"""All that the readings of a trace tell of one source, before any window is cut."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bench.nouns import POWER_FIELDS, Passport, Source
from bench.physics import counter, gauge
from bench.physics.passport import examine
from bench.physics.series import Series, SeriesMap
from bench.physics.ticks import Ticks

# No board draws twice its enforced limit over a whole window: the counter jumped, or changed its unit. Chosen: a
# single reading up to 1.7 times it is let pass elsewhere (ML.ENERGY, check_power_range; checked 2026-11-21).
IMPOSSIBLE_RATIO = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """All that was seen of one domain: its passport, and the ticks of each of its fields."""

    source: Source
    passport: Passport
    marks: Mapping[str, Ticks]
    highest_w: float = 0.0  # the highest power that any field showed, or limit that it was given
    absurd: Mapping[str, Series] = field(default_factory=dict)  # readings of a power that no board draws, by field
    shown: Mapping[str, Series] = field(default_factory=dict)  # the others of each power field

    @property
    def course(self) -> Ticks | None:
        """The ticks that follow its energy best: the counter's, the model's, or a power field's; None: none do."""
        names = ("counter", "value", *POWER_FIELDS)
        return next((self.marks[n] for n in names if n in self.marks and len(self.marks[n].t_ns) > 1), None)


def look_at(source: Source, known: SeriesMap) -> Look:
    """All that the readings of a trace tell of one source, before any window is cut."""
    passport = examine(source, known)
    read = known.get((source.domain, "read_s", "condition"))
    read_s = max(read.values) if read else 0.0
    marks, absurd, shown, highest_w = {}, {}, {}, 0.0
    for name, one in passport.fields.items():
        if found := known.get((source.domain, name, "energy")):
            marks[name] = counter.ticks(found, one, read_s)
        elif found := known.get((source.domain, name, "power")):
            likely, absurd[name] = _likely(found, source)
            shown[name] = likely
            if len(likely):
                marks[name] = gauge.ticks(likely, one, read_s)
                highest_w = max(highest_w, *likely.values)
    marks = _with_swings(marks)
    limits = known.get((source.domain, "power_limit_w", "condition"))
    highest_w = max(highest_w, *limits.values) if limits else highest_w
    return Look(source=source, passport=passport, marks=marks, highest_w=highest_w, absurd=absurd, shown=shown)


def _with_swings(marks: Mapping[str, Ticks]) -> dict[str, Ticks]:
    """The same, smeared fields beside the shortest looks there are: those show what a mean has lost."""
    sharp = next((marks[n] for n in POWER_FIELDS if n in marks and not marks[n].smear_s), None)
    return {name: replace(one, swings=sharp) if one.smear_s else one for name, one in marks.items()}


def _likely(power: Series, source: Source) -> tuple[Series, Series]:
    """The readings that a board can draw, and those that none does: nothing at all, or twice its limit."""
    most_w = IMPOSSIBLE_RATIO * (source.power_limit_w or math.inf)
    pairs = list(zip(power.t_ns, power.values, strict=True))
    kept = [(t, v) for t, v in pairs if 0 < v <= most_w]
    left = [(t, v) for t, v in pairs if not 0 < v <= most_w]
    made = [Series(tuple(t for t, _ in some), tuple(v for _, v in some)) for some in (kept, left)]
    return made[0], made[1]
