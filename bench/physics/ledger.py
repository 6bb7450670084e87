"""The ledger of some windows: joules by basis and boundary, never mixed, and what stands in no figure.

An entry is the sum over the domains and windows of one basis and one boundary. No two entries are ever added.

The ends of an interval are sums too. That is the widest that any correlation allows: the standard uncertainty of
a sum is largest at r = +1, where it adds linearly (JCGM 100:2008, 5.2.2, eq. 16 and its note 1; checked
2026-11-21). One board's gain is the same in all of its windows, so r is +1 there. Between boards it is unknown:
five RTX 3090 lie from -5.5 to +1.7 % (arXiv:2312.02741, 4.4; checked 2026-11-21), off to one side and scattered.
A model's ends and what a sensor never saw are bounds, which add whatever their correlation. Only what is
independent, such as ticks, could add in quadrature (5.1.2, eq. 10): a little width is lost there, no truth.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from bench.errors import BadInput
from bench.nouns import BOUNDARIES, Basis, Boundary, Domain, Verdict, WindowEnergy
from bench.nouns.words import is_gpu, of_module
from bench.physics.doubles import NOTES
from bench.physics.verdict import voided

# What a boundary already holds, so that it is never added to it. psys: cores, SoC, memory and whatever else the
# platform feeds (Intel SDM vol. 4, MSR_PLATFORM_ENERGY_COUNTER, 64DH; checked 2026-11-21). host: the watts of a
# whole server at the wall without a GPU (bench/physics/host_power.py).
HOLDS: Mapping[Boundary, tuple[Boundary, ...]] = MappingProxyType(
    {
        "platform": ("cpu", "dram"),
        "host": ("cpu", "dram", "platform"),
        "wall": ("gpu", "cpu", "dram", "platform", "host"),
    }
)
PUE = "x PUE"
# PUE is the energy of a data centre over that of its IT equipment, so never below 1 (ISO/IEC 30134-2:2016;
# checked 2026-11-21). The upper end is a choice: what lies above it is mistyped, not a building.
LOWEST_PUE, HIGHEST_PUE = 1.0, 3.0
_BASES: tuple[Basis, ...] = ("measured", "modelled")
_UNREAD: Mapping[Boundary, str] = MappingProxyType(
    {
        "gpu": "no board that a driver here shows",
        "cpu": "no sensor of it answered here",
        "dram": "no sensor of it answered here",
        "wall": "no meter at the plug: the losses of power supplies are in no measured figure",
    }
)
_ONE_MODULE = "boards of one module each show the whole module's power: whether these do is not known, so no sum"
_NO_PUE = "cooling and power conversion of the building are in no figure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The joules of one basis and boundary. A gap has no energy, and says why."""

    basis: Basis
    boundary: Boundary
    energy_j: float | None
    low_j: float | None
    high_j: float | None
    domains: tuple[Domain, ...]
    inside: tuple[Boundary, ...] = ()  # boundaries of the same ledger that hold this one already
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()  # what the figure is, where it is less, or more, than its boundary says

    @property
    def holds(self) -> tuple[Boundary, ...]:
        """What it holds already; a module's power holds its board, too."""
        module: tuple[Boundary, ...] = ("gpu",) if any(map(of_module, self.domains)) else ()
        return (*module, *HOLDS.get(self.boundary, ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Excluded:
    """A domain, or a whole boundary, that has no joules here, and why; `windows`: in how many of a domain's."""

    what: str  # "gpu:1", "wall", "x PUE"
    boundary: Boundary | None  # None: beyond the machine
    reason: str
    windows: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Measured and modelled entries side by side, GPUs that did no work apart from them, and what is excluded.

    With a PUE factor `facility` holds every entry times it, as modelled.
    """

    entries: tuple[Entry, ...]
    apart: tuple[Entry, ...] = ()
    excluded: tuple[Excluded, ...] = ()
    pue_ratio: float | None = None
    facility: tuple[Entry, ...] = ()

    def of(self, basis: Basis) -> tuple[Entry, ...]:
        """The entries of one basis."""
        return tuple(one for one in self.entries if one.basis == basis)


def ledger(energies: Iterable[WindowEnergy], *, device: str | None = None) -> Ledger:
    """The ledger of one window or several; `device` did the work (None: the whole machine did, every GPU counts).

    A window without energy makes a gap of its entry, never a smaller number.
    """
    every = tuple(energies)
    told = [e for e in every if e.basis != "excluded"]
    excluded = [_excluded(e) for e in every if e.basis == "excluded"]
    if device is not None and is_gpu(device) and all(e.device != device for e in every):
        reason = "the work was done on it, and no sensor here reads it"
        excluded.append(Excluded(what=device, boundary="gpu", reason=reason))
    entries = _in_part(_entries(_entry(e) for e in told if not _idle(e, device)), excluded)
    return Ledger(
        entries=entries,
        apart=_apart(_entry(e) for e in told if _idle(e, device)),
        excluded=_told_once((*excluded, *_unread(entries, every))),
    )


def total(ledgers: Sequence[Ledger]) -> Ledger:
    """The ledger of them all, without a PUE factor. What one of them excludes stays excluded."""
    return Ledger(
        entries=_entries(e for one in ledgers for e in one.entries),
        apart=_apart(e for one in ledgers for e in one.apart),
        excluded=_told_once(x for one in ledgers for x in one.excluded),
    )


def judged(energies: Iterable[WindowEnergy], verdicts: Sequence[Verdict]) -> tuple[WindowEnergy, ...]:
    """The energies without those that a verdict voids: they become gaps, with its evidence as the reason."""
    return tuple(_judged(one, voided(verdicts, one.domain)) for one in energies)


def with_pue(one: Ledger, pue_ratio: float) -> Ledger:
    """The same ledger with every entry times the factor beside it, as modelled. Raises BadInput as `check_pue`.

    The factor is taken as exact; entries stay apart, for they stay different boundaries.
    """
    check_pue(pue_ratio)
    return replace(
        one,
        pue_ratio=pue_ratio,
        facility=tuple(_scaled(entry, pue_ratio) for entry in one.entries),
        excluded=tuple(x for x in one.excluded if x.what != PUE),
    )


def check_pue(pue_ratio: float) -> None:
    """Raises BadInput for a factor that no building has."""
    if not LOWEST_PUE <= pue_ratio <= HIGHEST_PUE:  # nan is not
        raise BadInput(
            f"PUE {pue_ratio:g}: expected a ratio from {LOWEST_PUE:g} to {HIGHEST_PUE:g}, "
            "the building's energy over its computers'"
        )


def _idle(one: WindowEnergy, device: str | None) -> bool:
    board = one.boundary == "gpu" or of_module(one.domain)
    return device is not None and board and one.device != device


def _judged(one: WindowEnergy, why: tuple[str, ...]) -> WindowEnergy:
    if one.basis == "excluded" or not why:
        return one
    return replace(one, energy_j=None, low_j=None, high_j=None, reasons=why)


def _entry(one: WindowEnergy) -> Entry:
    gap = one.energy_j is None
    reasons = one.reasons or ("void",) if gap else ()
    return Entry(
        basis=one.basis,
        boundary=one.boundary,
        energy_j=one.energy_j,
        low_j=None if gap else one.low_j,
        high_j=None if gap else one.high_j,
        domains=(one.domain,),
        reasons=tuple(r if r.startswith(one.domain) else f"{one.domain}: {r}" for r in reasons),
        notes=tuple(flag for flag in one.flags if flag.startswith(NOTES)),
    )


def _excluded(one: WindowEnergy) -> Excluded:
    reason = "; ".join(one.reasons) or "excluded"
    return Excluded(what=one.domain, boundary=one.boundary, reason=reason, windows=1)


def _entries(parts: Iterable[Entry]) -> tuple[Entry, ...]:
    """One entry for each basis and boundary, in their order, each knowing which others hold it."""
    groups: dict[tuple[Basis, Boundary], list[Entry]] = {}
    for part in parts:
        groups.setdefault((part.basis, part.boundary), []).append(part)
    summed = [_added(groups[b, at]) for b in _BASES for at in BOUNDARIES if (b, at) in groups]
    return tuple(replace(entry, inside=_holders(entry.boundary, summed)) for entry in summed)


def _in_part(entries: Iterable[Entry], excluded: Sequence[Excluded]) -> tuple[Entry, ...]:
    """The same entries; CPU and memory of which a package is not read say so: one of two is not the CPU."""
    missing = {at: sorted({x.what for x in excluded if x.boundary == at}) for at in ("cpu", "dram")}
    return tuple(_without(one, missing.get(one.boundary, ())) for one in entries)


def _without(one: Entry, missing: Sequence[str]) -> Entry:
    return replace(one, notes=(*one.notes, f"a part: without {', '.join(missing)}")) if missing else one


def _apart(parts: Iterable[Entry]) -> tuple[Entry, ...]:
    """One entry for each basis and domain that did no work."""
    groups: dict[tuple[Basis, tuple[Domain, ...]], list[Entry]] = {}
    for part in parts:
        groups.setdefault((part.basis, part.domains), []).append(part)
    summed = [_added(group) for group in groups.values()]
    return tuple(sorted(summed, key=lambda e: (_BASES.index(e.basis), _numbered(e.domains[0]))))


def _added(parts: Sequence[Entry]) -> Entry:
    """The sum of parts of one basis and boundary; a gap where any of them is one, or may be in another."""
    domains = {name for one in parts for name in one.domains}
    twice = len(domains) > 1 and any(map(of_module, domains))
    return Entry(
        basis=parts[0].basis,
        boundary=parts[0].boundary,
        energy_j=(energy_j := None if twice else _sum(one.energy_j for one in parts)),
        low_j=None if energy_j is None else _sum(one.low_j for one in parts),
        high_j=None if energy_j is None else _sum(one.high_j for one in parts),
        domains=tuple(sorted(domains, key=_numbered)),
        reasons=tuple(sorted({*(r for one in parts for r in one.reasons), *((_ONE_MODULE,) if twice else ())})),
        notes=tuple(sorted({note for one in parts for note in one.notes})),
    )


def _sum(values: Iterable[float | None]) -> float | None:
    """The exactly rounded sum, whatever the order; None where one is missing."""
    every = list(values)
    known = [one for one in every if one is not None]
    return math.fsum(known) if len(known) == len(every) else None


def _unread(entries: Sequence[Entry], energies: Sequence[WindowEnergy]) -> tuple[Excluded, ...]:
    """The boundaries that no entry is or holds and no domain is excluded of, and the building."""
    known = {one.boundary for one in energies}
    found = [
        Excluded(what=at, boundary=at, reason=reason)
        for at, reason in _UNREAD.items()
        if at not in known and not _holders(at, entries)
    ]
    return (*found, Excluded(what=PUE, boundary=None, reason=_NO_PUE))


def _holders(boundary: Boundary, present: Iterable[Entry]) -> tuple[Boundary, ...]:
    return tuple(dict.fromkeys(one.boundary for one in present if boundary in one.holds))


def _told_once(found: Iterable[Excluded]) -> tuple[Excluded, ...]:
    """Each of them once for a reason, its windows counted: domains first, the building last."""
    counts: dict[tuple[str, Boundary | None, str], int] = {}
    for one in found:
        key = (one.what, one.boundary, one.reason)
        counts[key] = counts.get(key, 0) + one.windows
    told = [Excluded(what=what, boundary=at, reason=reason, windows=n) for (what, at, reason), n in counts.items()]
    return tuple(sorted(told, key=_place))


def _place(one: Excluded) -> tuple[bool, int, str, int, str]:
    order = len(BOUNDARIES) if one.boundary is None else BOUNDARIES.index(one.boundary)
    return one.what == one.boundary or one.boundary is None, order, *_numbered(one.what), one.reason


def _numbered(domain: Domain) -> tuple[str, int]:
    """gpu:2 before gpu:10."""
    name, _, number = domain.partition(":")
    return (name, int(number)) if number.isdigit() else (domain, 0)


def _scaled(one: Entry, ratio: float) -> Entry:
    energy_j, low_j, high_j = (None if j is None else j * ratio for j in (one.energy_j, one.low_j, one.high_j))
    return replace(one, basis="modelled", energy_j=energy_j, low_j=low_j, high_j=high_j)
