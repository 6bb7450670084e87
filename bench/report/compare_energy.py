"""The energy of two candidates in words: of which boundary, by what basis, and whose joules are in no ratio."""

from collections.abc import Sequence

from bench.nouns.compared import Compared, Level, Pair, Ratio, WorkCompared
from bench.phrases import Phrase, joined
from bench.phrases import told as spoken
from bench.report.numbers import shown
from bench.report.ratio_text import ratio_text

MODEL_NOTE = Phrase("cannot see the power of the instruction mix")
_UNITS = {"audio_second": "audio s", "video_second": "video s"}


def energy_parts(one: Compared, work: WorkCompared, pair: Pair, at: str) -> list[str]:
    """The ratios of energy in words, one part each; `at`: on what work.

    A boundary that holds every device comes first. Where none does, there is no ratio of the whole, and what the
    other devices drew stands beside it: never added, for it is of another boundary, and often of another basis.
    """
    a, b = one.names[pair.one], one.names[pair.other]
    energies = sorted((r for r in pair.ratios if r.measure == "energy"), key=lambda r: bool(r.lacks))
    if not energies:
        return [spoken(Phrase("{a} and {b} have no energy to compare {at}", a=a, b=b, at=at))]
    first = energies[0]
    if first.lacks:
        said = told_text(first, basis_text(first), whose=spoken(Phrase(" of {name}", name=b)))
        whole = Phrase("no ratio of the whole energy of {a} and {b} {at}", a=a, b=b, at=at)
        form = Phrase("{whole}: {a} comes to {said}", whole=whole, a=a, said=said)
        parts = [spoken(form if told(first) else Phrase("{whole}; {said}", whole=whole, said=said))]
        parts += _outside(one, work, pair, first.lacks)
    elif told(first):
        figures = {"a": a, "ratio": ratio_text(first), "b": b, "at": at, "basis": basis_text(first)}
        uses = Phrase("{a} uses {ratio} of the energy of {b} {at} ({basis})", **figures)
        once = Phrase("{a} came to {ratio} of the energy of {b} {at} ({basis})", **figures)
        parts = [spoken(uses if first.tells else once)]  # one round tells nothing beyond itself
    else:
        said = untold(first, Phrase("energy"), basis_text(first))
        parts = [spoken(Phrase("{a} and {b} {at}: {said}", a=a, b=b, at=at, said=said))]
    return parts + [told_text(more, basis_text(more)) for more in energies[1:]]


def _outside(one: Compared, work: WorkCompared, pair: Pair, devices: Sequence[str]) -> list[str]:
    """What devices drew that no ratio of the pair holds."""
    said = []
    for number in (pair.one, pair.other):
        device, name = one.candidates[number].works_on, one.names[number]
        if device not in devices:
            continue
        level = next((v for v in work.levels[number] if v.measure == "energy" and v.boundary == device), None)
        if level is None:
            without = Phrase(
                "what the {device} drew under {name} has no figure, and is in no ratio", device=device, name=name
            )
            said.append(spoken(without))
        else:
            outside = Phrase(
                "the {energy} per {unit} of the {device} under {name}, {basis}, are in no ratio: another boundary",
                energy=shown(level.value, "J"),
                unit=unit_text(work),
                device=device,
                name=name,
                basis=Phrase(word(level)),
            )
            said.append(spoken(outside))
    return said


def told_text(one: Ratio, basis: str, whose: str = "") -> str:
    """`0.70 of it (…)`; `0.70 of the host's energy (…)` where the boundary lacks a device that worked."""
    boundary = Phrase(one.boundary or "")
    what = Phrase("the {boundary}'s energy", boundary=boundary) if one.lacks else Phrase("it")
    if not told(one):
        return untold(one, what if one.lacks else Phrase("energy"), basis)
    said = {"ratio": ratio_text(one), "what": what, "whose": whose, "basis": basis}
    return spoken(Phrase("{ratio} of {what}{whose} ({basis})", **said))


def basis_text(one: Ratio) -> str:
    """The boundary and the basis of a ratio: a modelled one says what its model cannot see."""
    said = f"{spoken(Phrase(one.boundary))}, " if one.boundary else ""
    if one.basis == "modelled":
        form = Phrase("MODELLED from a declared power: {note}", note=MODEL_NOTE)
        return said + spoken(form if one.simulated else Phrase("MODELLED: {note}", note=MODEL_NOTE))
    return f"{said}{spoken(Phrase(word(one)))}"


def word(one: Ratio | Level) -> str:
    """The basis in a word: what a program gave is never called measured."""
    if one.basis == "modelled":
        return "MODELLED"
    return "SIMULATED" if one.simulated else str(one.basis)


def unit_text(work: WorkCompared) -> str:
    """The unit of a work's figures: `token`, `audio s`."""
    return spoken(Phrase(_UNITS.get(work.unit, work.unit.replace("_", " "))))


def told(one: Ratio) -> bool:
    """Whether its value may stand by itself: a single round, or an interval on one side of 1."""
    return one.low is None or one.tells


def untold(one: Ratio, what: str, more: str = "") -> str:
    """An interval that holds 1; its own brackets would stand in others."""
    value = ratio_text(one).replace(" (", ", ").replace(")", "")
    said = "; ".join(filter(None, (value, more)))
    return spoken(Phrase("no difference in {what} that these rounds can tell ({said})", what=what, said=said))


def work_text(work: WorkCompared) -> str:
    """On what two were compared: `prompt-32-8 at batch 1`."""
    one = work.work
    more = [Phrase("concurrency {n}", n=one.concurrency)] if one.concurrency != 1 else []
    more += [Phrase("{rate:g} requests/s", rate=one.rate)] if one.rate is not None else []
    more += [Phrase("load {load}", load=one.load)] if one.load else []
    at = joined(more) if more else Phrase("batch {n}", n=one.batch)
    return spoken(Phrase("{workload} at {load}", workload=one.workload, load=at))


def listed(names: Sequence[str]) -> str:
    """`a, b and c`."""
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + spoken(Phrase(" and ")) + names[-1]
