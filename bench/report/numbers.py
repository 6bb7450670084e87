"""Numbers → text for people: as many digits as the interval carries, in units that fit, never 0 for absence.

The last digit of a bound stands where the interval's half-width has its first digit; a value shows one more.
Prefixes are SI (BIPM, SI brochure, 9th edition 2019, table 7; checked 2026-11-21).
"""

import math
from dataclasses import dataclass

from bench.errors import BrokenResults
from bench.nouns import Basis, Quantity, WindowEnergy
from bench.phrases import Phrase, language_in_force, told
from bench.stats import significant

VOID, EXCLUDED, UNBOUNDED = Phrase("void"), Phrase("excluded"), Phrase("no bound")
_GROUP = "\u202f"  # narrow no-break space: SI groups digits by spaces, not by commas
_MINUS = "\u2212"
_GROUP_FROM = 10_000
_PREFIXED = ("J", "W")  # units that take a prefix; all others are shown as they come
_PREFIXES = ((1e-12, "p"), (1e-9, "n"), (1e-6, "µ"), (1e-3, "m"), (1.0, ""), (1e3, "k"), (1e6, "M"))
_PLAIN_FROM, _KILO_FROM = 0.1, 1000.0  # 0.455 J reads better than 455 mJ
_PLAIN_DIGITS = 4
_SHARED_RATIO = 1000.0
_MOST_DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A value with its interval as three texts that share one unit."""

    value: str
    low: str
    high: str
    unit: str


def published(value: float | None) -> float | None:
    """The value at the 7 significant digits that are published; None where there is no finite number.

    Raises BrokenResults for NaN, which is neither a number nor a gap with a reason.
    """
    if value is None or math.isinf(value):
        return None
    if math.isnan(value):
        raise BrokenResults(
            "a figure is NaN: a report needs a number, or None with its reason; run `joulemark verify`"
        )
    return significant(value)


def shown(value: float | None, unit: str = "", absent: str = VOID) -> str:
    """The value at four significant digits with its unit, or the word for its absence."""
    number, said = shown_parts(value, unit, absent)
    return f"{number} {said}".rstrip()


def shown_parts(value: float | None, unit: str = "", absent: str = VOID) -> tuple[str, str]:
    """The same in two texts: the number (or the word), and the unit ('' beside a word)."""
    if value is None:
        return told(absent), ""
    if math.isinf(value):
        return told(UNBOUNDED), ""
    exact = published(value)
    assert exact is not None
    factor, said = fitting(unit, exact)
    scaled = exact / factor
    if scaled == int(scaled) and abs(scaled) < 10**_MOST_DIGITS:
        return _fixed(scaled, 0), said
    return _fixed(scaled, _decimals(scaled, _PLAIN_DIGITS)), said


def spoken(
    value: float | None,
    low: float | None,
    high: float | None,
    unit: str,
    absent: str = VOID,
    *,
    reference: float | None = None,
) -> Spoken:
    """The value and its 95 % bounds as texts; digits follow the interval's width.

    `reference` is the largest value of a column or plot: its prefix is taken, so that neighbours compare
    at a glance, unless this value is a thousand times smaller.
    """
    if value is None:
        return Spoken(value=told(absent), low="", high="", unit="")
    value, low, high = published(value), published(low), published(high)
    if value is None:
        return Spoken(value=told(UNBOUNDED), low="", high="", unit="")
    size = abs(value) or max(abs(low or 0.0), abs(high or 0.0))
    shared = reference is not None and size * _SHARED_RATIO >= abs(reference)
    factor, said = fitting(unit, reference if shared and reference is not None else size)
    v, lo, hi = (None if one is None else one / factor for one in (value, low, high))
    assert v is not None
    if lo is None and hi is None:
        return Spoken(value=_fixed(v, _decimals(v, _PLAIN_DIGITS)), low="", high="", unit=said)
    if lo is None or hi is None or hi <= lo:
        digits = _decimals(v, _PLAIN_DIGITS)
        return Spoken(value=_fixed(v, digits), low=_bound(lo, digits), high=_bound(hi, digits), unit=said)
    half = float(f"{(hi - lo) / 2:.6e}")  # a difference of binary numbers can fall just short of 0.1
    place = -math.floor(math.log10(half))
    if half * 10**place < 2:  # 1.4 cut to 1 would move a bound by a third of the half-width
        place += 1
    first = -math.floor(math.log10(half))
    return Spoken(
        value=_fixed(v, _readable(v, first + 1)),
        low=_fixed(lo, _readable(lo, place)),
        high=_fixed(hi, _readable(hi, place)),
        unit=said,
    )


def half_width(value: float, unit: str, reference: float) -> tuple[str, str]:
    """A part of an interval at two significant digits, in the unit of the value that it belongs to."""
    exact = published(value)
    if exact is None:
        return told(UNBOUNDED), ""
    factor, said = fitting(unit, reference if abs(exact) * _SHARED_RATIO >= abs(reference) else exact)
    return _fixed(exact / factor, _decimals(exact / factor, 2) if exact else 0), said


def rough(value: float) -> str:
    """The value at three significant digits, whole ones always: `100`, `25.1`, `0`."""
    return _fixed(value, max(0, _decimals(value, 3))) if value else "0"


def interval(value: float | None, low: float | None, high: float | None, unit: str, absent: str = VOID) -> str:
    """`0.455 (0.43 to 0.48) J/token`, or the word for its absence."""
    said = spoken(value, low, high, unit, absent)
    bounds = f" ({said.low}{told(Phrase(' to '))}{said.high})" if said.low or said.high else ""
    return f"{said.value}{bounds} {said.unit}".rstrip()


def quantity(one: Quantity) -> str:
    """A Quantity with its interval and unit."""
    return interval(one.value, one.low, one.high, one.unit)


def energy(one: WindowEnergy) -> str:
    """A window's energy with its interval; `void` or `excluded` where there is none."""
    return interval(one.energy_j, one.low_j, one.high_j, "J", absence(one.basis))


