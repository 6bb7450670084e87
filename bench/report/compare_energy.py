"""The energy of two candidates in words: of which boundary, by what basis, and whose joules are in no ratio."""

from collections.abc import Sequence

from bench.nouns.compared import Compared, Level, Pair, Ratio, WorkCompared
from bench.report.numbers import shown
from bench.report.ratio_text import ratio_text

MODEL_NOTE = "cannot see the power of the instruction mix"
_UNITS = {"audio_second": "audio s", "video_second": "video s"}


def energy_parts(one: Compared, work: WorkCompared, pair: Pair, at: str) -> list[str]:
    """The ratios of energy in words, one part each; `at`: on what work.

    A boundary that holds every device comes first. Where none does, there is no ratio of the whole, and what the
    other devices drew stands beside it: never added, for it is of another boundary, and often of another basis.
    """
    a, b = one.names[pair.one], one.names[pair.other]
    energies = sorted((r for r in pair.ratios if r.measure == "energy"), key=lambda r: bool(r.lacks))
    if not energies:
        return [f"{a} and {b} have no energy to compare {at}"]
    first = energies[0]
    if first.lacks:
        said = told_text(first, basis_text(first), whose=f" of {b}")
        whole = f"no ratio of the whole energy of {a} and {b} {at}"
        parts = [f"{whole}: {a} comes to {said}" if told(first) else f"{whole}; {said}"]
        parts += _outside(one, work, pair, first.lacks)
    elif told(first):
        verb = "uses" if first.tells else "came to"  # one round tells nothing beyond itself
        parts = [f"{a} {verb} {ratio_text(first)} of the energy of {b} {at} ({basis_text(first)})"]
    else:
        parts = [f"{a} and {b} {at}: {untold(first, 'energy', basis_text(first))}"]
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
            said.append(f"what the {device} drew under {name} has no figure, and is in no ratio")
        else:
            drawn = f"the {shown(level.value, 'J')} per {unit_text(work)} of the {device} under {name}"
            said.append(f"{drawn}, {word(level)}, are in no ratio: another boundary")
    return said


def told_text(one: Ratio, basis: str, whose: str = "") -> str:
    """`0.70 of it (…)`; `0.70 of the host's energy (…)` where the boundary lacks a device that worked."""
    what = f"the {one.boundary}'s energy" if one.lacks else "it"
    if not told(one):
        return untold(one, what if one.lacks else "energy", basis)
    return f"{ratio_text(one)} of {what}{whose} ({basis})"


def basis_text(one: Ratio) -> str:
    """The boundary and the basis of a ratio: a modelled one says what its model cannot see."""
    said = f"{one.boundary}, " if one.boundary else ""
    if one.basis == "modelled":
        of = " from a declared power" if one.simulated else ""
        return f"{said}MODELLED{of}: {MODEL_NOTE}"
    return f"{said}{word(one)}"


def word(one: Ratio | Level) -> str:
    """The basis in a word: what a program gave is never called measured."""
    if one.basis == "modelled":
        return "MODELLED"
    return "SIMULATED" if one.simulated else str(one.basis)


def unit_text(work: WorkCompared) -> str:
    """The unit of a work's figures: `token`, `audio s`."""
    return _UNITS.get(work.unit, work.unit.replace("_", " "))


def told(one: Ratio) -> bool:
    """Whether its value may stand by itself: a single round, or an interval on one side of 1."""
    return one.low is None or one.tells


def untold(one: Ratio, what: str, more: str = "") -> str:
    """An interval that holds 1; its own brackets would stand in others."""
    value = ratio_text(one).replace(" (", ", ").replace(")", "")
    return f"no difference in {what} that these rounds can tell ({'; '.join(filter(None, (value, more)))})"
