"""What memory forbids is concluded only from what an engine and a board have said of themselves."""

from dataclasses import replace

from fakes import GPU, HOST
from sound_cell import CACHE, COSTS_ALL_BYTES, COUNTER, GAUGE, HOST_READINGS, OUTCOMES, cell, judged, stepping

GIGABYTE = 1e9


def test_a_batch_shares_its_steps():
    """Eight answers of 100 tokens in one batch take 100 steps, not 800."""
    batch = [replace(OUTCOMES[0], request_id=f"q{i}") for i in range(8)]
    run = stepping(CACHE + GIGABYTE, 1.01e10)

    assert judged(replace(run, outcomes=(*batch, OUTCOMES[1]))) == ()


def test_overlapping_batches_are_not_counted_twice():
    """An engine that batches by itself may share steps among requests that run together."""
    beside = [replace(o, batch_id=7 + i, start_ns=o.start_ns + 1) for i, o in enumerate(OUTCOMES)]
    run = stepping(CACHE + COSTS_ALL_BYTES * 0.99)

    assert judged(replace(run, outcomes=(*OUTCOMES, *beside))) == ()


def test_work_that_memory_forbids_voids_everything():
    """Energy per token of tokens that were never made is wrong in every domain; the evidence has both times."""
    [found] = judged(stepping(CACHE + GIGABYTE, 0.5e10))

    assert (found.name, found.level, found.domain) == ("faster than memory", "void", None)
    assert "200 steps took 20 s" in found.evidence
    assert "takes 40 s" in found.evidence


def test_without_the_bytes_or_the_speed_nothing_is_concluded():
    """An engine that does not say what it reads, or a board that hides its memory's speed, is not accused."""
    assert judged(cell(sources=(replace(GPU, details={"memory_bytes_per_s": 1.0}), HOST))) == ()
    assert judged(stepping(CACHE + GIGABYTE)) == ()


def test_what_a_cache_could_hold_costs_nothing():
    """Weights that fit the largest cache known need not cross the bus at every step."""
    assert judged(stepping(CACHE, 1.0)) == ()


def test_a_model_on_the_cpu_is_not_judged_by_the_boards_memory():
    """The GPU beside it did not read those weights."""
    run = stepping(CACHE + GIGABYTE, 1.0)
    on_cpu = replace(run, loaded=replace(run.loaded, device="cpu"))

    assert judged(on_cpu) == ()


def test_a_frozen_gauge_beside_a_counter_is_the_windows_own_doubt():
    """The counter tells the energy; the witness that disagrees is flagged or voids where they are compared."""
    flat = [replace(r, value=100.0) for r in GAUGE]

    assert not [v for v in judged(cell(readings=[*COUNTER, *flat, *HOST_READINGS])) if v.name == "frozen power"]