def absence(basis: Basis) -> str:
    """The word that stands where a domain of this basis has no figure."""
    return EXCLUDED if basis == "excluded" else VOID


def unit_words(unit: str) -> str:
    """A unit with what it is per in words: `J/audio_s` → J/audio s."""
    above, per, below = unit.partition("/")
    return above.replace("_", " ") + per + told(Phrase(below.replace("_", " ")))


def fitting(unit: str, reference: float) -> tuple[float, str]:
    """The factor and the unit for a `reference`: 0.1 to 1000 stays plain; only J and W take a prefix."""
    symbol, said = unit[:1], unit_words(unit)
    if symbol not in _PREFIXED or unit[1:2].isalpha() or not math.isfinite(reference) or reference == 0:
        return 1.0, said
    size = abs(reference)
    if _PLAIN_FROM <= size < _KILO_FROM:
        return 1.0, said
    known = (one for one in reversed(_PREFIXES) if size >= one[0] * (1 - 1e-9))
    factor, prefix = next(known, _PREFIXES[0])
    return factor, prefix + said


def _decimals(value: float, digits: int) -> int:
    """How many decimals show `digits` significant digits of the value."""
    return digits - 1 if value == 0 else digits - 1 - math.floor(math.log10(abs(value)))


def _readable(value: float, decimals: int) -> int:
    """The same decimals, but never fewer than two significant digits nor more than six."""
    if value == 0:
        return max(0, min(decimals, _MOST_DIGITS))
    return max(_decimals(value, 2), min(decimals, _decimals(value, _MOST_DIGITS)))


def _bound(value: float | None, decimals: int) -> str:
    return told(UNBOUNDED) if value is None else _fixed(value, decimals)


def _fixed(value: float, decimals: int) -> str:
    rounded = round(value, decimals)
    text = f"{abs(rounded):.{max(decimals, 0)}f}"
    whole, dot, rest = text.partition(".")
    if abs(rounded) >= _GROUP_FROM:
        whole = f"{int(whole):,}".replace(",", _GROUP)
    return (_MINUS if rounded < 0 else "") + whole + dot.replace(".", language_in_force().decimal) + rest
