"""The simulated server as a process: its physics in real time, its options, and how it ends."""

import asyncio
import http.client
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sim.scheduler import Physics, Work, simulate
from sim.served import simulated_server
from sim.server_engine import PreciseSelector
from sim.server_options import options_of
from sim.step_truth import Truth
from sim_server.client import ask, complete

TESTS = Path(__file__).parents[1]


def test_real_time_is_the_virtual_clock(tmp_path):
    """One request after the other: every step is what `simulate` says, to the nanosecond, joules too."""
    physics = Physics(request_s=2e-3, prefill_token_s=3e-4, decode_step_s=2e-3, prefill_w=300.0)
    declared = tmp_path / "physics.json"
    declared.write_text(json.dumps({"request_s": 2e-3, "prefill_token_s": 3e-4, "decode_step_s": 2e-3}))
    with simulated_server(tmp_path, "--physics", str(declared), "--prefill-w", "300") as served:
        for prompt, tokens in ((5, 6), (20, 1), (11, 9)):
            complete(served.url, tokens, list(range(prompt)))
            time.sleep(0.02)  # so that nothing is left of one when the next comes
    truth = served.truth()
    works = [
        Work(id=i, prompt_tokens=p, output_tokens=n) for i, (p, n) in enumerate(((5, 6), (20, 1), (11, 9)), 1)
    ]
    virtual = simulate([(i * 10**9, work) for i, work in enumerate(works)], physics).steps

    assert truth.physics == physics
    assert [still(step) for step in truth.steps] == [still(step) for step in virtual]
    assert truth.requests_j == pytest.approx(Truth(physics=physics, steps=virtual).requests_j)
    summary = json.loads(served.truth_path.read_text().splitlines()[-1])
    assert summary["line"] == "summary"
    assert summary["output_tokens"] == 16
    assert sum(summary["above_j"].values()) == pytest.approx(sum(s.above_j for s in virtual))


def test_the_loop_keeps_time_below_a_millisecond():
    """epoll alone would wait for whole milliseconds."""

    async def shortest_s():
        late_s = []
        for _ in range(20):
            start_s = time.monotonic()
            await asyncio.sleep(2e-4)
            late_s.append(time.monotonic() - start_s)
        return min(late_s)

    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(PreciseSelector())) as runner:
        assert 2e-4 <= runner.run(shortest_s()) < 8e-4


def still(step):
    """A step without its moment."""
    return replace(step, start_ns=0, end_ns=step.end_ns - step.start_ns)


def test_many_clients_share_the_batch_and_no_token_is_lost(tmp_path):
    """Requests at once, one of which leaves in the middle: its work stops, and the others' is whole."""
    with simulated_server(tmp_path, "--max-batch", "4") as served:
        heard = {}
        threads = [
            threading.Thread(target=lambda n=n: heard.update({n: complete(served.url, n)})) for n in range(4, 12)
        ]
        for one in threads:
            one.start()
        connection = http.client.HTTPConnection(urlsplit(served.url).netloc, timeout=10)
        body = {"prompt": "a b c", "max_tokens": 4000, "stream": True}
        connection.request("POST", "/v1/completions", json.dumps(body))
        with connection.getresponse() as response:
            response.read1()
        connection.close()
        for one in threads:
            one.join()
    truth = served.truth()

    assert all(len(one.words) == n for n, one in heard.items())
    assert sum(made for _, _, made in truth.tokens.values()) < 500
    done = {r["id"]: (r["prompt_tokens"], 0, r["output_tokens"]) for r in truth.requests}
    assert len(done) == 8
    assert {id: truth.tokens[id] for id in done} == done
    assert max(len(step.decode) for step in truth.steps) == 4
    assert all(a.end_ns <= b.start_ns for a, b in itertools.pairwise(truth.steps))


def test_whoever_leaves_the_queue_costs_nothing(tmp_path):
    """A client that gives up before its turn is never prefilled."""
    with simulated_server(tmp_path, "--max-batch", "1", "--decode-step-s", "0.02") as served:
        first = threading.Thread(target=complete, args=(served.url, 12))
        first.start()
        time.sleep(0.05)
        left = ask(served.url, "/v1/completions", {"prompt": "a b", "max_tokens": 4}, timeout_s=0.05)
        first.join()
        complete(served.url, 1)
    truth = served.truth()

    assert left.status == 0
    assert [tokens[2] for tokens in truth.tokens.values()] == [12, 1]


def test_moments_are_the_clients(fast):
    """On the clock that a client reads: asked, handed out, answered."""
    before_ns = time.monotonic_ns()
    complete(fast.url, 5, name="moments")
    after_ns = time.monotonic_ns()
    [one] = [one for one in fast.truth().requests if one["name"] == "moments"]

    names = ("received_ns", "start_ns", "first_ns", "first_sent_ns", "end_sent_ns")
    moments = [before_ns, *(one[name] for name in names), after_ns]
    assert moments == sorted(moments)
    assert one["end_ns"] <= one["end_sent_ns"]


def test_a_full_queue_refuses(tmp_path):
    """With 503, before any work."""
    with simulated_server(tmp_path, "--max-batch", "1", "--max-waiting", "1", "--decode-step-s", "0.02") as served:
        threads = [threading.Thread(target=complete, args=(served.url, 8)) for _ in range(2)]
        for one in threads:
            one.start()
            time.sleep(0.03)
        refused = complete(served.url, 8)
        for one in threads:
            one.join()

    assert refused.status == 503
    assert len(served.truth().requests) == 2


@pytest.mark.parametrize("how", ["stdin", "SIGTERM"])
def test_it_ends_in_order(tmp_path, how):
    """When its input closes and when it is told to, even while a reply hangs; its log ends with the summary."""
    command = [sys.executable, "-m", "sim.server", "--folder", str(tmp_path), "--fault", "hang:stage=mid"]
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        url = json.loads(process.stdout.readline())["url"]
        hanging = threading.Thread(target=complete, args=(url,))
        hanging.start()
        time.sleep(0.15)
        if how == "stdin":
            process.stdin.close()
        else:
            process.send_signal(signal.SIGTERM)
        status = process.wait(timeout=5)
        hanging.join()

    assert status == 0
    lines = [json.loads(line)["line"] for line in (tmp_path / "truth.jsonl").read_text().splitlines()]
    assert lines[0] == "server"
    assert lines[-1] == "summary"
    assert "fault" in lines


def test_wrong_options_end_with_words(tmp_path, capsys):
    """Physics and faults that do not exist are not passed over."""
    for wrong in (["--mode", "magic"], ["--fault", "hung"], ["--max-batch", "0"]):
        with pytest.raises(SystemExit):
            options_of(["--folder", str(tmp_path), *wrong])

    assert "one of blocking" in capsys.readouterr().err
