"""Passes that requests of a batch share: counted once however many are in them, shares that add up to them."""

from dataclasses import replace

import pytest
from fakes import outcome

from bench.physics.passes import passes_of_each
from bench.physics.sharing import shared_work


def batch(works, batch_id=0, **changes):
    return [replace(outcome(0, 1, **work), batch_id=batch_id, **changes) for work in works]


def total(outcomes, name):
    return sum(one[name] for one in passes_of_each(outcomes))


def test_a_batch_is_one_pass_over_what_was_given():
    sentences = [*batch([{}] * 8), *batch([{}] * 3, batch_id=1)]

    assert [one["batch_pass"] for one in passes_of_each(sentences)] == pytest.approx([1 / 8] * 8 + [1 / 3] * 3)
    assert "decode_step" not in passes_of_each(sentences)[0]
    assert shared_work(batch([{"prompt_tokens": 4, "output_tokens": 3}] * 2))["batch_pass"] == pytest.approx(1)


def test_a_decoder_goes_on_until_the_longest_is_done():
    """5 and 9 target tokens take 9 steps: five in company, four alone."""
    texts = batch([{"source_tokens": 7, "target_tokens": n} for n in (5, 9)])

    assert [one["decode_step"] for one in passes_of_each(texts)] == pytest.approx([2.5, 6.5])
    assert shared_work(texts) == pytest.approx({"batch_pass": 1.0, "decode_step": 9.0})


def test_audio_goes_window_by_window():
    """Two windows of 4 and 3 tokens beside one of 10: turns of 10 and 3 steps."""
    clips = batch([{"audio_windows": 2, "output_tokens": 7}, {"audio_windows": 1, "output_tokens": 10}])

    assert total(clips, "batch_pass") == pytest.approx(2)
    assert total(clips, "decode_step") == pytest.approx(13)
    assert passes_of_each(clips)[0]["batch_pass"] == pytest.approx(1 / 2 + 1)
    assert passes_of_each(clips)[1]["decode_step"] == pytest.approx(4 / 2 + 6)


def test_what_a_server_batches_is_not_seen_here():
    assert passes_of_each(batch([{"source_tokens": 7, "target_tokens": 5}], due_ns=0)) == [{}]
    assert passes_of_each(batch([{"prompt_tokens": 7, "output_tokens": 1}], output_ns=(3,))) == [{}]
    assert passes_of_each([]) == []
