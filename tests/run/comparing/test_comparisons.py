"""Sealed rounds become a comparison that proves itself; whatever is touched of it is named."""

import json
import re
import shutil

import pytest
from compared_demo import NAMES, ORDER, ratios, record_of, touched

from bench.nouns.compared import ComparisonRecord, Price
from bench.run.compare import recompute, sealed_rounds, takes
from bench.run.compared import seal
from bench.run.verify import verify


def test_a_machine_that_slows_down_for_both_is_in_no_ratio(pristine):
    """Batches of 0.33 against 0.55 s, 0.36 against 0.6, 0.39 against 0.65: 0.6 of the time, exactly."""
    found = ratios(recompute(*record_of(pristine)))

    assert found["time", None].value == pytest.approx(0.6)
    assert found["time", None].components["statistical"] == pytest.approx(0.0, abs=1e-6)
    energy = found["energy", "gpu"]
    assert (energy.basis, energy.rounds, energy.gain_cancels) == ("measured", 3, True)
    assert energy.low < 0.6 < energy.high


def test_the_price_is_price_times_time(pristine):
    """3.6 EUR an hour is 1 EUR for 1000 s; eight tokens take 0.3 to 0.4 s."""
    price = Price(per_hour=3.6, currency="EUR", source="as typed")
    work = recompute(*record_of(pristine, price=price)).works[0]

    time_s = next(v.value for v in work.levels[0] if v.measure == "time")
    assert work.price_per_1000[0].value == pytest.approx(time_s, rel=1e-6)


def test_an_untouched_comparison_proves_itself(out):
    """Six runs, the comparison's figures and its page."""
    found = verify(out)

    assert (found.checked, found.differences) == (8, ())


def test_one_digit_of_a_ratio_is_named(out):
    """The seventh digit of a bound."""
    path = out / "comparisons" / "c0ffee00.json"
    data = json.loads(path.read_text())
    data["comparison"]["works"][0]["pairs"][0]["ratios"][0]["low"] *= 1.000002
    path.write_text(json.dumps(data))

    assert touched(out) == [("comparisons/c0ffee00.json", "comparison.works[0].pairs[0].ratios[0].low")]


def test_a_verdict_in_other_words_is_named(out):
    """Whoever calls a measured ratio larger than it is, in words alone."""
    path = out / "comparisons" / "c0ffee00.json"
    path.write_text(path.read_text().replace(" of the energy of ", " of the cost of "))

    assert ("comparisons/c0ffee00.json", "verdicts[0]") in touched(out)


def test_a_round_that_was_left_out_is_named(out):
    """A comparison that was measured holds all of its rounds: the lucky ones are not chosen."""
    known = sealed_rounds(out, "c0ffee00")
    some = tuple(t for t in takes(known, ORDER) if t.round != 2)
    record = ComparisonRecord(id="c0ffee00", names=NAMES, runs=some, interleaved=True, measured_for_it=True)
    seal(out, record, known)

    left = [field for _, field in touched(out)]
    assert [field.startswith("runs.") for field in left] == [True, True]


@pytest.mark.parametrize("pattern", [r'value="0\.6\d*">', r"0\.6\d?\d? ± 0", r'<circle cx="\d+'])
def test_a_page_that_was_touched_is_named(out, pattern):
    """A figure's value, a sentence and a dot of the plot."""
    page = out / "comparisons" / "c0ffee00.html"
    text = page.read_text()
    found = re.search(pattern, text)
    assert found, "the page has none of these"
    page.write_text(text[: found.start()] + found[0].replace("6", "5", 1) + text[found.end() :])
    if found[0].replace("6", "5", 1) == found[0]:
        page.write_text(text.replace(found[0], found[0] + "9", 1))

    assert {file for file, _ in touched(out)} == {"comparisons/c0ffee00.html"}


def test_a_comparison_without_its_runs_is_named(out):
    """A run that is gone proves nothing."""
    shutil.rmtree(sorted((out / "runs").iterdir())[0])

    assert ("comparisons/c0ffee00.json", "comparison") in touched(out)
