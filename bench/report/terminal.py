"""Coefficients and energies → plain tables of 80 columns; each row says its basis and its weights."""

import textwrap
from collections.abc import Iterable, Sequence

from bench.nouns import Coefficients, Quantity, Verdict, Weights, WindowEnergy
from bench.physics.verdict import voided
from bench.report.numbers import VOID, energy, quantity, shown
from bench.report.words import level, rate_unit, rate_workload
from bench.units import S_PER_NS

_GAP = "  "
_NARROWEST = 12
Line = tuple[str, ...]


def coefficient_table(coefficients: Sequence[Coefficients], *, width: int = 80) -> str:
    """A block per key: terms above the resident idle, gross rates below, and what was not identified."""
    if not coefficients:
        return "no coefficients were fitted"
    return "\n\n".join(_block(one, width) for one in coefficients)


def energy_table(
    energies: Sequence[WindowEnergy],
    *,
    weights: Weights | None = None,
    verdicts: Sequence[Verdict] = (),
    width: int = 80,
) -> str:
    """A line per window and domain; a void or excluded one says so in words, with its reason below."""
    if not energies:
        return "no energy was read: no domain answered"
    header: Line = ("domain", "window", "seconds", "energy (95 % interval)", "basis")
    lines: list[Line] = []
    remarks = []
    for one in energies:
        seconds = shown((one.end_ns - one.start_ns) * S_PER_NS)
        window = f"{one.phase} {one.label}".strip()
        said = VOID if one.basis != "excluded" and voided(verdicts, one.domain) else energy(one)
        lines.append((one.domain, window, seconds, said, *_said(one.basis, weights)))
        remarks += [f"{one.domain} {window}: {text}" for text in (*one.reasons, *one.flags)]
    told = [*_merged(remarks), *(_judged(one) for one in verdicts)]
    header = (*header, "weights") if weights else header
    return "\n".join([*_table(header, lines, width, right=(2,)), *_wrapped(told, width)])


def _judged(one: Verdict) -> str:
    return f"{one.level}, {one.domain or 'every domain'}: {one.name}: {one.evidence}; {one.remedy}"


def _block(one: Coefficients, width: int) -> str:
    head = _wrapped((_title(one),), width, indent="", hang=_GAP)
    lines = [
        *(_line(name, term, one.key.weights) for name, term in one.terms.items()),
        *(
            _line(f"gross {rate_workload(name) or rate_unit(name)}", rate, one.key.weights)
            for name, rate in one.rates.items()
        ),
    ]
    header = ("term", "above idle unless gross (95 %)", "basis", "weights")
    gaps = [f"{name}: not identified, {reason}" for name, reason in one.not_identified.items()]
    told = _wrapped((*gaps, *one.notes), width)
    return "\n".join([*head, *_table(header, lines, width), *told])


def _title(one: Coefficients) -> str:
    key, boundary = one.key, one.boundary
    at = f" at {said}" if (said := level(one.batch, one.concurrency)) else ""
    limit = f", limit {shown(key.power_limit_w, 'W')}" if key.power_limit_w is not None else ""
    driver = f", driver {key.driver}" if key.driver else ""
    return (
        f"{key.model}:{key.precision}{at}, {_loud(key.weights)} weights, {key.engine} {key.engine_version} "
        f"on {key.hardware}, boundary {boundary}{limit}{driver}"
    )


def _line(name: str, one: Quantity, weights: Weights) -> Line:
    return name, quantity(one), *_said(one.basis, weights)


def _said(basis: str, weights: Weights | None) -> Line:
    """Basis and weights in words; what is not measured or not real is in capitals."""
    loud = basis.upper() if basis == "modelled" else basis
    return (loud, _loud(weights)) if weights else (loud,)


def _loud(weights: Weights) -> str:
    return weights.upper() if weights == "synthetic" else weights


def _merged(remarks: Iterable[str]) -> list[str]:
    """The remarks in their order; one that recurs for the same domain is said once."""
    seen: dict[tuple[str, str], str] = {}
    for remark in remarks:
        where, _, what = remark.partition(": ")
        seen.setdefault((where.partition(" ")[0], what), remark)
    return list(seen.values())


def _table(header: Line, lines: Sequence[Line], width: int, right: tuple[int, ...] = ()) -> list[str]:
    """Aligned columns; the first one wraps so that no line is wider than `width`."""
    columns = [max(map(len, column)) for column in zip(header, *lines, strict=True)]
    over = sum(columns) + len(_GAP) * (len(columns) - 1) - width
    columns[0] = max(columns[0] - max(over, 0), min(_NARROWEST, columns[0]))
    drawn = []
    for line in (header, tuple("─" * n for n in columns), *lines):
        first = textwrap.wrap(line[0], columns[0], subsequent_indent=_GAP) or [""]
        cells = [
            cell.rjust(size) if at in right else cell.ljust(size)
            for at, (cell, size) in enumerate(zip((first[0], *line[1:]), columns, strict=True))
        ]
        drawn += [_GAP.join(cells).rstrip(), *first[1:]]
    return drawn


def _wrapped(texts: Iterable[str], width: int, indent: str = "  ", hang: str = "    ") -> list[str]:
    return [
        line
        for text in texts
        for line in textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=hang)
    ]
