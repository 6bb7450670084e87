"""Calls and their limits as text for people, and as plain values for a benchmark's JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.nouns import Calls
from bench.physics.ledger import Entry, ledger
from bench.report.call_limit import JudgedLimit, loud_basis
from bench.report.numbers import VOID, shown, spoken
from bench.report.words import SPAN_NOTE
from bench.stats import significant

_HEAD = ("name", "J per call", "interval", "W", "basis", "boundary", "limit")
_GROSS = "gross: the idle of whatever the boundary holds is inside, and what else ran meanwhile"
_NAMED = 3  # tests whose names stand before a remark; more are counted
_ENDS = {"over": "OVER", "unmeasured": "NOT MEASURED"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRow:
    """One test as its summary tells it; no calls: nothing was measured, and `why` says why."""

    name: str
    calls: Calls | None = None
    why: str = ""
    judged: tuple[JudgedLimit, ...] = ()


def extra_info(calls: Calls) -> list[dict[str, Any]]:
    """One object for each basis and boundary, joules of one call; those of no energy say why."""
    return [
        {
            "boundary": one.boundary,
            "basis": one.basis,
            "energy_per_call_j": one.energy_j,
            "low_j": one.low_j,
            "high_j": one.high_j,
            "power_w": _power_w(one, calls),
            "calls": calls.calls,
            "busy_s": significant(calls.busy_s),
            "domains": list(one.domains),
            "notes": list(_notes(one, calls)),
            "reasons": list(one.reasons),
        }
        for one in ledger(calls.energies).entries
    ]


def judged_info(judged: Sequence[JudgedLimit]) -> list[dict[str, Any]]:
    """What the limits came to."""
    return [
        {
            "max_j": significant(j.limit.most_j),
            "boundary": j.limit.boundary,
            "judgement": j.judgement,
            "why": j.why,
        }
        for j in judged
    ]


def call_table(rows: Sequence[CallRow]) -> list[str]:
    """A line for each test and boundary; what a figure is, or why there is none, below."""
    lines: list[tuple[str, ...]] = []
    remarks: list[tuple[str, str]] = []
    for row in rows:
        found = ledger(row.calls.energies).entries if row.calls else ()
        lines += [_line(row, one) for one in found] or [(row.name, "none", "", "", "none", "", _limits(row, None))]
        remarks += [(row.name, text) for text in _remarks(row, found)]
    columns = [max(map(len, column)) for column in zip(_HEAD, *lines, strict=True)]
    used = [i for i in range(len(_HEAD)) if any(line[i] for line in lines)]
    drawn = [
        "  ".join(line[i].ljust(columns[i]) for i in used).rstrip()
        for line in (_HEAD, tuple("─" * n for n in columns), *lines)
    ]
    told = [_GROSS] if any(row.calls for row in rows) else []
    told += [SPAN_NOTE] if any(line[4] == "MODELLED" for line in lines) else []
    return [*drawn, *_merged(remarks, len(rows)), *told]


def _line(row: CallRow, one: Entry) -> tuple[str, ...]:
    if one.energy_j is None:
        return row.name, VOID, "", "", loud_basis(one), one.boundary, _limits(row, one)
    assert row.calls is not None, "an entry is made of calls"
    said = spoken(one.energy_j, one.low_j, one.high_j, "J")
    power = shown(_power_w(one, row.calls))
    ends = f"{said.low} to {said.high}"
    return row.name, f"{said.value} {said.unit}", ends, power, loud_basis(one), one.boundary, _limits(row, one)


def _limits(row: CallRow, one: Entry | None) -> str:
    """The limits that touch this line, and what they came to."""
    mine = [j for j in row.judged if one is None or _touches(j, one)]
    return ", ".join(f"{j.limit.said} {_ENDS.get(j.judgement, j.judgement)}" for j in mine)


def _merged(remarks: Sequence[tuple[str, str]], tests: int) -> list[str]:
    """Each remark once, with the tests that it is true of."""
    found: dict[str, list[str]] = {}
    for name, text in remarks:
        found.setdefault(text, []).append(name)
    named = {text: names[:_NAMED] + [f"{len(names) - _NAMED} more"] * (len(names) > _NAMED)
             for text, names in found.items()}  # fmt: skip
    return [
        f"{'every test' if len(found[text]) == tests > 1 else ', '.join(names)}: {text}"
        for text, names in named.items()
    ]


def _touches(judged: JudgedLimit, one: Entry) -> bool:
    return judged.limit.boundary in (None, one.boundary, *one.domains)


def _remarks(row: CallRow, found: Sequence[Entry]) -> list[str]:
    told = [f"not measured: {row.why}"] if row.why else []
    if row.calls:
        lost = [j for j in row.judged if not any(_touches(j, one) for one in found)]
        told += [f"{j.limit} {_ENDS[j.judgement]}: {j.why}" for j in lost]
    told += [f"{one.boundary} is void: {'; '.join(one.reasons)}" for one in found if one.energy_j is None]
    if row.calls:
        told += [note for one in found for note in _notes(one, row.calls)]
    return told


def _notes(one: Entry, calls: Calls) -> Mapping[str, None]:
    """Each flag of its domains once."""
    flags = [flag for e in calls.energies if e.domain in one.domains for flag in e.flags]
    return dict.fromkeys((*one.notes, *flags))


def _power_w(one: Entry, calls: Calls) -> float | None:
    """The mean power while calls ran."""
    return None if one.energy_j is None else significant(one.energy_j * calls.calls / calls.busy_s)


def over_text(judged: JudgedLimit) -> str:
    """Why a test fails: what was found, what was asked, what helps."""
    if judged.judgement == "over":
        return (
            f"energy limit {judged.limit} exceeded: {judged.why}; "
            "even the lower end of the interval is above the limit"
        )
    return (
        f"energy limit {judged.limit} could not be judged: {judged.why} "
        "(--energy-unmeasured=skip skips such tests instead)"
    )


def undecided_text(judged: JudgedLimit) -> str:
    """What a test warns of."""
    return f"energy limit {judged.limit} undecided: it lies inside the interval: {judged.why}"
