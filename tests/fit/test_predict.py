"""What is predicted from several terms: an interval that knows how they err together, and no more."""

import math
import random
from dataclasses import replace

import pytest
from sim.fast_line import Ask, measured
from sim.scheduler import Physics

from bench.errors import BadInput
from bench.estimators.predict import predict
from bench.fit.coefficients import fit
from bench.nouns import CoefficientKey, Coefficients, Quantity

PHYSICS = Physics(decode_context_token_s=0.0)
SHAPES = ((32, 8), (256, 8), (32, 64), (256, 64))
# a request that nobody measured, in the middle of those that were
AMOUNTS = {"request": 1.0, "prompt_token": 128.0, "output_token": 32.0, "idle_resident": 2.0}
TOKEN_J = (PHYSICS.decode_step_s + PHYSICS.decode_sequence_s) * PHYSICS.decode_w
TRUE_J = (
    PHYSICS.request_s * PHYSICS.prefill_w
    - TOKEN_J
    + 128 * PHYSICS.prefill_token_s * PHYSICS.prefill_w
    + 32 * TOKEN_J
    + 2 * PHYSICS.idle_w
)
KEY = CoefficientKey(
    model="m", precision="bf16", weights="pretrained", engine="e", engine_version="1", hardware="h",
    power_limit_w=None, driver=None,
)  # fmt: skip


def campaigns(count):
    """Fits of the same four cells under new noise, without a gain."""
    base = [measured(Ask(prompt=p, output=o, requests=20), PHYSICS, index=n) for n, (p, o) in enumerate(SHAPES)]
    base = [replace(b, run=replace(b.run, sources=tuple(replace(s, gain_ratio_95=0.0) for s in b.run.sources),
                                   loaded=replace(b.run.loaded, weights="served"))) for b in base]  # fmt: skip
    for seed in range(count):
        draw = random.Random(seed)
        noisy = [
            replace(b, energies=tuple(replace(e, energy_j=e.energy_j * (1 + 0.01 * draw.gauss(0, 1)))
                                      for e in b.energies)) for b in base
        ]  # fmt: skip
        yield fit(noisy)[0]


def made(correlation=0.0, basis="measured", **components):
    """Two terms of 2 and 3 J, with these half-widths."""
    parts = {"statistical": 0.2, **components}
    terms = {
        name: Quantity(value=value, low=value - 0.5, high=value + 0.5, unit="J", basis=basis)
        for name, value in (("prompt_token", 2.0), ("output_token", 3.0))
    }
    return Coefficients(
        key=KEY, boundary="gpu", terms=terms, rates={}, domain={}, fit={}, runs=(),
        not_identified={"request": "too few workloads"}, components=dict.fromkeys(terms, parts),
        correlations={"prompt_token": {"output_token": correlation}},
    )  # fmt: skip


def half(found, amounts):
    told = predict(found, amounts)
    return told.high - told.value


def test_intervals_of_unmeasured_work_hold_the_truth_as_often_as_they_say():
    """300 campaigns: 95 % within what chance makes of 300 (92.5 to 97.5), and much tighter than term by term."""
    held, ratios = 0, []
    for found in campaigns(300):
        told = predict(found, AMOUNTS)
        held += told.low <= TRUE_J <= told.high
        one_by_one = math.fsum(x * (found.terms[n].high - found.terms[n].value) for n, x in AMOUNTS.items())
        ratios.append((told.high - told.value) / one_by_one)

    assert 0.925 <= held / 300 <= 0.975
    assert sorted(ratios)[150] < 0.7


def test_idle_and_terms_err_against_each_other():
    """An idle that is read too high is taken from the tokens: their errors go opposite ways."""
    found = next(campaigns(1))

    assert found.correlations["output_token"]["idle_resident"] < 0
    assert found.correlations["prompt_token"]["request"] < 0


@pytest.mark.parametrize(
    ("correlation", "expected"), [(0.0, math.hypot(0.2, 0.4)), (-1.0, 0.2), (1.0, 0.6), (-0.5, math.sqrt(0.12))]
)
def test_errors_of_terms_add_as_their_correlation_says(correlation, expected):
    """One and two tokens at ±0.2 J each."""
    assert half(made(correlation), {"prompt_token": 1, "output_token": 2}) == pytest.approx(expected)


def test_a_boards_gain_is_in_every_term_alike():
    """±0.1 J of each of three tokens: 0.3 J together, and never less because they are several."""
    assert half(made(gain=0.1, statistical=0.0), {"prompt_token": 1, "output_token": 2}) == pytest.approx(0.3)


def test_what_a_sensor_never_saw_adds_as_it_is():
    """Bounds: 3 × 0.1 below on top of the rest, 3 × 0.2 above."""
    told = predict(made(unseen_low=0.1, unseen_high=0.2, statistical=0.0), {"prompt_token": 1, "output_token": 2})

    assert (told.low, told.high) == pytest.approx((8.0 - 0.3, 8.0 + 0.6))


def test_a_windows_own_uncertainty_stands_in_for_a_scatter_that_is_smaller():
    """Two lucky windows that agree do not make a tick smaller."""
    assert half(made(windows=0.3), {"prompt_token": 1}) == pytest.approx(0.3)


def test_modelled_terms_keep_their_span():
    """A span of servers is no spread that cancels."""
    told = predict(made(-1.0, basis="modelled"), {"prompt_token": 1, "output_token": 2})

    assert (told.low, told.high, told.basis) == (6.5, 9.5, "modelled")


def test_a_term_that_is_not_known_is_named_with_its_reason():
    """No energy of a part of the work."""
    with pytest.raises(BadInput, match="request is not known: too few workloads"):
        predict(made(), {"request": 1, "prompt_token": 1})
