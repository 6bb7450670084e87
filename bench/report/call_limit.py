"""A limit of joules for one call: how people write it, and what a measured call says of it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from bench.errors import BadInput
from bench.nouns import BOUNDARIES, WindowEnergy
from bench.physics.ledger import Entry, ledger
from bench.report.numbers import interval
from bench.report.words import basis_word, tells_double
from bench.units import J_PER_KWH, J_PER_WH

Judgement: TypeAlias = Literal["within", "over", "undecided", "unmeasured"]
_DOMAIN = re.compile(r"(gpu|cpu-package|dram|module):\d+")
_LIMIT = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([a-zA-Zµμ]+)\s*")
# No MJ: between it and mJ lie nine orders of magnitude and one key.
_UNITS_J = {
    "uJ": 1e-6, "µJ": 1e-6, "μJ": 1e-6, "mJ": 1e-3, "J": 1.0, "kJ": 1e3,
    "mWh": J_PER_WH / 1e3, "Wh": J_PER_WH, "kWh": J_PER_KWH,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The most joules that one call may take within a boundary or domain; None: within each of them alone."""

    most_j: float
    said: str  # as it was written: "200 mJ"
    boundary: str | None = None

    def __str__(self) -> str:
        return f"{self.said} of {self.boundary}" if self.boundary else self.said


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedLimit:
    """What a limit came to, and why in a sentence."""

    limit: Limit
    judgement: Judgement
    why: str


def limit(text: object, boundary: object = None) -> Limit:
    """A limit as people write it. Raises BadInput for another unit or boundary.

    Example: `limit("200 mJ", "gpu")` is 0.2 J of all GPUs together, `limit("5J", "gpu:0")` 5 J of one board.
    """
    found = _LIMIT.fullmatch(text) if isinstance(text, str) else None
    factor_j = _UNITS_J.get(found[2]) if found else None
    if found is None or factor_j is None or not float(found[1]):
        known = ", ".join(unit for unit in _UNITS_J if unit.isascii())
        raise BadInput(f"energy limit {text!r}: expected a number above 0 and a unit ({known}), as in '200 mJ'")
    if boundary is None:
        return Limit(most_j=float(found[1]) * factor_j, said=f"{found[1]} {found[2]}")
    if not isinstance(boundary, str) or not (boundary in BOUNDARIES or _DOMAIN.fullmatch(boundary)):
        raise BadInput(
            f"energy limit of boundary {boundary!r}: expected {', '.join(BOUNDARIES)}, or a domain such as gpu:0"
        )
    return Limit(most_j=float(found[1]) * factor_j, said=f"{found[1]} {found[2]}", boundary=boundary)


def judge(asked: Limit, energies: Sequence[WindowEnergy]) -> JudgedLimit:
    """What the energies of one call say of a limit.

    over        the lower end of an interval exceeds it: the call took more, whatever the sensor's error
    undecided   it lies inside an interval, or a part of what it is about is void or was never read
    unmeasured  no energy that it is about is known
    within      every upper end keeps to it
    """
    mine = _about(asked, energies)
    known = [e for e in mine if e.energy_j is not None]
    over = [e for e in known if e.low_j is not None and e.low_j > asked.most_j]
    open_ = [e for e in known if e.high_j is None or e.high_j > asked.most_j]
    gaps = [e for e in mine if e.energy_j is None]
    if not known:
        return _judged(asked, "unmeasured", _unknown(asked, gaps, energies))
    if over:
        return _judged(asked, "over", map(told, over))
    unread = _excluded(asked, energies)
    if open_ or gaps or unread:
        return _judged(asked, "undecided", [*map(told, open_), *map(_gap, gaps), *unread])
    return _judged(asked, "within", map(told, known))


def unmeasured(asked: Limit, why: str) -> JudgedLimit:
    """A limit that nothing was measured for."""
    return JudgedLimit(limit=asked, judgement="unmeasured", why=why)


def told(one: Entry) -> str:
    """A call's energy in words: `0.62 (0.55 to 0.70) J a call, measured, gpu`."""
    said = interval(one.energy_j, one.low_j, one.high_j, "J")
    return f"{said} a call, {loud_basis(one)}, {one.boundary}"


def loud_basis(one: Entry) -> str:
    """Its basis; in capitals what no sensor measured."""
    word = basis_word(one.basis, simulated=tells_double(one.notes))
    return word.upper() if one.basis == "modelled" else word


def _judged(asked: Limit, judgement: Judgement, why: Iterable[str]) -> JudgedLimit:
    return JudgedLimit(limit=asked, judgement=judgement, why="; ".join(why))


def _about(asked: Limit, energies: Sequence[WindowEnergy]) -> tuple[Entry, ...]:
    """The entries that a limit is about: of its boundary, of its domain, or all of them."""
    if asked.boundary is None or asked.boundary in BOUNDARIES:
        return tuple(e for e in ledger(energies).entries if asked.boundary in (None, e.boundary))
    return ledger(e for e in energies if e.domain == asked.boundary).entries


def _gap(one: Entry) -> str:
    return f"void: {one.boundary}: {'; '.join(one.reasons)}"


def _excluded(asked: Limit, energies: Sequence[WindowEnergy]) -> list[str]:
    """The domains that a limit is about and that no sensor read, unless a figure of a wider boundary holds them.

    Which device a call works on nobody knows: one that is not read may be the one that did it.
    """
    held = {b for e in ledger(energies).entries if e.energy_j is not None for b in e.holds}
    found = [
        f"{e.domain} is not read: {'; '.join(e.reasons)}"
        for e in energies
        if e.basis == "excluded" and asked.boundary in (None, e.boundary, e.domain)
        and not (asked.boundary is None and e.boundary in held)
    ]  # fmt: skip
    return list(dict.fromkeys(found))


def _unknown(asked: Limit, gaps: Sequence[Entry], energies: Sequence[WindowEnergy]) -> list[str]:
    if gaps:
        return list(map(_gap, gaps))
    what = f"the energy of {asked.boundary}" if asked.boundary else "any energy"
    return _excluded(asked, energies) or [f"nothing on this machine tells {what}; see `joulemark doctor`"]
