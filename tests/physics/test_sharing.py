"""Decoding steps and context, told from the moments at which tokens came, against a scheduler's own count."""

from dataclasses import replace

import pytest
from fakes import outcome
from sim.fast_line import Ask, cell_steps
from sim.scheduler import MODES, Physics

from bench.nouns import Usage
from bench.physics.sharing import decode_steps, shared_work


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

    assert decode_steps([*batch, *other]) == 15 + 4


def test_a_prompts_square_holds_what_a_cache_gave():
    """New tokens attend to those from the cache, which attend to nothing again."""
    one = outcome(0, 1, prompt_tokens=10, output_tokens=1)
    cached = replace(one, achieved=Usage(requests=1, prompt_tokens=10, cached_tokens=90, output_tokens=1))

    assert shared_work([one])["prompt_token_sq"] == 100
    assert shared_work([cached])["prompt_token_sq"] == 10 * (10 + 180)


def test_a_server_that_does_not_stream_leaves_its_steps_unknown():
    one = replace(outcome(0, 1, prompt_tokens=10, output_tokens=5), due_ns=0)

    assert decode_steps([one]) is None
    assert set(shared_work([one])) == {"prompt_token_sq", "context_token"}


def test_work_that_is_not_counted_in_tokens_shares_nothing():
    assert shared_work([outcome(0, 1)]) == {}
    assert shared_work([]) == {}


def test_pieces_of_several_tokens_are_as_many_steps():
    """A server that sends two tokens at once made them in two steps."""
    ns = tuple(range(0, 8_000_000_000, 1_000_000_000))
    one = replace(outcome(0, 8, prompt_tokens=4, output_tokens=16), output_ns=ns, due_ns=0)

    assert decode_steps([one]) == 15
