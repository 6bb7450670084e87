"""Blocks of requests → joules with their interval, by the forms of bench.estimators.columns.prior_cells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.estimators.columns.arrays import Rows
from bench.estimators.columns.asked import Floats, Numeric
from bench.estimators.columns.prior_cells import NUDGE, reach
from bench.estimators.prior import LEAST_RATIO, Prior

WORK = 10  # columns that a block is worked out in
_SIDES = ("down", "up")
_NOTHING = -80.0  # exp of it is nothing beside 1, and of much less takes five times as long


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaches:
    """What one prior says of all cells: squared reaches of prompts and of first readings, the interval's stretch.

    `bends`: whether an interval may reach the least share of the value, below which none does.
    """

    width: float
    up_prompt: float
    down_prompt: float
    up_first: float
    down_first: float
    bends: bool

    @staticmethod
    def of(prior: Prior) -> "Reaches":
        """What that prior says."""
        return Reaches(
            width=prior.width,
            up_prompt=reach(prior, "prefill", 1) ** 2,
            down_prompt=reach(prior, "prefill", -1) ** 2,
            up_first=reach(prior, "first", 1) ** 2,
            down_first=reach(prior, "first", -1) ** 2,
            bends=max(reach(prior, name, -1) for name in prior.coefficients) > 1 - LEAST_RATIO,
        )

    def of_side(self, side: str) -> tuple[float, float]:
        """Of prompts and of first readings, up or down."""
        return (self.up_prompt, self.up_first) if side == "up" else (self.down_prompt, self.down_first)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asks:
    """Which parts of the form any of a call's cells needs; `empty`: there may be answers of less than a token."""

    felt: bool
    routed: bool
    empty: bool = True


def plain(
    rows: Rows,
    lengths: tuple[Numeric, Numeric],
    into: Sequence[Floats],
    work: Floats,
    all_: Reaches,
    asks: Asks,
) -> None:
    """Joules of batches that run whole, `into` low, value, high; `lengths` of prompt and answer, WORK columns to
    work in."""
    low, value, high = into
    prompt, output = lengths
    steps, cache, input_, _, first, rest, least, spare, *_ = work
    pick = rows.pick
    np.subtract(output, 1.0, out=steps)
    if asks.empty:
        np.maximum(steps, 0.0, out=steps)
    np.multiply(output, 0.5, out=cache)
    cache += prompt
    cache *= steps
    cache *= pick("cache")
    np.multiply(prompt, pick("square"), out=input_)
    input_ += pick("prompt")
    input_ *= prompt
    np.multiply(steps, pick("step"), out=value)
    value += cache
    value += input_
    value += pick("fixed")
    np.multiply(steps, pick("least"), out=least)
    missed = _missed(rows, prompt, value, first, spare) if asks.routed else None
    extra = _rest(rows, steps, value, rest) if asks.felt else None
    np.multiply(work[:3], work[:3], out=work[:3])  # squares of steps, cache and input_
    sums = _alike(rows, work, all_) if rows.alike else _sums(rows, work, (low, high), all_)
    if missed is not None:
        for total, side in zip(sums, _SIDES, strict=True):
            total += np.multiply(missed, all_.of_side(side)[1], out=spare)
    interval(sums, into, least, pick("rest") if extra is None else extra, all_)


def _sums(rows: Rows, work: Floats, sums: Sequence[Floats], all_: Reaches) -> Sequence[Floats]:
    """What squares of steps, caches and prompts add up to, below and above."""
    steps, cache, input_, spare = (work[at] for at in (0, 1, 2, 7))
    for total, side in zip(sums, _SIDES, strict=True):
        np.multiply(steps, rows.pick(f"{side}_step"), out=total)
        total += np.multiply(cache, rows.pick(f"{side}_cache"), out=spare)
        total += np.multiply(input_, all_.of_side(side)[0], out=spare)
        total += rows.pick(f"{side}_fixed")
    return sums


def _alike(rows: Rows, work: Floats, all_: Reaches) -> Sequence[Floats]:
    """The same for rows of one cell: a product of matrices, too small for BLAS to start threads for."""
    work[3] = 1.0
    told = [
        [rows.pick(f"{side}_step"), rows.pick(f"{side}_cache"), all_.of_side(side)[0], rows.pick(f"{side}_fixed")]
        for side in _SIDES
    ]
    below, above = np.matmul(np.array(told), work[:4], out=work[8:10])
    return below, above


def _missed(rows: Rows, prompt: Numeric, value: Floats, missed: Floats, spare: Floats) -> Floats:
    """Takes what short prompts do not read off the value; what that adds to the square of first readings."""
    np.multiply(prompt, rows.pick("expert"), out=missed)
    np.maximum(missed, _NOTHING, out=missed)
    np.exp(missed, out=missed)
    missed *= rows.pick("missed")
    value -= missed
    np.subtract(missed, rows.pick("twice_first"), out=spare)
    missed *= spare
    return missed


