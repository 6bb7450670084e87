"""Decoding steps and context, told from the moments at which tokens came, against a scheduler's own count."""

from dataclasses import replace

import pytest
from fakes import outcome, window
from hypothesis import given
from hypothesis import strategies as st
from sim.fast_line import Ask, cell_steps
from sim.scheduler import MODES, Physics

from bench.nouns import Usage
from bench.physics.sharing import idle_of_each, shared_work, work_of_each


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("users", [1, 3, 8])
def test_shares_of_steps_add_up_to_the_steps(mode, users):
    """Of a server that batches continuously, as its client sees it: half a per cent at any number of users."""
    outcomes, steps = cell_steps(
        Ask(prompt=(32, 256, 512), output=(8, 64, 128), users=users, requests=150), Physics(mode=mode)
    )
    found = shared_work(outcomes)

    assert found["decode_step"] == pytest.approx(sum(1 for s in steps if s.decode), rel=5e-3)
    assert found["context_token"] == sum(sum(s.decode.values()) for s in steps)


def test_what_goes_through_a_model_together_shares_every_step():
    """A batch runs until its longest is done: 8 of 16 tokens take 15 steps, not 120."""
    batch = [outcome(0, 1, prompt_tokens=4, output_tokens=16) for _ in range(8)]
    other = [replace(outcome(2, 3, prompt_tokens=4, output_tokens=5), batch_id=1)]

    assert shared_work([*batch, *other])["decode_step"] == pytest.approx(15 + 4)


def test_the_longest_of_a_batch_pays_its_last_steps_alone():
    short, long = (outcome(0, 1, prompt_tokens=4, output_tokens=n) for n in (3, 6))
    shares = [one["decode_step"] for one in work_of_each([short, long])]

    assert shares == pytest.approx([2 / 2, 2 / 2 + 3])


def test_a_prompts_square_holds_what_a_cache_gave():
    """New tokens attend to those from the cache, which attend to nothing again."""
    one = outcome(0, 1, prompt_tokens=10, output_tokens=1)
    cached = replace(one, achieved=Usage(requests=1, prompt_tokens=10, cached_tokens=90, output_tokens=1))

    assert shared_work([one])["prompt_token_sq"] == 100
    assert shared_work([cached])["prompt_token_sq"] == 10 * (10 + 180)


def test_a_server_that_does_not_stream_leaves_its_steps_unknown():
    one = replace(outcome(0, 1, prompt_tokens=10, output_tokens=5), due_ns=0)

    assert set(shared_work([one])) == {"prompt_token_sq", "context_token"}


def test_work_that_is_not_counted_in_tokens_shares_its_pass_alone():
    assert shared_work([outcome(0, 1)]) == {"batch_pass": 1.0}
    assert shared_work([]) == {}


def test_pieces_of_several_tokens_are_as_many_steps():
    """A server that sends two tokens at once made them in two steps."""
    ns = tuple(range(0, 8_000_000_000, 1_000_000_000))
    one = replace(outcome(0, 8, prompt_tokens=4, output_tokens=16), output_ns=ns, due_ns=0)

    assert shared_work([one])["decode_step"] == pytest.approx(15)


def test_a_windows_time_is_its_requests_and_nobodys():
    """Two that overlap share the moment; what is before, between and after is nobody's."""
    where = window("work", "1", 0, 10)
    asked = [outcome(1, 4), outcome(3, 6), outcome(8, 9)]
    shares_s, nobody_s = idle_of_each(where, asked)

    assert shares_s == pytest.approx((2.5, 2.5, 1.0))
    assert nobody_s == pytest.approx(4.0)


@given(spans=st.lists(st.tuples(st.integers(0, 50), st.integers(1, 50)), max_size=12))
def test_shares_of_time_always_add_up_to_the_window(spans):
    where = window("work", "1", 0, 100)
    shares_s, nobody_s = idle_of_each(where, [outcome(a, a + d) for a, d in spans])

    assert sum(shares_s) + nobody_s == pytest.approx(100.0)
    assert min((*shares_s, nobody_s)) >= 0.0
