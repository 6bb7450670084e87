import math
import subprocess
import sys
from dataclasses import replace

import pytest
from estimators.jobs import CARD, EXPERTS, PRIOR, job
from hypothesis import given
from hypothesis import strategies as st

from bench.estimators.carried import carried
from bench.estimators.prior import TERMS, Coefficient, Prior, energy_j, estimate, felt, seconds, split_j
from bench.estimators.roofline import least_j, terms
from bench.files.prior_file import read_prior


def test_energy_is_the_sum_of_terms_at_their_coefficients() -> None:
    assert energy_j(PRIOR, job()) == pytest.approx(0.7 * sum(terms(job()).values()))


def test_energy_never_undercuts_what_its_bytes_cost() -> None:
    nought = Prior(coefficients={name: Coefficient(value=0.0, spread=0.1) for name in TERMS}, width=1.0)
    assert energy_j(nought, job()) == least_j(job())
    assert estimate(nought, job()).low == least_j(job())


@given(st.floats(1, 3000), st.floats(1, 3000), st.floats(1, 300), st.sampled_from([1.0, 2.0, 8.0]))
def test_cards_never_draw_more_than_their_limit(prompt, output, batch, cards) -> None:
    prior = read_prior().without(())
    for shape in (EXPERTS, job().shape):
        one = job(prompt_tokens=prompt, output_tokens=output, batch=batch, cards=cards, shape=shape)
        joules = sum(prior.coefficients[n].value * j for n, j in terms(one).items())
        assert joules <= cards * CARD.limit_w * seconds(prior, one) * (1 + 1e-9)


def test_an_interval_holds_its_value_and_grows_with_doubt() -> None:
    sure, unsure = estimate(PRIOR, job()), estimate(PRIOR, job(doubt=0.5))
    assert sure.low < sure.value < sure.high
    assert unsure.value == sure.value
    assert unsure.low < sure.low
    assert unsure.high > sure.high


def test_a_doubt_counts_for_what_it_moves() -> None:
    answer = job(prompt_tokens=10.0, output_tokens=1000.0)
    prompt = job(prompt_tokens=10_000.0, output_tokens=2.0)
    assert felt(PRIOR, answer) == 0
    assert felt(PRIOR, replace(answer, prompt_doubt=0.5)) < 0.02  # ten tokens of a thousand
    assert felt(PRIOR, replace(prompt, prompt_doubt=0.5)) > 0.4  # energy goes as the prompt does
    alone, many = (replace(answer, batch=b, batch_doubt=0.5, fits=True) for b in (1.0, 1000.0))
    assert felt(PRIOR, alone) > 0.4 > 0.1 > felt(PRIOR, many)  # a full batch's weights cost next to nothing
    sure, unsure = estimate(PRIOR, prompt), estimate(PRIOR, replace(prompt, prompt_doubt=1.0))
    assert unsure.high > sure.high
    assert unsure.low < sure.low


def test_terms_stand_apart_and_add_up() -> None:
    for scope in ("gpu", "machine", "wall"):
        whole, longer = (split_j(PRIOR, job(scope=scope, output_tokens=n)) for n in (100.0, 200.0))
        assert sum(whole.values()) == pytest.approx(energy_j(PRIOR, job(scope=scope)))
        assert longer["input"] == pytest.approx(whole["input"])
        assert longer["output"] > 1.9 * whole["output"]
        assert (whole["host"] > 0) == (scope != "gpu")


def test_width_stretches_the_logarithm() -> None:
    one, two = estimate(PRIOR, job()), estimate(replace(PRIOR, width=2.0), job())
    assert math.log(two.high / two.value) == pytest.approx(2 * math.log(one.high / one.value))


def test_what_is_carried_to_itself_is_itself_and_narrow() -> None:
    same = carried(PRIOR, job(), 500.0, job())
    far = carried(PRIOR, job(), 500.0, job(batch=64.0))
    assert same.value == pytest.approx(500.0)
    assert same.high / same.value < 1.1 < far.high / far.value
    assert far.value == pytest.approx(500.0 * energy_j(PRIOR, job(batch=64.0)) / energy_j(PRIOR, job()))


def test_the_shipped_prior_is_positive_and_names_every_term() -> None:
    book = read_prior()
    assert len(book.priors) == 2 ** len(book.sources)
    for prior in book.priors.values():
        assert set(prior.coefficients) == set(TERMS)
        assert all(one.value > 0 and one.spread > 0 for one in prior.coefficients.values())


def test_evaluating_the_prior_loads_no_array_library() -> None:
    code = (
        "import sys, bench.estimators.ladder, bench.estimators.asked;"
        "import bench.files.prior_file, bench.files.estimating;"
        "print([m for m in ('numpy', 'scipy', 'pandas', 'pydantic', 'torch') if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"
