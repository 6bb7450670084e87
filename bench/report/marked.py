"""Figures as a page holds them: marked with their keys, so that a verifier finds each one; and its templates."""

import json

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bench.phrases import Phrase, told
from bench.report.figures import Entries
from bench.report.numbers import EXCLUDED, UNBOUNDED, VOID, published
from bench.report.translatable import Telling
from bench.report.words import person

SCHEMA_VERSION = 1
FIGURES_ID = "joulemark-figures"


def environment() -> Environment:
    """The templates; a name that is not there is an error, and what is written is escaped."""
    made = Environment(
        loader=PackageLoader("bench.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        extensions=[Telling],
    )
    made.filters["person"] = person
    return made


def drawn_title(drawing: Markup) -> Markup:
    """The title that a plot carries."""
    return Markup(drawing.partition('-title">')[2].partition("</title>")[0])  # escaped in svg.py


def block(known: Entries) -> Markup:
    """Every figure as JSON that a page carries, for a verifier."""
    values = {key: published(one.value) for key, one in known.items()}
    text = json.dumps(
        {"schema_version": SCHEMA_VERSION, "figures": values}, indent=0, sort_keys=True, allow_nan=False
    )
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))


def fig(known: Entries, key: str) -> Markup:
    """A number on the page that says which figure it is."""
    one = known[key]
    value = published(one.value)
    full = "" if value is None else repr(value)
    kind = "figure" if value is not None else f"figure {_absence(one.text)}"
    return Markup('<data class="{}" data-figure="{}" value="{}">{}</data>').format(kind, key, full, one.text)


def _absence(shown: str) -> str:
    """The word behind what is shown for no figure: its class in the style sheet."""
    return next((word for word in (VOID, EXCLUDED, UNBOUNDED) if told(word) == shown), shown)


def bare(known: Entries, key: str) -> Markup:
    """A number whose unit the template writes itself: no energy and no power, which choose theirs (mJ, kW)."""
    unit = known[key].unit
    assert unit.lstrip("µmkMG")[:1] not in ("J", "W"), f"{key} is in {unit}: show it by span"
    return fig(known, key)


def span(known: Entries, base: str, name: str) -> Markup:
    """A value with its unit, and its interval on a line of its own; the word for its absence alone."""
    suffix = name.removeprefix("energy").removeprefix("value")  # energy_j has low_j beside it
    low, high = f"{base}/low{suffix}", f"{base}/high{suffix}"
    key = f"{base}/{name}"
    unit = Markup(' <span class="unit">{}</span>').format(known[key].unit) if known[key].unit else ""
    value = Markup('<span class="value">{}{}</span>').format(fig(known, key), unit)
    if low not in known:
        return value
    return value + Markup(' <span class="bounds">{}{}{}</span>').format(
        fig(known, low), told(Phrase(" to ")), fig(known, high)
    )
