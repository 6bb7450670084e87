"""Coefficients and energies → plain tables of 80 columns; each row says its basis and its weights."""

import textwrap
from collections.abc import Iterable, Sequence

from bench.nouns import Basis, CoefficientKey, Coefficients, Verdict, Weights, WindowEnergy
from bench.nouns.witnesses import is_modelled
from bench.physics.budget import COVERAGE_95, UNSEEN_HIGH, UNSEEN_LOW
from bench.physics.ledger import Entry, Ledger
from bench.physics.peers import apart_ratio
from bench.physics.verdict import voided
from bench.report.ledgers import gathered, holding, listed, why_gap
from bench.report.numbers import VOID, energy, half_width, interval, quantity, shown
from bench.report.words import (
    BESIDE,
    PEERS_MODEL,
    SPAN_NOTE,
    basis_word,
    bounded,
    bounds_head,
    engine_name,
    level,
    rate_unit,
    rate_workload,
    tells_double,
    with_threads,
)
from bench.units import S_PER_NS

_GAP = "  "
_NO_BASIS = "none"  # what is void was not measured
_NARROWEST = 12
_INDENT = " " * 10  # as wide as `measured` and its gap
_HANG = _INDENT + _GAP
_ENDS = ("model_low_j", "model_high_j")  # the ends of a model, as energies
_BOUNDS = {**dict.fromkeys(_ENDS, "bound"), UNSEEN_LOW: "bound below", UNSEEN_HIGH: "bound above"}
Line = tuple[str, ...]


def coefficient_table(coefficients: Sequence[Coefficients], *, width: int = 80) -> str:
    """A block per key: terms above the resident idle, gross rates below, and what was not identified."""
    if not coefficients:
        return "no coefficients were fitted"
    modelled = any(
        q.basis == "modelled" for one in coefficients for q in (*one.terms.values(), *one.rates.values())
    )
    told = _wrapped((SPAN_NOTE,), width, indent="", hang=_GAP) if modelled else []
    return "\n\n".join([*(_block(one, width) for one in coefficients), *(["\n".join(told)] if told else [])])


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
    bases = [one.basis for one in energies if one.energy_j is not None]
    header: Line = ("domain", "window", "seconds", f"energy ({_bounds(bases)})", "basis")
    lines: list[Line] = []
    remarks = []
    for one in energies:
        seconds = shown((one.end_ns - one.start_ns) * S_PER_NS)
        window = f"{one.phase} {one.label}".strip()
        said = VOID if one.basis != "excluded" and voided(verdicts, one.domain) else energy(one)
        basis = _NO_BASIS if said == VOID else one.basis
        word = basis_word(basis, simulated=tells_double(one.flags))
        lines.append((one.domain, window, seconds, said, *_said(word, weights and weights.upper())))
        remarks += [f"{one.domain} {window}: {text}" for text in (*one.reasons, *one.flags)]
    told = [*_merged(remarks), *(_judged(one) for one in verdicts)]
    told += [SPAN_NOTE] if "modelled" in bases else []
    header = (*header, "weights") if weights else header
    return "\n".join([*_table(header, lines, width, right=(2,)), *_wrapped(told, width)])


def ledger_text(one: Ledger, *, width: int = 80) -> str:
    """Measured, modelled and excluded, a paragraph each and never added; then what a PUE factor makes of them."""
    lines = [
        *_paragraph("measured", _told(one, "measured", "nothing: no power sensor was read"), width),
        *_paragraph("MODELLED", _told(one, "modelled", "nothing"), width),
        *_paragraph("excluded", [f"{what}: {why}" for what, why in gathered(one)] or ["nothing"], width),
    ]
    if one.pue_ratio is not None:
        factor = f"x PUE {one.pue_ratio:g} ->"
        said = "; ".join(f"{e.boundary} {_joules(e)}" for e in one.facility) or "nothing"
        lines += _wrapped((f"{factor} {said}: MODELLED, the factor taken as exact",), width, "", _INDENT)
    return "\n".join(lines)


def component_table(energies: Sequence[WindowEnergy], *, width: int = 80) -> str:
    """A line per domain and component of its uncertainty, and how they are combined."""
    lines = [line for one in energies for line in _components(one)]
    if not lines:
        return "no uncertainty by component: no domain has an energy"
    told = (
        "standard uncertainties are independent: they add in quadrature, and the 95\u00a0% interval reaches "
        f"{COVERAGE_95:.2f} times their root sum of squares to either side (Student's t where few values told "
        "one of them); a bound widens it on its own side alone",
    )
    header = ("domain", "component", "kind", "J", "% of the energy")
    return "\n".join([*_table(header, lines, width, right=(3, 4)), *_wrapped(told, width)])


def peer_table(energies: Sequence[WindowEnergy], *, width: int = 80) -> str:
    """A line per domain and peer: its joules, ours over the same span, and how far apart they are."""
    lines = [line for one in energies for line in _peers(one)]
    header = ("domain", "beside ours", "its energy", "ours over its span", "apart")
    models = any(is_modelled(label) for one in energies for label in one.peers)
    told = (BESIDE, *((PEERS_MODEL,) if models else ()))
    return "\n".join([*_table(header, lines, width, right=(2, 3, 4)), *_wrapped(told, width)])


