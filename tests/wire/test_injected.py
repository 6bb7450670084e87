"""Every fault of the table at every stage of a request: named, in time, worth nothing, in no figure."""

import pytest

pytest.importorskip("aiohttp", reason="the client's library is an extra: pip install 'joulemark[endpoints]'")
from sim import server_faults
from sim.door import MODES
from sim.injected import ENGINES, FAST, SHORT, TABLE, TIMEOUT_S, WHOLE, asked, bench_at, cases, figures
from sim.served import simulated_server

SLACK_S = 1.0  # of a test machine that does something else meanwhile


@pytest.fixture(scope="module")
def benches(tmp_path_factory):
    """A server, and a session of each engine with it, opened when it is first asked for."""
    from contextlib import ExitStack

    with simulated_server(tmp_path_factory.mktemp("server"), *FAST) as server, ExitStack() as held:
        opened = {}

        def bench(engine):
            if engine not in opened:
                opened[engine] = held.enter_context(bench_at(server, engine))
            return opened[engine]

        yield bench


@pytest.mark.parametrize("case", [case for engine in ENGINES for case in cases(engine)], ids=str)
def test_a_fault_is_named_in_time_and_makes_no_figure(benches, case):
    """The request before it is whole; what failed counts for nothing, and its run has no figure."""
    found = benches(case.engine).struck(case)

    assert found.before.error is None
    assert found.injected
    assert found.said in case.said, found.struck.error
    assert found.took_s < TIMEOUT_S + SLACK_S
    assert found.counts_nothing
    assert (found.figures == 0) == (found.struck.error is not None)


def test_sound_requests_do_make_figures(benches):
    """Else no figure upon a fault would say nothing."""
    assert figures(benches("openai_http").session.run(asked(2))) > 0


def test_no_kind_of_fault_and_no_stage_of_it_is_left_out():
    """The server's list and the door's are the table's: a kind that is new must be given its answer."""
    told = {fault for faults in TABLE.values() for together in faults for fault in together.split("&")}
    single = [one for one in told if not one.startswith("door:")]
    struck = {(f.kind, f.stage) for f in map(server_faults.parsed, single)}
    possible = {(kind, stage) for kind, (stages, _) in server_faults.KINDS.items() for stage in stages}

    # nobody listens any longer: the door's, which needs no request before it
    assert possible - struck == {("refuse", "end")}
    assert {f"door:{mode}" for mode in MODES} - told == {"door:open"}


def test_answers_of_the_table_are_causes():
    """A word that no outcome can say would never be compared."""
    from typing import get_args

    from bench.nouns import Cause

    said = {word for engine in ENGINES for case in cases(engine) for word in case.said}
    assert said <= {*get_args(Cause), SHORT, WHOLE}
