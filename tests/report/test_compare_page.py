"""What a comparison says in words and on its page: the basis in every sentence, nothing that was not told."""

import re
from dataclasses import replace
from itertools import pairwise

import pytest

from bench.nouns import Source
from bench.nouns.compared import (
    Agreement,
    Compared,
    Difference,
    Level,
    Made,
    Pair,
    Price,
    Ratio,
    Standing,
    Work,
    WorkCompared,
)
from bench.report.compare import (
    ComparisonInput,
    check_comparison,
    comparison_entries,
    comparison_plots,
    render_comparison,
)
from bench.report.compare_text import comparison_text, difference_text, remarks, sentence
from bench.report.ratio_text import ratio_text

NOTE = "cannot see the power of the instruction mix"
MADE = Made(
    engine="llama_cpp", engine_version="0.3", model="m", precision="q4_k_m", weights="synthetic",
    hardware="a-machine", device="cpu", workload_sha256="0" * 64,
)  # fmt: skip


def ratio(measure="energy", value=0.61, half=0.03, *, basis="modelled", boundary="host", **more):
    low, high = (None, None) if half is None else (value - half, value + half)
    return Ratio(
        measure=measure, boundary=boundary if measure == "energy" else None,
        basis=basis if measure == "energy" else "measured", value=value, low=low, high=high, rounds=5,
        components={"statistical": 0.05}, **more,
    )  # fmt: skip


def compared(*ratios, work=None, **more):
    pair = Pair(one=0, other=1, ratios=ratios, no_quality="synthetic weights", **more)
    level = Level(measure="time", boundary=None, basis="measured", value=0.01, low=0.009, high=0.011, rounds=5)
    told = WorkCompared(
        work=work or Work(workload="prompt-32-8"), unit="output_token", levels=((level,), (level,)), pairs=(pair,)
    )
    return Compared(
        candidates=(MADE, replace(MADE, precision="f16")), names=("q4_k_m", "f16"), works=(told,), interleaved=True
    )


def said(one):
    return sentence(one, one.works[0], one.works[0].pairs[0])


def test_the_sentence_of_a_modelled_ratio_never_says_measured():
    """Basis, boundary and what the model can't see stand in it."""
    told = said(compared(ratio(), ratio("time", 0.58, 0.01)))

    assert told == (
        "q4_k_m uses 0.61 ± 0.03 of the energy of f16 on prompt-32-8 at batch 1 "
        f"(host, MODELLED: {NOTE}); 0.58 ± 0.01 of its time; quality not comparable: synthetic weights"
    )
    assert "measured" not in told


def test_an_interval_that_holds_1_is_no_difference():
    """Whatever the value."""
    told = said(compared(ratio(value=0.99, half=0.04, basis="measured", boundary="gpu")))

    assert "no difference in energy that these rounds can tell (0.99 ± 0.04; gpu, measured)" in told
    assert "uses" not in told


def test_one_round_claims_no_use():
    """A ratio without an interval came to be, once."""
    told = said(compared(ratio(value=0.7, half=None)))

    assert "came to 0.70 (one round) of the energy" in told


def test_what_a_program_gave_is_simulated():
    """A simulated board's ratio is never called measured."""
    told = said(compared(ratio(basis="measured", boundary="gpu", simulated=True)))

    assert "(gpu, SIMULATED)" in told


