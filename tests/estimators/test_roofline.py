from dataclasses import replace

import pytest
from estimators.jobs import CARD, DENSE, EXPERTS, job
from hypothesis import given
from hypothesis import strategies as st

from bench.estimators.roofline import FLOAT_4, least_j, pieces, terms
from bench.physics import rules


def test_a_step_reads_every_weight_once_for_its_batch() -> None:
    alone, many = pieces(job()), pieces(job(batch=10.0))
    assert alone["weights"][0] == pytest.approx(99 * 14e9 / 1e12)  # 100 tokens are 99 steps: prefill gives one
    assert many["weights"][0] == pytest.approx(alone["weights"][0] / 10)
    assert many["decode"][0] == alone["decode"][0] == pytest.approx(99 * 14e9 / 200e12)


def test_one_token_takes_no_step() -> None:
    found = pieces(job(output_tokens=1.0))
    assert found["weights"][0] == found["cache"][0] == found["sequence"][0] == 0
    assert found["prefill"][0] > 0


def test_a_batch_touches_experts_as_chance_has_it() -> None:
    one = job(shape=EXPERTS)
    routed = (47e9 - 13e9) * 8 / 6
    assert one.touched_weights(1) == pytest.approx(13e9)
    assert one.touched_weights(4) == pytest.approx(47e9 - routed * 0.75**4)
    assert one.touched_weights(1000) == pytest.approx(47e9)


def test_caches_that_do_not_fit_run_in_turns() -> None:
    long = {"prompt_tokens": 10_000.0, "output_tokens": 2.0, "batch": 1000.0}
    room = 0.9 * 40e9 - 14e9
    assert job(**long).running == pytest.approx(room / (2 * 65536 * 10_001))
    assert job(**long, fits=True).running == 1000  # a measured running batch did fit
    assert job(**long, shape=replace(DENSE, cache_per_token=0.0)).running == 1000


def test_a_window_bounds_what_its_layers_read() -> None:
    local = replace(DENSE, cache_per_token=0.0, local_cache_per_token=1000.0, window=128.0)
    assert job(shape=local).cache_bytes(100) == 2 * 1000 * 100
    assert job(shape=local).cache_bytes(10_000) == 2 * 1000 * 128


def test_machine_and_wall_hold_what_the_card_holds_and_more() -> None:
    card, machine, wall = (sum(terms(job(scope=s)).values()) for s in ("gpu", "machine", "wall"))
    assert card < machine < wall
    assert wall == pytest.approx(machine / CARD.supply_ratio)


def test_quantised_weights_are_fewer_bytes_and_must_be_unpacked() -> None:
    full, packed = pieces(job()), pieces(job(bits=4.84))
    assert packed["weights"][0] == pytest.approx(full["weights"][0] * 4.84 / 16)
    assert full["unpack"][0] == 0 < packed["unpack"][0]


def test_floats_of_four_bits_are_multiplied_as_they_are_where_a_card_can() -> None:
    can, cannot = job(bits=FLOAT_4), job(bits=FLOAT_4, card=replace(CARD, flops_4=CARD.flops))
    assert pieces(can)["unpack"][0] == 0 < pieces(cannot)["unpack"][0]
    assert pieces(can)["decode"][0] == pytest.approx(pieces(cannot)["decode"][0] / 4)


def test_the_least_is_the_bytes_at_the_cheapest_published_joule() -> None:
    assert least_j(job()) == pytest.approx(99 * 14e9 * rules.LEAST_J_PER_BYTE)


@given(
    st.floats(1, 4000),
    st.floats(1, 4000),
    st.floats(1, 16),
    st.sampled_from(["gpu", "machine", "wall"]),
    st.sampled_from([DENSE, EXPERTS]),
    st.sampled_from(["prompt_tokens", "output_tokens", "cards"]),
    st.floats(1, 3),
)
def test_more_work_never_costs_less(prompt, output, batch, scope, shape, what, times) -> None:
    one = job(prompt_tokens=prompt, output_tokens=output, batch=batch, scope=scope, shape=shape, fits=True)
    more = replace(one, **{what: getattr(one, what) * times})
    assert all(b >= a * (1 - 1e-12) for a, b in zip(terms(one).values(), terms(more).values(), strict=True))


@given(st.floats(1, 500), st.floats(1.01, 4), st.sampled_from([DENSE, EXPERTS]))
def test_a_larger_batch_costs_less_a_request_and_more_in_all(batch, times, shape) -> None:
    small, large = (job(batch=b, shape=shape, fits=True) for b in (batch, batch * times))
    one, other = sum(terms(small).values()), sum(terms(large).values())
    assert other <= one * (1 + 1e-12)
    assert other * large.batch >= one * small.batch * (1 - 1e-12)
