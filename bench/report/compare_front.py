"""The front of a comparison in sentences: who is on it, who is dominated, and where no interval tells."""

from bench.nouns.compared import Compared, WorkCompared
from bench.phrases import Phrase
from bench.phrases import told as spoken
from bench.report.compare_energy import listed, unit_text, work_text

LEAST_FRONT = 2  # a front is of more


def front_text(one: Compared, work: WorkCompared) -> tuple[str, ...]:
    """Which candidates are on the front, dominated, or neither beyond the intervals: a sentence a boundary."""
    said = []
    lacking = sorted({d for p in work.pairs for r in p.ratios for d in r.lacks})
    if len(one.names) > LEAST_FRONT and lacking and not work.standings:
        which = listed(lacking)
        none = Phrase(
            "No front on {work}: no energy of all of them holds the {which} that worked",
            work=work_text(work),
            which=which,
        )
        said.append(spoken(none))
    for boundary in dict.fromkeys(s.boundary for s in work.standings):
        mine = [s for s in work.standings if s.boundary == boundary]
        slow = Phrase("latency")
        speed = slow if mine[0].speed == "e2e" else Phrase("time per {unit}", unit=unit_text(work))
        both = Phrase("energy, {speed} and quality", speed=speed)
        aims = both if mine[0].scored else Phrase("energy and {speed}", speed=speed)
        parts = [
            spoken(
                Phrase(
                    "{names} {words}",
                    names=listed([one.names[s.candidate] for s in mine if s.place == place]),
                    words=words,
                )
            )
            for place, words in (
                ("front", Phrase("on the front")),
                ("undecided", Phrase("not told: an interval holds 1")),
            )
            if any(s.place == place for s in mine)
        ]
        parts += [
            spoken(
                Phrase(
                    "{name} dominated by {others}",
                    name=one.names[s.candidate],
                    others=listed([one.names[n] for n in s.by]),
                )
            )
            for s in mine
            if s.place == "dominated"
        ]
        by = Phrase(
            "By {aims} ({boundary}) on {work}: {places}",
            aims=aims,
            boundary=Phrase(boundary),
            work=work_text(work),
            places=spoken(Phrase("; ")).join(parts),
        )
        said.append(spoken(by))
    return tuple(said)
