"""A truth log's arithmetic: windows, phases and requests."""

import json

import pytest
from sim.scheduler import Emitted, Physics, Step
from sim.step_truth import Level, Truth, of_lines, read_truth, server_line, step_line

OF = Physics(
    decode_step_s=2.0, decode_sequence_s=1.0, decode_context_token_s=0.25, request_s=1.0, prefill_token_s=0.5
)
PREFILL = Step(
    kind="prefill", start_ns=10**9, end_ns=3 * 10**9, level_w=90.0, above_w=250.0, prefill={1: 2}, opened=(1,),
    cached={1: 5}, emitted=(Emitted(1, 1, False),),
)  # fmt: skip
DECODE = Step(
    kind="decode", start_ns=4 * 10**9, end_ns=11 * 10**9, level_w=90.0, above_w=120.0, decode={1: 8, 2: 4},
    emitted=(Emitted(1, 2, True), Emitted(2, 9, True)),
)  # fmt: skip
TRUTH = Truth(
    physics=OF, steps=(PREFILL, DECODE),
    levels=(Level(at_ns=0, level_w=60.0), Level(at_ns=2 * 10**9, level_w=90.0)),
)  # fmt: skip


def test_a_window_cuts_steps_and_levels():
    """Joules of a part of each, above the level and with it."""
    assert TRUTH.above_j(2 * 10**9, 5 * 10**9) == 250.0 + 120.0
    assert TRUTH.above_j(0, 10**11, "decode") == 840.0
    assert TRUTH.energy_j(10**9, 5 * 10**9) == 60.0 + 3 * 90.0 + 500.0 + 120.0


def test_a_request_pays_its_own_and_a_share():
    """A decode step's base of 2 s is shared equally; a sequence is 1 s, eight tokens of context 2 s, four 1 s."""
    assert TRUTH.requests_j == pytest.approx({1: 500.0 + 4 * 120.0, 2: 3 * 120.0})


def test_a_log_says_the_same_again(tmp_path):
    """Written and read back, without a line that is not whole yet."""
    lines = [json.dumps(line) for line in (server_line(OF, pid=1), step_line(PREFILL), step_line(DECODE))]
    log = tmp_path / "truth.jsonl"
    log.write_text("\n".join([*lines, '{"line":"ste']))

    assert read_truth(log).steps == (PREFILL, DECODE)
    assert of_lines(lines).physics == OF
    assert of_lines(lines).tokens[1] == (2, 5, 2)