def _peers(one: WindowEnergy) -> list[Line]:
    lines: list[Line] = []
    for label, energy_j in one.peers.items():
        own_j, ratio = one.over_peers_j.get(label), apart_ratio(one, label)
        own = "none" if own_j is None else shown(own_j, "J")
        lines.append((one.domain, label, shown(energy_j, "J"), own, "" if ratio is None else f"{ratio:+.1%}"))
    return lines


def _told(one: Ledger, basis: Basis, nothing: str) -> list[str]:
    """What a ledger's paragraph on one basis says, entry by entry."""
    said = [_entry(entry) for entry in one.of(basis)]
    said += [f"apart, for it did no work: {e.domains[0]} {_joules(e)}" for e in one.apart if e.basis == basis]
    return said or [nothing]


def _entry(one: Entry) -> str:
    held = [part for part in (holding(one), _inside(one)) if part]
    if one.energy_j is None:
        return f"{one.boundary} {VOID}: {'; '.join((*why_gap(one), *held))}"
    of = f" of {listed(one.domains)}" if len(one.domains) > 1 else ""
    return f"{one.boundary} {_joules(one)}{of}" + (f", {'; '.join(held)}" if held else "")


def _inside(one: Entry) -> str:
    return f"inside {listed(one.inside)} too" if one.inside else ""


def _joules(one: Entry) -> str:
    return interval(one.energy_j, one.low_j, one.high_j, "J")


def _paragraph(head: str, said: Sequence[str], width: int) -> list[str]:
    """A head and its sayings beneath each other, each wrapped under itself."""
    heads = (head.ljust(len(_INDENT)), *(_INDENT for _ in said[1:]))
    return [line for first, one in zip(heads, said, strict=True) for line in _wrapped((one,), width, first, _HANG)]


def _components(one: WindowEnergy) -> list[Line]:
    if one.energy_j is None:
        return []
    lines: list[Line] = []
    for name, value_j in one.components.items():
        kind = _BOUNDS.get(name)
        apart_j = value_j - one.energy_j if name in _ENDS else value_j
        text, unit = half_width(apart_j, "J", apart_j)
        freedom = f", {one.freedom[name]} degrees of freedom" if name in one.freedom else ""
        share, _ = half_width(apart_j / one.energy_j * 100, "", 1.0) if one.energy_j else ("", "")
        label = name.removesuffix("_j").replace("_", " ")
        lines.append((one.domain, label, (kind or "standard") + freedom, f"{text} {unit}", share and f"{share} %"))
    return lines


def _judged(one: Verdict) -> str:
    return f"{one.level}, {one.domain or 'every domain'}: {one.name}: {one.evidence}; {one.remedy}"


def _block(one: Coefficients, width: int) -> str:
    head = _wrapped((_title(one),), width, indent="", hang=_GAP)
    named = [*one.terms.items()]
    named += [(f"gross {rate_workload(name) or rate_unit(name)}", rate) for name, rate in one.rates.items()]
    simulated = tells_double(one.notes)
    lines = [
        (name, quantity(q), *_said(basis_word(q.basis, simulated=simulated), _loud(one.key))) for name, q in named
    ]
    bases = [q.basis for q in (*one.terms.values(), *one.rates.values())]
    header = ("term", f"above idle unless gross ({_bounds(bases)})", "basis", "weights")
    gaps = [f"{name}: not identified, {reason}" for name, reason in one.not_identified.items()]
    told = _wrapped((*gaps, *one.notes), width)
    return "\n".join([*head, *(_table(header, lines, width) if lines else []), *told])


def _bounds(bases: Iterable[Basis]) -> str:
    """The same as on the page, in a terminal's width."""
    return bounds_head(bases).replace(" of the model", "")


def _title(one: Coefficients) -> str:
    key = one.key
    at = f" at {said}" if (said := level(one)) else ""
    limit = f", limit {shown(key.power_limit_w, 'W')}" if key.power_limit_w is not None else ""
    driver = f", driver {key.driver}" if key.driver else ""
    return (
        f"{key.model}:{key.precision}{at}, {_loud(key)} weights, {engine_name(key.engine, key.engine_version)} "
        f"on {key.hardware}{with_threads(key)}, boundary {bounded(one)}{limit}{driver}"
    )


def _said(basis: str, weights: str | None) -> Line:
    """Basis and weights in words; what is not measured or not real is in capitals."""
    loud = basis.upper() if basis == "modelled" else basis
    return (loud, weights) if weights else (loud,)


def _loud(key: CoefficientKey) -> str:
    """What was computed with, in a word: a sound track's extraction has no weights."""
    if key.precision == "none":
        return "no"
    return key.weights.upper() if key.weights == "synthetic" else key.weights


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
