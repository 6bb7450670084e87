"""Columns of models that measured coefficients hold: the form over arrays is what the scalar estimator gives."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import BadInput
from bench.estimators.answering import answer
from bench.estimators.columns import Columns, Many
from bench.estimators.columns.cells import resolved
from bench.estimators.columns.combos import Combo
from bench.estimators.columns.proof import proven
from bench.estimators.wanted import Wanted
from bench.files.knowing import read_known
from bench.nouns import CoefficientKey, Coefficients, Quantity
from bench.nouns.estimates import GRADES

SHIPPED = read_known()
KEY = CoefficientKey(
    model="own-1b", precision="bf16", weights="pretrained", engine="vllm", engine_version="1", hardware="desk",
    power_limit_w=None, driver=None,
)  # fmt: skip
PARTS = {"statistical": 0.1, "windows": 0.05, "gain": 0.02, "unseen_low": 0.01, "unseen_high": 0.03}


def quantity(value, width=0.3, unit="J"):
    return Quantity(value=value, low=value - width, high=value + width, unit=unit, basis="measured")


def cell(batch, terms, most=64.0):
    told = {name: quantity(value) for name, value in terms.items()}
    return Coefficients(
        key=KEY,
        boundary="wall",
        terms={**told, "idle_resident": quantity(40.0, 2.0, "W")},
        rates={"request@short": quantity(30.0, 1.0), "request@long": quantity(200.0, 9.0)},
        domain={"prompt_tokens": (32.0, 256.0), "output_tokens": (8.0, most)},
        fit={},
        runs=("run-1",),
        not_identified={},
        components={name: {part: own * abs(told[name].value) for part, own in PARTS.items()} for name in told},
        correlations={"prompt_token": {"output_token": -0.4}},
        batch=batch,
    )


FULL = {"request": -1.5, "prompt_token": 0.05, "output_token": 1.2, "prompt_token_sq": 1e-4, "context_token": 1e-3}
OWN = (
    cell(1, FULL),
    cell(8, {"prompt_token": 0.02, "output_token": 0.3, "decode_step": 0.9}),
    # no term for a prompt, whose bounds move by all of the ratio; the better of two cells for long answers
    cell(8, {"output_token": 0.25, "request": 0.4}, most=640.0),
)
KNOWN = replace(SHIPPED, published=OWN)
lengths = st.one_of(
    st.sampled_from((0.0, 1.0, 8.0, 32.0, 64.0, 256.0, 6400.0, 6401.0, 25600.0, 25601.0)), st.floats(1e-3, 3e4)
)


@given(
    rows=st.lists(st.tuples(lengths, lengths), min_size=1, max_size=20),
    batch=st.sampled_from((None, 1.0, 1.02, 3.0, 8.0, 64.0)),
)
@settings(max_examples=80, deadline=None)
def test_rows_of_own_cells_are_what_the_scalar_gives(rows, batch):
    prompts, outputs = (np.array(column) for column in zip(*rows, strict=True))
    asked = Columns(model="own-1b", batch=batch, in_tokens=prompts, out_tokens=outputs)
    found = Many(KNOWN).estimate(asked)
    for at, (prompt, output) in enumerate(rows):
        try:
            expected = answer(
                Wanted(model="own-1b", batch=batch, input_tokens=prompt, output_tokens=output), KNOWN
            )
        except BadInput:
            assert "100 times" in found.reason(at)
            continue
        assert found.reason(at) == ""
        assert GRADES[found.grade[at]] == expected.basis
        assert tuple(found.energy_kwh.row(at)) == pytest.approx(tuple(expected.energy_kwh), rel=1e-9, abs=0)


COMBOS = (
    (KNOWN, Combo(model="own-1b", batch=3.0, audio_said=False)),
    (SHIPPED, Combo(model="mistral-160m", audio_said=False)),
    (SHIPPED, Combo(model="nllb-600m", audio_said=False, batch=4.0)),
    (SHIPPED, Combo(model="whisper-tiny", in_said=False, out_said=False)),
    (SHIPPED, Combo(model="whisper-tiny", in_said=False)),
)


@pytest.mark.parametrize(("known", "combo"), COMBOS)
def test_measured_models_are_answered_by_a_form_that_holds(known, combo):
    """Else their rows are asked one by one, a thousand times slower."""
    found = resolved(combo, known, None)
    assert found.measured is not None
    assert proven([(found.wanted, found.measured)], known) == [True]


def test_a_form_that_strays_is_found_out():
    found = resolved(COMBOS[0][1], KNOWN, None)
    first, *others = found.measured.candidates
    off = replace(first, times=(1.0, 1.0 + 1e-6, 1.0))
    stray = replace(found.measured, candidates=tuple(replace(one, times=off.times) for one in (first, *others)))
    assert proven([(found.wanted, stray)], KNOWN) == [False]


@pytest.mark.parametrize("batch", [1.0, 8.0, None])
@pytest.mark.parametrize("hardware", ["h100", "a100"])
def test_a_card_of_our_own_is_carried_to_another_batch_as_the_scalar_carries_it(batch, hardware):
    key = replace(KEY, model="llama-3.1-8b", hardware="h100")
    known = replace(SHIPPED, published=(replace(OWN[0], key=key, boundary="gpu"),))
    said = {"model": "llama-3.1-8b", "hardware": hardware, "batch": batch}
    outputs = np.array([1.0, 60.0, 900.0])
    found = Many(known).estimate(Columns(**said, in_tokens=64.0, out_tokens=outputs))
    for at, output in enumerate(outputs):
        expected = answer(Wanted(**said, input_tokens=64.0, output_tokens=output), known)
        assert GRADES[found.grade[at]] == expected.basis
        assert tuple(found.energy_kwh.row(at)) == pytest.approx(tuple(expected.energy_kwh), rel=1e-9, abs=0)
