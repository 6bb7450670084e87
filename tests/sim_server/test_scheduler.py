"""The simulated server's physics on a virtual clock: schedules, durations and joules in closed form."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sim.prefixes import PrefixCache
from sim.scheduler import MODES, Physics, Scheduler, Work, simulate
from sim.step_truth import Truth

OF = Physics(
    request_s=3e-3, prefill_token_s=1e-4, decode_step_s=5e-3, decode_sequence_s=4e-4, decode_context_token_s=2e-6,
    prefill_w=200.0, decode_w=100.0, host_s=0.0, lead_s=1e-3, load_s=0.25, load_w=50.0, max_batch=4,
)  # fmt: skip


def physics(**changes):
    return Physics(**{**{name: getattr(OF, name) for name in OF.__dataclass_fields__}, **changes})


def work(id, prompt, output, **more):
    return Work(id=id, prompt_tokens=prompt, output_tokens=output, **more)


def decode_s(*contexts):
    return OF.decode_step_s + len(contexts) * OF.decode_sequence_s + sum(contexts) * OF.decode_context_token_s


def kinds(steps):
    return "".join(step.kind[0] for step in steps)


def lasts_s(step):
    return (step.end_ns - step.start_ns) * 1e-9


def test_one_request_takes_what_is_declared():
    """Its first token comes with the prompt, every other with a step that attends to all before it."""
    found = simulate([(1_000_000_000, work(1, 50, 4))], OF)
    steps = found.steps

    assert kinds(steps) == "pddd"
    assert steps[0].start_ns == 1_000_000_000
    assert lasts_s(steps[0]) == pytest.approx(3e-3 + 50 * 1e-4, abs=1e-9)
    assert [lasts_s(s) for s in steps[1:]] == pytest.approx([decode_s(c) for c in (51, 52, 53)], abs=1e-9)
    assert all(a.end_ns == b.start_ns for a, b in itertools.pairwise(steps))
    assert [e.last for s in steps for e in s.emitted] == [False, False, False, True]


def test_what_arrives_together_runs_together():
    """Prompts share one step, sequences share each decode step, and a shorter one leaves."""
    steps = simulate([(0, work(1, 10, 3)), (0, work(2, 30, 2))], OF).steps

    assert kinds(steps) == "pdd"
    assert lasts_s(steps[0]) == pytest.approx(2 * 3e-3 + 40 * 1e-4, abs=1e-9)
    assert lasts_s(steps[1]) == pytest.approx(decode_s(11, 31), abs=1e-9)
    assert lasts_s(steps[2]) == pytest.approx(decode_s(12), abs=1e-9)


def test_a_prompt_blocks_those_that_decode():
    """The step after its arrival is its own; what came after the decision waits for the one after that."""
    first = simulate([(0, work(1, 10, 5))], OF).steps
    at_ns = first[1].end_ns - 2_000_000  # before the host decides, a millisecond ahead
    early = simulate([(0, work(1, 10, 5)), (at_ns, work(2, 10, 1))], OF).steps
    late = simulate([(0, work(1, 10, 5)), (at_ns + 1_500_000, work(2, 10, 1))], OF).steps

    assert kinds(early) == "pdpddd"
    assert kinds(late) == "pddpdd"
    assert early[2].prefill == {2: 10}


def test_chunks_alternate_with_decoding():
    """A long prompt in pieces: whoever decodes gets a step after each; the request's own time is paid once."""
    arrivals = [(0, work(1, 5, 9)), (1, work(2, 50, 2))]
    steps = simulate(arrivals, physics(mode="alternating", chunk_tokens=20)).steps

    assert kinds(steps)[:9] == "pdpdpdpdd"
    assert [s.prefill[2] for s in steps if 2 in s.prefill] == [20, 20, 10]
    assert [lasts_s(s) for s in steps if 2 in s.prefill] == pytest.approx([5e-3, 2e-3, 1e-3], abs=1e-9)


def test_blocking_chunks_let_nobody_decode():
    """Pieces one after the other."""
    arrivals = [(0, work(1, 5, 4)), (1, work(2, 50, 1))]

    assert kinds(simulate(arrivals, physics(chunk_tokens=20)).steps) == "ppppddd"


def test_a_mixed_step_costs_both_its_parts():
    """Durations and joules add up; only the power is a mean."""
    arrivals = [(0, work(1, 5, 4)), (1, work(2, 50, 1))]
    step = next(s for s in simulate(arrivals, physics(mode="mixed", chunk_tokens=20)).steps if s.kind == "mixed")
    prefill_s = OF.request_s + 20 * OF.prefill_token_s

    assert lasts_s(step) == pytest.approx(prefill_s + decode_s(6), abs=1e-9)
    assert step.above_j == pytest.approx(prefill_s * 200 + decode_s(6) * 100, rel=1e-6)


