"""Whoever changes a digit, a word or a line of a page is named by what was changed."""

import re
from dataclasses import replace

import pytest
from report_demo import demo_report

from bench.report.figures import figures
from bench.report.marked import FIGURES_ID
from bench.report.numbers import published
from bench.report.page import render
from bench.report.proof import check_page, parse_figures

KEY = "runs/2026-11-21T10-01-00Z-0001/gpu:0/work/1/energy_j"


@pytest.fixture(scope="module")
def report():
    return demo_report()


@pytest.fixture(scope="module")
def html(report):
    return render(report)


def _flip(digit: str) -> str:
    return str((int(digit) + 1) % 10)


def _swap(text: str, at: int) -> str:
    return text[:at] + _flip(text[at]) + text[at + 1 :]


def test_an_honest_page_has_no_difference(report, html):
    """Rendered and checked against the same readings, a page agrees with itself."""
    assert check_page(html, report) == []


def test_keys_name_run_domain_window_and_quantity(report):
    """The flat keys say where a number comes from, and the values are exact, not rounded."""
    known = figures(report)

    assert known[KEY] == pytest.approx(63.4 * 10 * 1.0000137, rel=1e-12)
    assert known["coefficients/0/terms/output_token/value"] == 1.8713
    assert known["hardware/tdp_w"] == 70


def test_any_digit_of_the_block_is_named(report, html):
    """Each of the seven digits of a figure in the JSON block counts, the last one too."""
    line = re.search(rf'^"{re.escape(KEY)}": ([0-9.]+),?$', html, flags=re.MULTILINE)
    assert line is not None
    for offset, digit in enumerate(line[1]):
        if digit.isdigit():
            found = check_page(_swap(html, line.start(1) + offset), report)

            assert [field for field, _, _ in found] == [KEY]
            assert found[0][1] == repr(published(figures(report)[KEY]))


def test_any_digit_of_a_visible_figure_is_named(report, html):
    """The text that a person reads and the exact value behind it are both checked."""
    shown = re.search(rf'<data class="figure" data-figure="{re.escape(KEY)}" value="([^"]*)">([^<]*)<', html)
    assert shown is not None
    text = check_page(_swap(html, shown.start(2)), report)
    value = check_page(_swap(html, shown.end(1) - 1), report)

    assert text == [(f"{KEY} (shown)", "634", "734")]
    assert value[0][0] == f"{KEY} (value attribute)"


def test_every_visible_figure_is_guarded(report, html):
    """No figure is shown that can be changed unseen, in a table or in a plot."""
    places = list(re.finditer(r'data-figure="([^"]*)"[^>]*>([^<]*[0-9])<', html))
    chosen = places[:: max(1, len(places) // 12)]

    assert len(chosen) >= 12
    for one in chosen:
        found = check_page(_swap(html, one.end(2) - 1), report)
        assert found
        assert found[0][0] == f"{one[1]} (shown)"


def test_a_moved_dot_is_named_by_its_plot(report, html):
    """A plot's geometry is a claim as well."""
    for name, attribute in (("plot-unit-0", "cx"), ("plot-basis-0", "width"), ("plot-power-0", "points")):
        start = html.index(f'<svg id="{name}"')
        place = html.index(f' {attribute}="', html.index("</defs>" if "power" not in name else "<rect", start))
        digit = re.compile(r"[0-9]").search(html, place)
        assert digit is not None
        found = check_page(_swap(html, digit.start()), report)

        assert [field for field, _, _ in found] == [name]


def test_a_changed_word_is_named_by_its_line(report, html):
    """A basis, a unit or a reason is no figure, but changing it changes what the figures mean."""
    for old, new in (
        ("here is MODELLED, not", "here is measured, not"),
        ('<span class="unit">J/token</span>', '<span class="unit">J/page</span>'),
        ("event reasons 0x20", "event reasons 0x00"),
    ):
        found = check_page(html.replace(old, new, 1), report)

        assert len(found) == 1
        assert found[0][0].startswith("line ")


def test_a_missing_or_added_figure_is_named(report, html):
    """Nothing may be left out of the block or the page, and nothing slipped in."""
    gone = re.sub(rf'^"{re.escape(KEY)}": .*\n', "", html, flags=re.MULTILINE)
    added = html.replace('"figures": {', '"figures": {\n"runs/made-up": 1,', 1)
    unseen = html.replace(f'data-figure="{KEY}"', 'title="x"')

    assert check_page(gone, report)[0] == (KEY, repr(published(figures(report)[KEY])), "nothing")
    assert check_page(added, report) == [("runs/made-up", "nothing", "1.0")]
    assert f"{KEY} (shown)" in [field for field, _, _ in check_page(unseen, report)]


def test_a_void_turned_into_a_number_is_named(report, html):
    """A figure that was taken away stays away."""
    key = f"{report.runs[4].id}/gpu:0/work/1/energy_j"
    forged = html.replace(f'{key}": null', f'{key}": 507.1', 1)

    assert check_page(forged, report) == [(f"runs/{key}", "void or excluded", "507.1")]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('id="joulemark-figures"', 'id="other"', "no <script"),
        ('"schema_version": 1', '"schema_version": 99', "schema_version 99"),
        ('"figures": {', '"figures": [', "not JSON"),
        (f'"{KEY}": ', f'"{KEY}": 1.0,\n"{KEY}": ', "stands there twice"),
        (f'"{KEY}": ', f'"{KEY}": "x", "y": ', "is no number"),
    ],
)
def test_a_broken_block_is_said_not_raised(report, html, old, new, said):
    """A damaged page gives a difference with its reason, never a traceback."""
    found = check_page(html.replace(old, new, 1), report)

    assert found[0][0] == "joulemark-figures"
    assert said in found[0][2]


def test_half_a_unit_of_the_last_digit_is_allowed_and_no_more(report):
    """Another machine may round the seventh digit the other way; a whole unit off is a difference."""
    key = "coefficients/0/terms/output_token/value"
    first = report.coefficients[0]
    term = replace(first.terms["output_token"], value=1.8713214999999)
    edge = replace(first, terms={**first.terms, "output_token": term})
    made = replace(report, coefficients=(edge, *report.coefficients[1:]))
    html = render(made)

    assert parse_figures(html).figures[key] == 1.871321
    assert check_page(html.replace("1.871321", "1.871322"), made) == []
    assert {field for field, _, _ in check_page(html.replace("1.871321", "1.871323"), made)} == {
        key,
        f"{key} (value attribute)",
    }
    assert check_page(html.replace("1.871321", "1.871320"), made)


def test_what_a_browser_shows_behind_the_block_is_prose(report, html):
    """A browser ends the block at </SCRIPT>: a figure smuggled in behind it is named."""
    at = html.index("</script>", html.index(f'id="{FIGURES_ID}">'))
    forged = f"{html[:at]}</SCRIPT><p>3 J</p><script>{html[at:]}"

    assert check_page(forged, report)
