"""Windows as their requests' energy, as text of 80 columns."""

import textwrap
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from bench.cli.apart_text import command_text
from bench.report.numbers import shown
from bench.report.words import basis_word
from bench.stats import median, quantile
from bench.units import counted

if TYPE_CHECKING:
    from bench.fit.attribution import RequestEnergy, WindowAccount
    from bench.run.attribute import Attributed

_WIDTH = 80


def attribution_text(found: Sequence["Attributed"]) -> str:
    """A block for each run, and how far all of them are from the meter."""
    lines = [line for one in found for line in _block(one)]
    return "\n".join([*lines, *_conclusion(found)])


def _block(one: "Attributed") -> Iterator[str]:
    basis = basis_word(one.basis, simulated=one.simulated)
    loud = basis if basis == "measured" else basis.upper()
    yield from textwrap.wrap(f"{one.cell} · {one.boundary} {loud}", _WIDTH, subsequent_indent="  ")
    if not one.windows:
        yield from textwrap.wrap(f"no account: {one.why}", _WIDTH, initial_indent="  ", subsequent_indent="    ")
        for line in one.helps:
            yield from command_text(line)
    for window in one.windows:
        yield from textwrap.wrap(_window(window), _WIDTH, initial_indent="  ", subsequent_indent="    ")
    if one.windows:
        each = [request for window in one.windows for request in window.requests]
        yield from textwrap.wrap(_requests(each), _WIDTH, initial_indent="  ", subsequent_indent="    ")
        for remark in one.remarks:
            yield from textwrap.wrap(remark, _WIDTH, initial_indent="  ", subsequent_indent="    ")
        if one.in_sample:
            yield "  in sample: the terms rest on these windows too"
    yield ""


def _window(one: "WindowAccount") -> str:
    nobody = f" and {shown(one.nobody_j, 'J')} while nothing was asked" if one.nobody_j > 0 else ""
    asked_j = one.attributed_j - one.nobody_j
    return (
        f"work {one.label}: {shown(one.metered_j, 'J')} by the meter; {shown(asked_j, 'J')} of "
        f"{counted(len(one.requests), 'request')}{nobody}: {_signed(one.difference_ratio)}"
    )


def _signed(ratio: float) -> str:
    return f"{ratio:+.2%}".replace("-", "−").replace("%", " %")


def _requests(each: Sequence["RequestEnergy"]) -> str:
    if not each:
        return "no request"
    took_j = [one.energy_j for one in each]
    spread = f" (5 % to 95 %: {shown(quantile(took_j, 0.05), 'J')} to {shown(quantile(took_j, 0.95), 'J')})"
    parts = "; ".join(f"{name} {shown(joules, 'J')}" for name, joules in _means(each).items())
    return f"a request {shown(median(took_j), 'J')}{spread}; on average {parts}"


def _means(each: Sequence["RequestEnergy"]) -> Mapping[str, float]:
    sums: dict[str, float] = defaultdict(float)
    for one in each:
        for name, joules in {**one.terms_j, "idle": one.idle_j}.items():
            sums[name] += joules
    return {name: joules / len(each) for name, joules in sums.items()}


def _conclusion(found: Sequence["Attributed"]) -> Iterator[str]:
    for in_sample, said in ((False, "terms fitted on other cells"), (True, "terms fitted on the same windows")):
        ratios = [abs(w.difference_ratio) for one in found if one.in_sample is in_sample for w in one.windows]
        if ratios:
            off = f"{100 * median(ratios):.2f} % off the meter in the median, {100 * max(ratios):.2f} % at most"
            yield from textwrap.wrap(f"{counted(len(ratios), 'window')}, {said}: {off}", _WIDTH)
