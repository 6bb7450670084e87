"""Blocks of requests → joules with their interval, by the forms of bench.estimators.columns.prior_cells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.estimators.columns.arrays import Rows
from bench.estimators.columns.asked import Floats, Numeric
from bench.estimators.columns.prior_cells import NUDGE, reach
from bench.estimators.prior import LEAST_RATIO, Prior


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaches:
    """What one prior says of all cells: squared reaches of prompts and caches, and the interval's stretch."""

    width: float
    up_prompt: float
    down_prompt: float

    @staticmethod
    def of(prior: Prior) -> "Reaches":
        """What that prior says."""
        return Reaches(
            width=prior.width,
            up_prompt=reach(prior, "prefill", 1) ** 2,
            down_prompt=reach(prior, "prefill", -1) ** 2,
        )


def plain(rows: Rows, prompt: Numeric, output: Numeric, into: list[Floats], all_: Reaches, felt: bool) -> None:
    """Joules of batches that run whole: value, low, high into the first three of nine columns."""
    value, low, high, steps, cache, input_, rest, least, spare = into
    pick = rows.pick
    np.subtract(output, 1.0, out=steps)
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
    extra: Numeric = pick("rest")
    if felt:
        np.multiply(steps, pick("felt_step"), out=spare)
        spare += pick("felt_fixed")
        spare /= value
        np.log1p(spare, out=spare)
        spare *= pick("felt")
        spare *= spare
        np.add(spare, pick("rest"), out=rest)
        extra = rest
    elif not isinstance(extra, float):
        np.copyto(rest, extra)
        extra = rest
    for column in (steps, cache, input_):
        column *= column
    for side, much, of_input in (("up", high, all_.up_prompt), ("down", low, all_.down_prompt)):
        np.multiply(steps, pick(f"{side}_step"), out=much)
        np.multiply(cache, pick(f"{side}_cache"), out=spare)
        much += spare
        np.multiply(input_, of_input, out=spare)
        much += spare
        much += pick(f"{side}_fixed")
    interval(value, low, high, least, extra, all_.width)


def interval(value: Floats, low: Floats, high: Floats, least: Floats, rest: Numeric, width: float) -> None:
    """Sums of squares in `low` and `high` → the interval's ends, as prior.moves and prior.estimate make them."""
    for much in (low, high):
        np.sqrt(much, out=much)
        much /= value
    np.log1p(high, out=high)
    np.subtract(1.0, low, out=low)
    np.maximum(low, LEAST_RATIO, out=low)
    np.log(low, out=low)
    for much, sign in ((low, -width), (high, width)):
        much *= much
        much += rest
        np.sqrt(much, out=much)
        much *= sign
        np.exp(much, out=much)
        much *= value
    np.maximum(low, least, out=low)


def outside(
    rows: Rows, prompt: Numeric, output: Numeric, ends: Sequence[Floats], spare: Floats, short: float
) -> None:
    """Low and high widened beyond what the prior has seen: by the fourth root of how far, of each length."""
    low, high = ends
    np.maximum(prompt, short, out=spare)
    spare *= np.maximum(output, short)
    spare *= 1 / (short * short)
    np.sqrt(spare, out=spare)
    np.sqrt(spare, out=spare)
    spare *= rows.pick("far")
    low /= spare
    high *= spare


def whole(rows: Rows, more: Rows, prompt: Floats, output: Floats, all_: Reaches) -> tuple[Floats, Floats, Floats]:
    """Joules at any lengths, of batches that memory cuts short too: low, value, high. `rows` of Whole, `more` of
    Plain, both of columns that last."""
    work = _work(rows, more, prompt, output)
    value = _energy(rows, work)
    rest = more.pick("rest") + _felt(rows, more, prompt, output, value)
    low, high = (_squares(rows, more, work, side, all_) for side in ("down", "up"))
    interval(value, low, high, work["read"] * rows.pick("least_read"), rest, all_.width)
    return low, value, high


_PARTS = (("read", "read_step"), ("shared", "shared_step"), ("own", "own_step"), ("first", "first"))


def _work(rows: Rows, more: Rows, prompt: Floats, output: Floats, fuller: float = 1.0) -> dict[str, Floats]:
    """What the terms of a request multiply, of a batch that is `fuller`; of caches and prompts the joules."""
    pick = rows.pick
    steps = np.maximum(output - 1.0, 0.0)
    context = prompt + output / 2
    held = np.minimum(context, pick("window")) * pick("local_bytes") + context * pick("cache_bytes")
    share = np.clip(held * pick("room"), pick("share") / fuller, 1.0)
    met = np.maximum(1.0, prompt / share)
    return {
        "read": (1 - pick("missed") * np.exp(pick("expert") / share)) * share * steps,
        "shared": share * steps,
        "own": steps,
        "first": (1 - pick("missed") * np.exp(pick("expert") * met)) * share,
        "request": share,
        "cache": held * steps * pick("cached"),
        "input": (prompt * more.pick("square") + more.pick("prompt")) * prompt,
    }


def _energy(rows: Rows, work: Mapping[str, Floats]) -> Floats:
    parts = (work[part] * rows.pick(name) for part, name in (*_PARTS, ("request", "request")))
    return sum(parts, work["cache"] + work["input"])


def _squares(rows: Rows, more: Rows, work: Mapping[str, Floats], side: str, all_: Reaches) -> Floats:
    of_input = all_.up_prompt if side == "up" else all_.down_prompt
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
