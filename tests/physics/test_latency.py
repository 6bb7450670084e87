"""Times count from the moment that was meant; a tail is told by enough requests alone."""

from dataclasses import replace

import pytest
from fakes import outcome, run_of, seconds, window

from bench.physics.latency import PHASES, late, summary, times, told_by_requests


def served(lag_s=0.0, took_s=0.1, count=1, tokens=11):
    """Requests a second apart, each sent `lag_s` after it was meant to, its pieces evenly over its time."""
    made = []
    for k in range(count):
        start = seconds(k) + seconds(lag_s)
        made.append(
            replace(
                outcome(0, 1, output_tokens=tokens),
                due_ns=seconds(k),
                start_ns=start,
                sent_ns=start + 1_000_000,
                first_output_ns=start + seconds(0.02),
                end_ns=start + seconds(took_s),
                output_ns=tuple(start + seconds(0.02 + i * (took_s - 0.02) / (tokens - 1)) for i in range(tokens)),
            )
        )
    return run_of((), (window("work", "1", 0, count + 1),), made)


def test_every_phase_is_what_it_says():
    """20 ms to the first of eleven tokens, the others within 80 ms; sent 5 ms late, which counts."""
    found = times(served(lag_s=0.005))

    assert found["send_lag_s"].mean_s == pytest.approx(0.005)
    assert found["send_s"].mean_s == pytest.approx(0.001)
    assert found["ttft_s"].mean_s == pytest.approx(0.025)
    assert found["tpot_s"].mean_s == pytest.approx(0.008)
    assert found["itl_s"].count == 10
    assert found["e2e_s"].mean_s == pytest.approx(0.105)


@pytest.mark.parametrize(("count", "told"), [(39, []), (40, ["p50_s"]), (399, ["p50_s", "p90_s"]), (2000, 4)])
def test_a_tail_needs_twenty_values_beyond_it(count, told):
    found = list(summary([0.1] * count).quantiles_s)

    assert found == told if isinstance(told, list) else len(found) == told


@pytest.mark.parametrize(("count", "told"), [(8, []), (39, []), (40, ["p50_s"]), (200, ["p50_s", "p90_s"])])
def test_gaps_within_a_request_do_not_count_for_themselves(count, told):
    """Eight requests of 64 gaps are 512 values that tell no tail."""
    known = times(served(count=count, tokens=65))
    shown = told_by_requests(known)

    assert shown["itl_s"].count == count * 64
    assert list(shown["itl_s"].quantiles_s) == told
    assert list(shown) == list(PHASES)
    assert {name: one for name, one in shown.items() if name != "itl_s"} == {
        name: one for name, one in known.items() if name != "itl_s"
    }


def test_failed_requests_have_no_times():
    """A refusal is fast; it is no answer."""
    run = served(count=3)
    run = replace(run, outcomes=tuple(replace(o, error="status: HTTP 500") for o in run.outcomes))

    assert times(run) == {}


@pytest.mark.parametrize(("lag_s", "took_s", "void"), [
    (0.024, 0.1, False), (0.026, 0.1, True),  # 25 ms, whatever the requests take
    (0.099, 1.0, False), (0.2, 1.0, True),  # a tenth of the time, where that is more
])  # fmt: skip
def test_a_client_that_lags_measures_itself(lag_s, took_s, void):
    assert bool(late(served(lag_s=lag_s, took_s=took_s, count=20))) == void


def test_without_a_server_there_is_no_lag():
    run = served()
    bare = replace(run, outcomes=tuple(replace(o, due_ns=None) for o in run.outcomes))

    assert late(bare) == []
    assert times(bare) == {}