def _rest(rows: Rows, steps: Floats, value: Floats, rest: Floats) -> Floats:
    """Squares of what no term explains, and of what a doubt about the batch does."""
    np.multiply(steps, rows.pick("felt_step"), out=rest)
    rest += rows.pick("felt_fixed")
    rest /= value
    np.log1p(rest, out=rest)
    rest *= rows.pick("felt")
    rest *= rest
    rest += rows.pick("rest")
    return rest


def interval(sums: Sequence[Floats], into: Sequence[Floats], least: Floats, rest: Numeric, all_: Reaches) -> None:
    """Sums of squares below and above → low and high, as prior.moves and prior.estimate make them."""
    low, value, high = into
    for much, total in zip((low, high), sums, strict=True):
        np.sqrt(total, out=much)
        much /= value
    np.log1p(high, out=high)
    np.subtract(1.0, low, out=low)
    if all_.bends:
        np.maximum(low, LEAST_RATIO, out=low)
    np.log(low, out=low)
    for much, width in ((low, -all_.width), (high, all_.width)):
        much *= much
        much += rest
        np.sqrt(much, out=much)
        much *= width
        np.exp(much, out=much)
        much *= value
    np.maximum(low, least, out=low)


def farther(prompt: Numeric, output: Numeric, short: float) -> Floats:
    """How far a bound moves beyond what the prior has seen: the fourth root of how far each length lies beyond."""
    beyond: Floats = np.maximum(prompt, short) * np.maximum(output, short) / (short * short)
    return np.asarray(np.sqrt(np.sqrt(beyond)))


def whole(rows: Rows, more: Rows, prompt: Floats, output: Floats, all_: Reaches) -> tuple[Floats, Floats, Floats]:
    """Joules at any lengths, of batches that memory cuts short too: low, value, high. `rows` of Whole, `more` of
    Plain, both of columns that last."""
    work = _work(rows, more, prompt, output)
    value = _energy(rows, work)
    rest = more.pick("rest") + _felt(rows, more, prompt, output, value)
    low, high = (_squares(rows, more, work, side, all_) for side in _SIDES)
    interval((low, high), (low, value, high), work["read"] * rows.pick("least_read"), rest, all_)
    return low, value, high


_PARTS = (("read", "read_step"), ("shared", "shared_step"), ("own", "own_step"), ("first", "first"))


def _exp(exponent: Floats) -> Floats:
    return np.asarray(np.exp(np.maximum(exponent, _NOTHING)))


def _work(rows: Rows, more: Rows, prompt: Floats, output: Floats, fuller: float = 1.0) -> dict[str, Floats]:
    """What the terms of a request multiply, of a batch that is `fuller`; of caches and prompts the joules."""
    pick = rows.pick
    steps = np.maximum(output - 1.0, 0.0)
    context = prompt + output / 2
    held = np.minimum(context, pick("window")) * pick("local_bytes") + context * pick("cache_bytes")
    share = np.clip(held * pick("room"), pick("share") / fuller, 1.0)
    met = np.maximum(1.0, prompt / share)
    return {
        "read": (1 - pick("missed") * _exp(pick("expert") / share)) * share * steps,
        "shared": share * steps,
        "own": steps,
        "first": (1 - pick("missed") * _exp(pick("expert") * met)) * share,
        "request": share,
        "cache": held * steps * pick("cached"),
        "input": (prompt * more.pick("square") + more.pick("prompt")) * prompt,
    }


def _energy(rows: Rows, work: Mapping[str, Floats]) -> Floats:
    parts = (work[part] * rows.pick(name) for part, name in (*_PARTS, ("request", "request")))
    return sum(parts, work["cache"] + work["input"])


def _squares(rows: Rows, more: Rows, work: Mapping[str, Floats], side: str, all_: Reaches) -> Floats:
    of_input, _ = all_.of_side(side)
    known = work["cache"] ** 2 * more.pick(f"{side}_cache") + work["input"] ** 2 * of_input
    parts = ("read", "shared", "own", "first", "request")
    return sum((work[part] ** 2 * rows.pick(f"{side}_{part}") for part in parts), known)


def _felt(rows: Rows, more: Rows, prompt: Floats, output: Floats, value: Floats) -> Floats:
    """Squares of what doubts about a batch and a prompt do, as prior.felt has them."""
    total = np.zeros(len(value))
    for doubt, longer, fuller in ((more.pick("felt"), 1.0, NUDGE), (rows.pick("felt_prompt"), NUDGE, 1.0)):
        if np.any(doubt):
            moved = np.log(_energy(rows, _work(rows, more, prompt * longer, output, fuller)) / value) * doubt
            total += moved * moved
    return total