@pytest.mark.parametrize(
    ("low", "value", "high", "text"),
    [
        (0.58, 0.61, 0.64, "0.61 ± 0.03"),
        (0.40, 0.61, 0.93, "0.61 (0.40 to 0.93)"),
        (0.608, 0.611, 0.614, "0.611 ± 0.003"),
        (0.0034, 0.21, 13.6, "0.21 (0.0034 to 13.60)"),
        (0.60, 0.612, 0.624, "0.612 ± 0.012"),
        (0.916, 0.956, 0.996, "0.956 ± 0.040"),
        (0.926, 0.962, 0.998, "0.962 ± 0.036"),
        (1.002, 1.3, 1.9, "1.300 (1.002 to 1.900)"),
        (0.926, 0.966, 1.006, "0.97 ± 0.04"),
        (1.04, 1.4, 1.9, "1.40 (1.04 to 1.90)"),
        (5.0, 10.0, 20.0, "10.00 (5.00 to 20.00)"),
        (0.001, 0.9, 900.0, "0.90 (0.0010 to 900.0)"),
        (0.00001, 0.5, 1234567.0, "0.50 (1.0e\u22125 to 1.2e6)"),
        (12000.0, 12345.0, 12690.0, "1.2e4 (1.2e4 to 1.3e4)"),
        (0.99880, 0.99920, 0.99960, "0.9992 ± 0.0004"),
    ],
)
def test_a_ratio_shows_the_digits_that_its_interval_carries(low, value, high, text):
    """Two decimals at least; two digits of a half-width that begins with a 1; both ends where they differ."""
    assert ratio_text(replace(ratio(), low=low, value=value, high=high)) == text


def test_a_difference_of_scores_is_told_or_not():
    """By its interval."""
    assert difference_text(Difference(score="macro_f1", value=-0.1, low=-0.15, high=-0.05)) == (
        "macro F1 by −0.100, −0.150 to −0.050"
    )
    assert "no difference in macro F1" in difference_text(
        Difference(score="macro_f1", value=0.01, low=-0.02, high=0.04)
    )


def test_answers_that_are_all_the_same_are_no_proof_of_others():
    """What the interval rests on is said, and by the rule of three what 240 questions leave open."""
    equal = Difference(score="macro_f1", value=0.0, low=-0.016, high=0.016, paired=True)
    one = compared(ratio(), differences=(equal,), agreement=Agreement(same=240, of=240))

    assert said(one).endswith("(+0.000, −0.016 to +0.016); the same answers to all 240 sentences")
    assert "differences of scores are paired, question by question: both answered the same ones" in remarks(one)
    assert any("up to 1.2% of further ones may be answered unlike" in text for text in remarks(one))


@pytest.mark.parametrize(
    ("agreement", "why"),
    [(None, "they did not answer the same questions"), (Agreement(same=8, of=9), "too few questions to pair")],
)
def test_a_difference_without_pairs_says_so(agreement, why):
    """It is that of two independent scores, and why."""
    apart = Difference(score="macro_f1", value=0.1, low=-0.2, high=0.4)
    one = compared(ratio(), differences=(apart,), agreement=agreement)

    assert f"macro F1: the interval is that of two independent scores, for {why}" in remarks(one)
    assert ("the same answer to 8 of 9 sentences" in said(one)) == (agreement is not None)


def test_an_offered_load_is_told_by_its_latency():
    """How far apart requests came is nobody's merit."""
    told = said(compared(ratio(), ratio("e2e", 0.9, 0.01), work=Work(workload="w", rate=50.0)))

    assert "on w at 50 requests/s" in told
    assert "0.90 ± 0.01 of its latency" in told


def test_no_line_of_the_table_is_wider_than_80_columns():
    """Long names wrap."""
    one = compared(ratio(), ratio("time", 0.58, 0.01), ratio("e2e", 0.5, 0.2))
    one = replace(one, names=("transformers/mistral-160m:int8dyn-torchao", "llama_cpp/mistral-160m:q4_k_m"))

    assert max(map(len, comparison_text(one).splitlines())) <= 80


@pytest.fixture
def shown():
    one = compared(ratio(), ratio("time", 1.2, 0.5), ratio("e2e", 0.001, None))
    level = Level(measure="energy", boundary="host", basis="modelled", value=2.0, low=1.5, high=2.7, rounds=5)
    late = replace(level, measure="e2e", boundary=None, basis="measured")
    places = tuple(Standing(candidate=c, boundary="host", place="undecided") for c in (0, 1))
    work = replace(
        one.works[0], levels=((level, late), (level, late)), standings=places, price_per_1000=(level, None)
    )
    source = Source(domain="host", meter="host_model", boundary="host", basis="modelled", device="cpu-model")
    return ComparisonInput(
        id="x", generated_by="Joulemark 0", hardware_title="<A machine>", sources=(source,),
        compared=replace(one, works=(work,), price=Price(per_hour=3.2, currency="EUR", source="as typed")),
        runs=(("q4_k_m", 1, "prompt-32-8", "20261121T000000Z-1", "0" * 64),),
    )  # fmt: skip


