"""A page in French: the figures of the English one, headings and notes told, and proven in its own language."""

import html
import re

import pytest
from report_demo import demo_report

from bench.files.locales import language, language_of_page
from bench.phrases import ENGLISH, speaking
from bench.report.page import render
from bench.report.proof import check_page, parse_figures
from bench.report.translatable import marked, texts


@pytest.fixture(scope="module")
def french():
    with speaking(language("fr")):
        return render(demo_report())


def shown(page):
    """What a person reads between tags, outside code, figures, ids and the block."""
    bare = re.sub(r"<(script|style|code|data|tspan)\b.*?</\1>", "", page, flags=re.DOTALL)
    return [html.unescape(one).strip() for one in re.findall(r">([^<]+)<", bare)]


def test_figures_are_the_english_ones(french):
    english = parse_figures(render(demo_report()))
    told = parse_figures(french)
    assert told.figures == english.figures
    numbers = [(a.text, b.text) for a, b in zip(told.visible, english.visible, strict=True)]
    assert all(a == b.replace(".", ",") for a, b in numbers if b[-1].isdigit())
    assert ("0,455", "0.455") in numbers
    assert {a for a, b in numbers if b == "void"} == {"invalidé"}


def test_it_says_its_language_and_is_proven_in_it(french):
    assert '<html lang="fr">' in french
    with speaking(language_of_page(french)):
        assert check_page(french, demo_report()) == []
    assert check_page(french, demo_report()) != []
    assert language_of_page("<html>") is ENGLISH
    assert language_of_page('<html lang="xx">') is ENGLISH


def test_headings_table_heads_and_labels_are_told(french):
    english = render(demo_report())
    for tag in ("h2", "th", "dt", "a", "p"):
        pattern = rf"<{tag}\b[^>]*>([^<{{}}]*[a-z]{{3}}[^<]*)</{tag}>"
        ours, theirs = set(re.findall(pattern, english)), set(re.findall(pattern, french))
        same = {
            one for one in ours & theirs if re.search(r"\b(the|of|is|not|with|above|energy|what)\b", one, re.I)
        }
        assert same == set()
    assert "Énergie par unité de travail" in french
    assert 'aria-label="Sommaire"' in french


def test_classes_stay_what_the_style_sheet_knows(french):
    classes = set(re.findall(r'class="([^"]+)"', french))
    assert classes == set(re.findall(r'class="([^"]+)"', render(demo_report())))


def test_templates_are_marked_and_nothing_else_moves():
    source = (
        '<style>p { color: red }</style>\n<p class="note">Terms are <b>above</b> it; {{ n }} of {{ all }} x</p>'
    )
    found = marked(source)
    assert list(texts(source)) == ["Terms are <b>above</b> it;", "of"]
    assert '{{ say("Terms are <b>above</b> it;") }} {{ n }} {{ say("of") }} {{ all }} x</p>' in found
    assert found.startswith("<style>p { color: red }</style>")
    assert marked('<nav aria-label="Coefficients of {{ x }}">') == (
        '<nav aria-label="{{ say("Coefficients of") }} {{ x }}">'
    )
