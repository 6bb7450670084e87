"""A page → what it claims, and how that differs from what the raw readings give."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from itertools import zip_longest

from bench.report.figures import Entries, entries
from bench.report.marked import FIGURES_ID, SCHEMA_VERSION
from bench.report.numbers import published
from bench.report.page import render
from bench.report.plots import plots
from bench.report.views import ReportInput
from bench.stats import same_published

Difference = tuple[str, str, str]  # (field, expected, found)
_MISSING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class VisibleFigure:
    """A number as the page shows it: its key, its value attribute, the text a person reads."""

    key: str
    value: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedPage:
    """What a page claims. `fault` says why its JSON block cannot be read; '' when it can."""

    figures: Mapping[str, float | None]
    visible: tuple[VisibleFigure, ...]
    drawings: Mapping[str, str]
    fault: str = ""


def parse_figures(html: str) -> ParsedPage:
    """The JSON block, every visible figure and every plot of a page."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    values, fault = _block(reader.block)
    return ParsedPage(figures=values, visible=tuple(reader.visible), drawings=dict(_drawings(html)), fault=fault)


def check_page(html: str, report: ReportInput) -> list[Difference]:
    """Where a page differs from the report that the raw readings give, each by its field; [] when nowhere.

    Looks at the JSON block, at each visible figure, at each plot, and, if all of those agree, at every line.
    """
    return check_text(html, entries(report), plots(report), lambda: render(report))


def check_text(
    html: str, known: Entries, drawn: Mapping[str, str], rendered: Callable[[], str]
) -> list[Difference]:
    """The same for any page: its figures, its plots, and the whole of it as it should read."""
    page = parse_figures(html)
    found = [*_block_differences(page, known), *_visible_differences(page, known)]
    found += _drawing_differences(page, drawn)
    return found or list(_line_differences(_prose(html), _prose(rendered())))


class _Reader(HTMLParser):
    """Collects the JSON block and the texts of elements that carry `data-figure`."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.block: str | None = None
        self.visible: list[VisibleFigure] = []
        self._open: tuple[str, str, str] | None = None  # (tag, key, value)
        self._text: list[str] = []
        self._in_block = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Opens a figure or the block."""
        said = dict(attrs)
        if tag == "script" and said.get("id") == FIGURES_ID:
            self._in_block, self.block = True, ""
        key = said.get("data-figure")
        if key is not None:
            self._open = (tag, key, said.get("value") or said.get("data-value") or "")
            self._text = []

    def handle_data(self, data: str) -> None:
        """Keeps the text of whatever is open."""
        if self._in_block and self.block is not None:
            self.block += data
        elif self._open is not None:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        """Closes a figure or the block."""
        self._in_block = False
        if self._open is not None and self._open[0] == tag:
            _, key, value = self._open
            self.visible.append(VisibleFigure(key=key, value=value, text="".join(self._text)))
            self._open = None


def _block(text: str | None) -> tuple[dict[str, float | None], str]:
    if text is None:
        return {}, f'no <script id="{FIGURES_ID}">'
    try:
        said = json.loads(text, object_pairs_hook=_unique)
    except ValueError as error:
        return {}, f"not JSON: {error}"
    if not isinstance(said, dict) or said.get("schema_version") != SCHEMA_VERSION:
        version = said.get("schema_version") if isinstance(said, dict) else None
        return {}, f"schema_version {version!r}"
    found = said.get("figures")
    if not isinstance(found, dict):
        return {}, "no figures"
    strange = [key for key, one in found.items() if not _is_number(one)]
    if strange:
        return {}, f"{strange[0]} is no number"
    return {key: None if one is None else float(one) for key, one in found.items()}, ""


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """The pairs as a dict. Raises ValueError for a key given twice, of which JSON would keep the last."""
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(key for n, (key, _) in enumerate(pairs) if key in dict(pairs[:n]))
        raise ValueError(f"{twice} stands there twice")
    return found


def _is_number(one: object) -> bool:
    return one is None or (isinstance(one, (int, float)) and not isinstance(one, bool))


def _drawings(html: str) -> Iterator[tuple[str, str]]:
    for piece in html.split('<svg id="')[1:]:
        name, _, _ = piece.partition('"')
        body, closing, _ = piece.partition("</svg>")
        yield name, '<svg id="' + body + closing


def _block_differences(page: ParsedPage, known: Entries) -> Iterator[Difference]:
    if page.fault:
        yield FIGURES_ID, f"a JSON block of schema_version {SCHEMA_VERSION}", page.fault
        return
    for key, one in known.items():
        if key not in page.figures:
            yield key, _number(one.value), _MISSING
        elif not _agrees(page.figures[key], one.value):
            yield key, _number(one.value), _number(page.figures[key])
    for key in sorted(page.figures.keys() - known.keys()):
        yield key, _MISSING, _number(page.figures[key])


def _visible_differences(page: ParsedPage, known: Entries) -> Iterator[Difference]:
    for seen in page.visible:
        one = known.get(seen.key)
        if one is None:
            yield f"{seen.key} (shown)", _MISSING, seen.text
        elif seen.text != one.text:
            yield f"{seen.key} (shown)", one.text, seen.text
        elif not _agrees_text(seen.value, one.value):
            yield f"{seen.key} (value attribute)", _number(one.value), seen.value or _MISSING
    for key in sorted(known.keys() - {seen.key for seen in page.visible}):
        yield f"{key} (shown)", known[key].text, _MISSING


def _drawing_differences(page: ParsedPage, expected: Mapping[str, str]) -> Iterator[Difference]:
    for name, text in expected.items():
        found = page.drawings.get(name)
        if found is None:
            yield name, "a plot", _MISSING
        else:
            for _, wanted, seen in _line_differences(_masked(found), _masked(text)):
                yield name, wanted, seen
    for name in sorted(page.drawings.keys() - expected.keys()):
        yield name, _MISSING, "a plot"


def _prose(html: str) -> str:
    """The page without its block and its exact numbers, which are compared with their tolerance."""
    before, opening, rest = html.partition(f'id="{FIGURES_ID}">')
    # a browser ends the block at </SCRIPT > too: what stands behind it is prose
    ends = re.search(r"</script", rest, re.IGNORECASE)
    return _masked(before + opening + (rest[ends.start() :] if ends else ""))


def _masked(text: str) -> str:
    return re.sub(r'(data-figure="[^"]*" (?:data-)?value=)"[^"]*"', r"\1", text)


def _line_differences(found: str, expected: str) -> Iterator[Difference]:
    """The first line that differs, cut around the difference."""
    pairs = zip_longest(found.split("\n"), expected.split("\n"))
    for number, (seen, wanted) in enumerate(pairs, start=1):
        if seen != wanted:
            at = _first_apart(seen or "", wanted or "")
            yield f"line {number}", _around(wanted, at), _around(seen, at)
            return


def _first_apart(a: str, b: str) -> int:
    return next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _around(text: str | None, at: int) -> str:
    return _MISSING if text is None else text[max(0, at - 30) : at + 30]


def _agrees(found: float | None, expected: float | None) -> bool:
    """Whether a published number is the exact one, as far as digits are published; a gap agrees with a gap."""
    if found is None or expected is None or published(expected) is None:
        return found is None and published(expected) is None
    return same_published(expected, found)


def _agrees_text(found: str, expected: float | None) -> bool:
    if not found:
        return published(expected) is None
    try:
        return _agrees(float(found), expected)
    except ValueError:
        return False


def _number(value: float | None) -> str:
    exact = published(value)
    return "void or excluded" if exact is None else repr(exact)