def test_a_page_that_nobody_touched_agrees_with_itself(shown):
    """Every figure is on it, at its key; nothing is fetched, nothing runs."""
    html = render_comparison(shown)

    assert check_comparison(html, shown) == []
    assert "http://" not in html.replace("http://www.w3.org/2000/svg", "")
    assert "&lt;A machine&gt;" in html
    assert "MODELLED, not measured" in html


def test_every_figure_of_the_page_is_guarded(shown):
    """Whichever number is another than its key says is named."""
    html = render_comparison(shown)
    for key, entry in comparison_entries(shown).items():
        wrong = html.replace(f'data-figure="{key}" value="{entry.value!r}"', f'data-figure="{key}" value="9.99"')
        assert wrong != html, key
        assert any(field.startswith(key) for field, _, _ in check_comparison(wrong, shown)), key


def test_plots_hold_a_line_at_1_and_every_ratio(shown):
    """A dot a ratio; no whisker where there is no interval; the front, for what it is worth."""
    drawn = comparison_plots(shown)

    assert set(drawn) == {"plot-ratio-0-1", "plot-front-0-host"}
    assert drawn["plot-ratio-0-1"].count('class="zero"') == 1
    assert drawn["plot-ratio-0-1"].count("outline modelled") == 1
    assert drawn["plot-ratio-0-1"].count('class="open time"') == 2
    assert drawn["plot-ratio-0-1"].count("one round") == 1


def test_labels_of_the_widest_intervals_do_not_touch(shown):
    """From a billionth to a billion: values and bounds are short, ticks are decades, and each has its place."""
    wide = [
        replace(ratio(boundary=b), low=low, value=value, high=high)
        for b, low, value, high in (
            ("gpu", 1e-9, 2.3e-5, 3.0),
            ("cpu", 3.0, 123456.0, 9e9),
            ("host", 0.9, 1.0, 1.1),
        )
    ]
    work = replace(shown.compared.works[0], pairs=(replace(shown.compared.works[0].pairs[0], ratios=tuple(wide)),))
    drawn = comparison_plots(replace(shown, compared=replace(shown.compared, works=(work,))))["plot-ratio-0-1"]
    texts = re.findall(r'<text class="(\w+)" x="([\d.]+)"[^>]*>(.*?)</text>', drawn)
    told = [(kind, float(x), re.sub("<[^>]*>", "", words)) for kind, x, words in texts]

    assert [words for kind, x, words in told if kind == "value"] == ["2.3e\u22125", "1.2e5", "1.00"]
    assert [words for kind, x, words in told if x == 750] == [
        "1.0e\u22129 to 3.00",
        "3.00 to 9.0e9",
        "0.90 to 1.10",
    ]
    ticks = [(x, words) for kind, x, words in told if kind == "tick" and x < 600]
    assert ticks[0][1] == "1e\u22129"
    assert ticks[-1][1] == "1e9"
    assert all(b[0] - a[0] >= 36 for a, b in pairwise(ticks))


def test_a_boundary_of_one_alone_has_a_gap_for_the_other(shown):
    """The GPU of a candidate that used none is no figure, and moves no other into its column."""
    work = shown.compared.works[0]
    gpu = replace(work.levels[0][0], boundary="gpu", basis="measured", value=7.0)
    work = replace(work, levels=(work.levels[0], (gpu, *work.levels[1])))
    shown = replace(shown, compared=replace(shown.compared, works=(work,)))
    html = render_comparison(shown)

    assert check_comparison(html, shown) == []
    assert html.count("no figure") == 1
    assert html.index("J/output token, gpu</th>") < html.index("s a request, median</th>")
