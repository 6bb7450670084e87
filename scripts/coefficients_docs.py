"""docs/coefficients.json (kept by `scripts/perf_coefficients.py --keep`) → docs/coefficients.md."""

from collections.abc import Mapping
from pathlib import Path

from goal_page import goal_page
from perf_coefficients import TABLE

PAGE = TABLE.kept.with_suffix(".md")
_ABOUT: Mapping[str, str] = {
    "served": (
        "The whole line: `run endpoint` with its client, sampler, meter and seal, against the **simulated**"
        " server of `tests/sim` on a simulated board whose counter is exact. Its physics is drawn from a "
        "seed (`JOULEMARK_PHYSICS_SEED` draws another). Windows are attributed by terms that rest on other "
        "cells."
    ),
    "coverage": (
        "The same server on a virtual clock; each campaign draws the noise of its windows anew. The board's"
        " gain is left out on both sides: what is tested is the statistical part of the intervals. A term "
        "that a campaign shows by chance has no row."
    ),
    "bootstrap": (
        "The statistical part alone: amounts of the same server, idle known, errors drawn in five ways as "
        "shares of a window's energy (windows alone; runs and windows; the same, in cells whose scatter "
        "spans a factor of ten; the same with Student's tails of three degrees; a drift over the campaign "
        "beside windows). Each cell: how often the truth is held in the mean of terms, by the worst term, "
        "and the median width. *Behind*: the runs that stand behind the term that has fewest (degrees of "
        "freedom of its standard error over runs). The fit takes the wild percentile-t where that is five "
        "or more, else Student's: with F at 25 %, at 5 % where fewer than four runs are beyond the terms."
    ),
    "real": (
        "Sealed runs of this project. Where energy is modelled (no sensor), this says how well a cell's "
        "*time* is predicted from other cells'."
    ),
    "compared": (
        "`joulemark verify results/comparisons/cpu-2-threads` proves them; weights of Mistral and NLLB are "
        "**synthetic**. The host's power is **modelled** from how "
        "busy it was: a ratio of its joules is one of processor times, and cannot see the power of the "
        "instruction mix."
    ),
    "speed": ("Runs with their requests and the moments of their tokens in memory; window energies known."),
}


def page(path: Path = TABLE.kept) -> str:
    """The whole page."""
    return goal_page(
        "Whether coefficients hold",
        "make perf TABLE=coefficients",
        _ABOUT,
        path,
        "No GPU is in it, and no vendor's server.",
    )
