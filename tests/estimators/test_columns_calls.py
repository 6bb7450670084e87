"""How columns are asked: into those of before, of any kind of number, across blocks, by forms that must hold."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.errors import BadInput
from bench.estimators.answering import answer
from bench.estimators.columns import Coded, Columns, Many, coded, combos, many
from bench.estimators.columns.arrays import BLOCK
from bench.estimators.columns.cells import resolved
from bench.estimators.columns.combos import Combo
from bench.estimators.columns.proof import proven
from bench.estimators.wanted import Wanted
from bench.files.knowing import read_known
from bench.files.regions import read_regions

KNOWN, PLACE = read_known(), read_regions().place
SIDES = ("low", "value", "high")


def kwh(model="llama-3.1-8b", hardware="h100", **said):
    return tuple(answer(Wanted(model=model, hardware=hardware, **said), KNOWN).energy_kwh)


def told(found, at):
    return tuple(found.energy_kwh.row(at))


def test_rows_beyond_one_block_stand_where_they_were_asked():
    rows = BLOCK + 777
    chance = np.random.default_rng(3)
    names = ("llama-3.1-8b", "mixtral-8x7b", "mistral-160m", "gemma-3-27b", "nobody")
    codes = chance.integers(0, len(names), rows)
    prompts, outputs = chance.integers(0, 2000, rows), chance.integers(1, 500, rows)
    batch = chance.choice([1, 2, 8, 32, 1500, 4000], rows)
    asked = Columns(
        model=Coded(codes=codes, names=names), hardware="h100", in_tokens=prompts, out_tokens=outputs, batch=batch
    )
    found = Many(KNOWN).estimate(replace(asked, hardware=""))
    for at in (0, 1, 2, 3, 4, 5, BLOCK - 1, BLOCK, BLOCK + 1, rows - 2, rows - 1):
        model = names[codes[at]]
        if model == "nobody":
            assert "nobody" in found.reason(at)
            continue
        said = {"input_tokens": float(prompts[at]), "output_tokens": float(outputs[at]), "batch": float(batch[at])}
        assert told(found, at) == pytest.approx(kwh(model, "", **said), rel=1e-9, abs=0)


def test_columns_of_before_are_written_into_again():
    first = Columns(model="llama-3.1-8b", out_tokens=np.full(10, 200.0), in_tokens=100.0, region="usa")
    again = replace(first, out_tokens=np.array([np.nan, 5.0, 300.0]))
    asks = Many(KNOWN, PLACE)
    out = asks.estimate(first)
    found = asks.estimate(again, out)
    alone = Many(KNOWN, PLACE).estimate(again)
    assert len(found) == 3
    assert found.energy_kwh.value.base is out.energy_kwh.value
    assert list(found.refusal) == list(alone.refusal) == [1, 0, 0]
    for ranges, expected in ((found.energy_kwh, alone.energy_kwh), (found.carbon_g, alone.carbon_g)):
        for side in SIDES:
            np.testing.assert_array_equal(getattr(ranges, side), getattr(expected, side))
    with pytest.raises(BadInput, match="columns of 3 rows, with grams; needed are 10 at least, with grams"):
        asks.estimate(first, found)
    with pytest.raises(BadInput, match="needed are 3 at least, without grams"):
        asks.estimate(replace(again, region=""), out)


def test_numbers_of_any_kind_and_one_for_all_rows():
    whole = np.array([[1, 9], [40, 9], [300, 9]], np.int32)[:, 0]  # not contiguous
    for numbers in (whole, whole.astype(np.float32), whole.astype(np.uint16), whole.astype(float)[::1]):
        found = Many(KNOWN).estimate(Columns(model="llama-3.1-8b", hardware="h100", out_tokens=numbers, batch=4))
        assert told(found, 2) == pytest.approx(kwh(output_tokens=300.0, batch=4.0), rel=1e-9, abs=0)
    one = Many(KNOWN).estimate(Columns(model="llama-3.1-8b", hardware="h100", out_tokens=300.0, count=7.0))
    assert len(one) == 1
    assert told(one, 0) == pytest.approx(kwh(output_tokens=300.0, count=7.0), rel=1e-9, abs=0)
    bad = Many(KNOWN).estimate(Columns(model="llama-3.1-8b", out_tokens=-1.0, in_tokens=np.ones(2)))
    assert [bad.reason(at)[:10] for at in range(2)] == ["out_tokens"] * 2


def test_no_rows_are_no_estimates():
    empty = np.empty(0)
    asked = Columns(model=coded([]), region=coded([]), in_tokens=empty, out_tokens=empty, batch=empty)
    assert len(Many(KNOWN, PLACE).estimate(asked)) == 0


def test_more_combinations_than_are_marked_are_sorted(monkeypatch):
    monkeypatch.setattr(combos, "_MARKED", 4)
    batch = np.array([1.0, 7.5, 2000.0, 3.0, 1.0])
    asked = Columns(
        model=coded(["llama-3.1-8b", "llama-3.1-70b"] * 2 + ["llama-3.1-8b"]), hardware="h100", batch=batch,
        in_tokens=np.full(5, 100.0), out_tokens=np.full(5, 50.0),
    )  # fmt: skip
    found = Many(KNOWN).estimate(asked)
    for at, (model, own) in enumerate(zip(["llama-3.1-8b", "llama-3.1-70b"] * 2, batch, strict=False)):
        expected = kwh(model, batch=own, input_tokens=100.0, output_tokens=50.0)
        assert told(found, at) == pytest.approx(expected, rel=1e-9, abs=0)


def test_a_combination_is_resolved_once(monkeypatch):
    asked = Columns(model="llama-3.1-8b", out_tokens=np.full(4, 9.0))
    asks = Many(KNOWN)
    asks.estimate(asked)
    monkeypatch.setattr(many, "resolved", None)  # would not do to be called
    assert len(asks.estimate(asked)) == 4


def test_a_form_that_strays_is_not_used(monkeypatch):
    """Rows are then asked one by one, and are right."""
    combo = Combo(model="llama-3.1-8b", hardware="h100", audio_said=False)
    cell = resolved(combo, KNOWN, None)
    assert proven([(cell.wanted, cell.prior)], KNOWN) == [True]
    for part, name in (("plain", "up_fixed"), ("whole", "own_step"), ("plain", "felt_step")):
        form = getattr(cell.prior, part)
        stray = replace(cell.prior, **{part: replace(form, **{name: getattr(form, name) * 1.001})})
        assert proven([(cell.wanted, stray)], KNOWN) == [False], name
    monkeypatch.setattr(many, "resolved", lambda *_: replace(cell, prior=stray))
    found = Many(KNOWN).estimate(
        Columns(model="llama-3.1-8b", hardware="h100", in_tokens=50.0, out_tokens=np.array([9.0, 90.0]))
    )
    assert told(found, 1) == pytest.approx(kwh(input_tokens=50.0, output_tokens=90.0), rel=1e-12, abs=0)


def test_the_how_tos_example_runs_and_says_what_it_says():
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "estimate.md").read_text(encoding="utf-8")
    code = re.search(r"## Many at once\n```python\n(.*?)```", page, re.DOTALL)[1]
    names = {}
    exec(code, names)
    found = names["found"]
    assert told(found, 0) == pytest.approx(kwh(input_tokens=1155.0, output_tokens=211.0), rel=1e-9, abs=0)
    assert found.reason(1) == ""
    assert f'"{found.reason(2)}"' in code
    assert "audio_seconds" in found.reason(3)


def test_names_that_no_two_calls_share_are_not_kept_for_ever(monkeypatch):
    monkeypatch.setattr(many, "_MOST_CELLS", 2)
    asks = Many(KNOWN)
    for size in range(1, 9):
        found = asks.estimate(Columns(model=f"my-{size}b", hardware="h100", out_tokens=np.full(2, 9.0)))
        assert told(found, 1) == pytest.approx(kwh(f"my-{size}b", output_tokens=9.0), rel=1e-9, abs=0)
        assert len(asks._cells) <= 3


@pytest.mark.parametrize(("width", "spread", "prompt"), [(9.0, 1.0, 64.0), (1.0, 10.0, 1e6), (0.2, 0.1, 64.0)])
def test_another_prior_bends_its_intervals_as_the_scalar_does(width, spread, prompt):
    """Down to what no machine undercuts, and down to the least share of the value."""
    prior = KNOWN.prior
    wider = {name: replace(one, spread=one.spread * spread) for name, one in prior.coefficients.items()}
    other = replace(prior, coefficients=wider, width=width)
    known = replace(KNOWN, book=replace(KNOWN.book, priors=dict.fromkeys(KNOWN.book.priors, other)))
    for model in ("llama-3.1-8b", "mixtral-8x7b"):
        cell = resolved(Combo(model=model, batch=8.0, audio_said=False), known, None)
        assert proven([(cell.wanted, cell.prior)], known) == [True]
        outputs = np.array([0.0, 1.0, 2.0, 300.0, 9000.0, 1e6])
        found = Many(known).estimate(Columns(model=model, batch=8.0, in_tokens=prompt, out_tokens=outputs))
        for at, output in enumerate(outputs):
            wanted = Wanted(model=model, batch=8.0, input_tokens=prompt, output_tokens=output)
            assert told(found, at) == pytest.approx(tuple(answer(wanted, known).energy_kwh), rel=1e-9, abs=0)


@pytest.mark.parametrize("batch", [None, 8.0])
@pytest.mark.parametrize(
    ("model", "hardware"), [("llama-3.1-70b", "a100"), ("gemma-3-27b", "h100"), ("mixtral-8x7b", "l40s")]
)
def test_where_the_plain_form_ends(model, hardware, batch):
    """Where memory cuts a batch short, where a window of attention is full, where a prompt misses experts."""
    cell = resolved(Combo(model=model, hardware=hardware, batch=batch, audio_said=False), KNOWN, None)
    assert proven([(cell.wanted, cell.prior)], KNOWN) == [True]
    edges = cell.prior.plain
    lengths = edges.most_x * np.array([0.9, 0.999, 1.001, 1.04, 1.09, 1.11, 1.5])
    prompts = np.concatenate([lengths - 100.0, edges.least_p * np.array([0.5, 0.9, 1.1, 2.0])])
    outputs = np.full(len(prompts), 200.0)
    asked = Columns(model=model, hardware=hardware, batch=batch, in_tokens=prompts, out_tokens=outputs)
    found = Many(KNOWN).estimate(asked)
    for at, prompt in enumerate(prompts):
        expected = kwh(model, hardware, batch=batch, input_tokens=float(prompt), output_tokens=200.0)
        assert told(found, at) == pytest.approx(expected, rel=1e-9, abs=0)


def test_every_declared_architecture_has_a_form():
    names = sorted({shape.name for _, shape in KNOWN.catalogue.shapes})
    for said in ({"batch": 8.0}, {}, {"in_said": False}):
        cells = [
            resolved(Combo(model=name, hardware="h100", audio_said=False, **said), KNOWN, None) for name in names
        ]
        asked = [(cell.wanted, cell.prior) for cell in cells if cell.prior is not None]
        assert len(asked) > 50
        assert all(proven(asked, KNOWN))


def test_threads_that_share_what_was_resolved_do_not_mix_their_answers():
    asks = Many(KNOWN)
    asked = [
        Columns(model=model, hardware="h100", batch=batch, in_tokens=70.0, out_tokens=np.full(3, 40.0))
        for model in ("llama-3.1-8b", "mixtral-8x7b")
        for batch in (1.0, 2.0, 4.0)
    ]
    alone = [Many(KNOWN).estimate(one).energy_kwh.value[0] for one in asked]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda at: asks.estimate(asked[at % 6]).energy_kwh.value[0], range(600)))
    assert found == [alone[at % 6] for at in range(600)]
