"""A ratio as text: as many digits as its interval carries, and never as if it held 1 where it does not."""

import math

from bench.nouns.compared import Ratio
from bench.phrases import Phrase, number
from bench.phrases import told as spoken

_EVEN_RATIO = 0.15  # of the half-width: how uneven an interval may be and still be told by one number
_LEAST_DECIMALS, _MOST_DECIMALS = 2, 4
_PLAIN_FROM, _PLAIN_BELOW = 0.001, 10_000.0  # beyond them as powers of ten: 1.2e5
_MOST_DIGITS = 4  # of what is over 10
_CUT_FROM, _CUT_TO = 1.05, 2.0  # 1.4 cut to 1 loses a third of itself, 2.4 cut to 2 a sixth


def ratio_text(one: Ratio) -> str:
    """`0.61 ± 0.03`; `0.61 (0.40 to 0.93)` where the two sides differ; `0.61 (one round)` without an interval."""
    value, low, high = ratio_parts(one)
    if one.low is None or one.high is None:
        return spoken(Phrase("{value} (one round)", value=value))
    if _is_even(one) and _is_plain(one.value):
        return f"{value} ± {_fixed(max(one.value - one.low, one.high - one.value), _ratio_decimals(one))}"
    return spoken(Phrase("{value} ({low} to {high})", value=value, low=low, high=high))


def ratio_parts(one: Ratio) -> tuple[str, str, str]:
    """A ratio and its bounds as texts: on which side of 1 a bound lies shows in its second decimal, or further."""
    if one.low is None or one.high is None:
        return _alone(one.value, _decimals(0.1 * one.value)), "", ""
    decimals = _ratio_decimals(one)
    value, low, high = (_alone(v, decimals) for v in (one.value, one.low, one.high))
    return value, low, high


def _ratio_decimals(one: Ratio) -> int:
    """As many as the interval carries, and as show that it does not hold 1 where it does not."""
    assert one.low is not None, "checked by the callers"
    assert one.high is not None, "checked by the callers"
    decimals = _decimals((one.high - one.low) / 2 or 0.01 * one.value)
    half = max(one.value - one.low, one.high - one.value)
    while one.tells and decimals < _MOST_DECIMALS:
        low, high = round(one.low, decimals), round(one.high, decimals)
        if _is_even(one):
            value, reach = round(one.value, decimals), round(half, decimals)
            low, high = round(value - reach, decimals), round(value + reach, decimals)
        if high < 1 or low > 1:
            break
        decimals += 1
    return decimals


def _is_even(one: Ratio) -> bool:
    """Whether one number tells both sides of an interval."""
    assert one.low is not None, "checked by the callers"
    assert one.high is not None, "checked by the callers"
    below, above = one.value - one.low, one.high - one.value
    return abs(above - below) <= _EVEN_RATIO * (below + above) / 2


def _decimals(half: float) -> int:
    """As many as show the half-width's first digit, and the next where cutting it would move a bound by much."""
    if half <= 0 or not math.isfinite(half):
        return _LEAST_DECIMALS
    near = float(f"{half:.3g}")  # a difference of binary numbers can fall just short of 0.01
    place = -math.floor(math.log10(near))
    if _CUT_FROM < near * 10**place < _CUT_TO:
        place += 1
    return max(_LEAST_DECIMALS, min(place, _MOST_DECIMALS))


def _alone(value: float, decimals: int) -> str:
    """The same decimals, and two digits of what is small; of what is large four at most."""
    if not _is_plain(value):
        digits, power = f"{value:.1e}".split("e")
        return f"{number(float(digits), '.1f')}e{int(power)}".replace("-", "\u2212")
    if value < 0.1:
        return _fixed(value, max(decimals, 1 - math.floor(math.log10(value))))
    return _fixed(
        value, decimals if value < 10 else min(decimals, _MOST_DIGITS - 1 - math.floor(math.log10(value)))
    )


def _is_plain(value: float) -> bool:
    """Whether a number is read at a glance when it is written out."""
    return _PLAIN_FROM <= value < _PLAIN_BELOW


def _fixed(value: float, decimals: int) -> str:
    return number(value, f".{decimals}f")