def test_the_batch_is_full_and_the_queue_too():
    """Four run, one waits, the sixth is refused; who waited starts when one has left."""
    arrivals = [(0, work(i, 10, 2 + i)) for i in range(1, 7)]
    found = simulate(arrivals, physics(max_waiting=5))
    opened = [s.opened for s in found.steps if s.opened]

    assert found.refused == (6,)
    assert opened == [(1, 2, 3, 4), (5,)]
    assert max(len(s.decode) for s in found.steps) == 4


def test_a_late_host_leaves_the_device_idle():
    """A step begins when the device is free or when its host has decided, whichever is later."""
    scheduler = Scheduler(physics(host_s=1e-3))
    scheduler.submit(work(1, 10, 3))
    first = scheduler.decide(0)
    in_time = scheduler.decide(first.end_ns - 2_000_000)
    late = scheduler.decide(in_time.end_ns + 500_000)

    assert first.start_ns == 1_000_000
    assert in_time.start_ns == first.end_ns
    assert late.start_ns == in_time.end_ns + 1_500_000


def test_the_first_request_loads_the_weights():
    """Loading is a step of its own, above the level without them."""
    steps = simulate([(0, work(1, 10, 1))], OF, resident=False).steps

    assert kinds(steps) == "lp"
    assert (lasts_s(steps[0]), steps[0].level_w, steps[0].above_w) == (0.25, OF.bare_w, 50.0)
    assert steps[1].level_w == OF.idle_w


def test_a_cancelled_request_gets_no_more_steps():
    """What is decided runs on; then it is gone, and so is one that waits."""
    scheduler = Scheduler(physics(max_batch=1))
    assert scheduler.submit(work(1, 10, 9))
    assert scheduler.submit(work(2, 10, 1))
    scheduler.decide(0)
    scheduler.cancel(1)
    scheduler.cancel(2)

    assert scheduler.decide(10**9) is None


def test_a_shared_prefix_costs_nothing():
    """A repeated prompt computes its last token alone; one that goes on from a reply computes what is new."""
    ids, reply = tuple(range(40)), (7, 8, 9)
    again = (*ids, *reply, 1, 2)
    arrivals = [
        (0, work(1, 40, 3, token_ids=ids, reply_ids=reply)),
        (10**9, work(2, 40, 1, token_ids=ids)),
        (2 * 10**9, work(3, len(again), 1, token_ids=again)),
    ]  # fmt: skip
    truth = Truth(physics=OF, steps=simulate(arrivals, OF, PrefixCache()).steps)
    blocks = Truth(physics=OF, steps=simulate(arrivals, OF, PrefixCache(block_tokens=16)).steps)

    assert truth.tokens == {1: (40, 0, 3), 2: (1, 39, 1), 3: (2, 43, 1)}
    assert blocks.tokens == {1: (40, 0, 3), 2: (8, 32, 1), 3: (13, 32, 1)}
    assert lasts_s(truth.steps[3]) == pytest.approx(OF.request_s + OF.prefill_token_s, abs=1e-9)


ARRIVALS = st.lists(
    st.tuples(st.integers(0, 3 * 10**8), st.integers(1, 300), st.integers(1, 12)), min_size=1, max_size=12
)


@settings(max_examples=60, deadline=None)
@given(arrivals=ARRIVALS, mode=st.sampled_from(MODES), chunk=st.sampled_from((0, 7, 64)), batch=st.integers(1, 5))
def test_tokens_and_joules_are_conserved(arrivals, mode, chunk, batch):
    """Whatever comes: every token is made once, steps never overlap, and requests' joules are the steps'."""
    works = [(t, work(i, p, n)) for i, (t, p, n) in enumerate(sorted(arrivals))]
    of = physics(mode=mode, chunk_tokens=chunk, max_batch=batch)
    truth = Truth(physics=of, steps=simulate(works, of).steps)

    assert truth.tokens == {w.id: (w.prompt_tokens, 0, w.output_tokens) for _, w in works}
    assert all(a.end_ns <= b.start_ns for a, b in itertools.pairwise(truth.steps))
    assert all(len(set(s.prefill) | set(s.decode)) <= batch for s in truth.steps)
    assert sum(truth.requests_j.values()) == pytest.approx(sum(s.above_j for s in truth.steps), rel=1e-9)
    own_j = sum(OF.request_s * 200 + w.prompt_tokens * OF.prefill_token_s * 200 for _, w in works)
    decoded = [c for s in truth.steps for c in s.decode.values()]
    decode_steps = sum(1 for s in truth.steps if s.decode)
    shared_s = decode_steps * OF.decode_step_s + len(decoded) * OF.decode_sequence_s
    total_j = own_j + 100 * (shared_s + sum(decoded) * OF.decode_context_token_s)
    assert sum(s.above_j for s in truth.steps) == pytest.approx(total_j, rel=1e-5)


def test_wrong_physics_are_refused():
    """What cannot be simulated says so."""
    for wrong in ({"mode": "magic"}, {"max_batch": 0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Physics(**wrong)
    with pytest.raises(ValueError, match="0 output tokens"):
        work(1, 1, 0)
