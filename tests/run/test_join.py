"""Joules beside a load generator's file: the right run, the right span, and no figure where one would lie."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from fakes import GPU, HOST, seconds, ticking

from bench.errors import BadInput
from bench.files.interop.aiperf import RECORDS, SUMMARY
from bench.files.store import MeteredRecord, write_metered
from bench.nouns import Reading, Trace, Window, WitnessRecord
from bench.run.join import join
from bench.run.meter import END_UNIX, START_UNIX
from bench.run.publish import rounded_energies

GOLDEN = Path(__file__).parents[1] / "golden" / "joins"
RUNS = {tool: GOLDEN / "runs" / name for tool, name in (
    ("aiperf", "20261121T154625Z-meter-f928f0"), ("guidellm", "20261121T154436Z-meter-83648d"),
)}  # fmt: skip
FILES = {"aiperf": GOLDEN / "aiperf", "guidellm": GOLDEN / "guidellm" / "benchmarks.json"}
UNIX_S, START_S, LASTED_S = 1_795_000_000, 100.0, 10.0
IDLE_W, BUSY_W = 100.0, 300.0


def power_w(t):
    """At work from 4 to 8 s after the command's start."""
    return BUSY_W if START_S + 4 <= t < START_S + 8 else IDLE_W


def metered(out, *, kind="meter", sources=(GPU,), unix=None, witnesses=(), **changed):
    """A metered command of ten seconds on one board (and its host), sealed."""
    window = Window(phase="work", label="1", start_ns=seconds(START_S), end_ns=seconds(START_S + LASTED_S))
    readings = ticking(power_w, START_S - 1, START_S + LASTED_S + 1)
    if HOST in sources:
        t_s = [START_S - 1 + 0.05 * i for i in range(241)]
        readings += tuple(
            Reading(seconds(t), "host", field, "power", watts)
            for t in t_s
            for field, watts in (("value", 20.0), ("low", 10.0), ("high", 40.0))
        )
    trace = Trace(observations=readings, windows=(window,), witnesses=witnesses)
    unix = unix or {START_UNIX: UNIX_S * 10**9, END_UNIX: round((UNIX_S + LASTED_S) * 10**9)}
    record = MeteredRecord(
        kind=kind, id="20261121T100000Z-meter-1", started_at="2026-11-21T10:00:00Z", environment=unix,
        sources=sources, trace=trace, energies=rounded_energies(trace, sources), **changed,
    )  # fmt: skip
    return write_metered(out, record, "0")


def line(start_s, end_s, *, phase="profiling", tokens=32, error=None, ttft_ms=20.0):
    """One record as AIPerf writes it; times count from the command's start."""
    metrics = {
        "request_latency": {"value": (end_s - start_s) * 1e3, "unit": "ms"},
        "time_to_first_token": {"value": ttft_ms, "unit": "ms"},
        "inter_token_latency": {"value": 2.0, "unit": "ms"},
        "input_sequence_length": {"value": 68, "unit": "tokens"},
        **({"output_sequence_length": {"value": tokens, "unit": "tokens"}} if tokens is not None else {}),
    }
    about = {
        "request_start_ns": round((UNIX_S + start_s) * 10**9), "request_end_ns": round((UNIX_S + end_s) * 10**9),
        "benchmark_phase": phase,
    }  # fmt: skip
    return {"metadata": about, "metrics": {} if error else metrics, **({"error": error} if error else {})}


def records(folder, *lines):
    """Its records, and the summary that counts those that were answered."""
    folder.mkdir(exist_ok=True)
    (folder / RECORDS).write_text("".join(json.dumps(one) + "\n" for one in lines))
    answered = sum("error" not in one and one["metadata"]["benchmark_phase"] != "warmup" for one in lines)
    (folder / SUMMARY).write_text(json.dumps({"request_count": {"unit": "requests", "avg": answered}}))
    return folder / RECORDS


def busy(count=40, **more):
    """Requests that fill the span from 4 to 8 s."""
    return [line(4 + 4 * i / count, 4 + 4 * (i + 1) / count, **more) for i in range(count)]


@pytest.mark.parametrize("tool", ["aiperf", "guidellm"])
def test_what_they_wrote_joins_with_the_run_that_metered_it(tool):
    """The simulated server's log of those runs: 90 W, and above it 474 J for 54 requests, 449 J for 50."""
    found = join(RUNS[tool], FILES[tool])

    [share] = found.shares
    above_j = {"aiperf": 474 * 50 / 54, "guidellm": 449.0}[tool]
    wide_s = (found.energies[0].end_ns - found.energies[0].start_ns) * 1e-9
    assert (found.requests, found.failures, found.output_tokens, found.prompt_tokens) == (50, 0, 1600, 3400)
    assert found.warmup == {"aiperf": 4, "guidellm": 0}[tool]
    assert share.basis == "measured"
    assert share.energy.value == pytest.approx(90 * wide_s + above_j, rel=0.01)
    assert share.per_request.value == pytest.approx(share.energy.value / 50, rel=1e-6)
    assert share.per_output_token.value == pytest.approx(share.energy.value / 1600, rel=1e-6)
    assert found.metered[0].energy_j > 2 * share.energy.value  # the start-up of the load generator is in it


@pytest.mark.parametrize("tool", ["aiperf", "guidellm"])
def test_the_file_of_another_run_is_refused(tool):
    other = {"aiperf": "guidellm", "guidellm": "aiperf"}[tool]

    with pytest.raises(BadInput, match="not this run's"):
        join(RUNS[tool], FILES[other])


def test_joules_are_those_of_the_requests_span(tmp_path):
    """Idle before and after is the whole command's, not theirs: 4 s of 300 W, widened to ticks at most."""
    found = join(metered(tmp_path), records(tmp_path, line(1, 2, phase="warmup"), *busy()))

    [share] = found.shares
    assert (found.start_ns, found.end_ns) == (seconds(START_S + 4), seconds(START_S + 8))
    assert share.energy.value == pytest.approx(4 * BUSY_W, rel=0.05)
    assert share.energy.low < 4 * BUSY_W < share.energy.high
    assert found.metered[0].energy_j == pytest.approx(4 * BUSY_W + 6 * IDLE_W, rel=0.05)
    assert (share.per_request.unit, share.per_output_token.unit) == ("J/request", "J/token")
    assert found.warmup == 1


def test_a_peer_watched_the_command_and_not_the_span(tmp_path):
    """Its two looks lie about the whole: that it says nothing of the requests is no flaw of theirs."""
    found = join(metered(tmp_path, witnesses=(WitnessRecord(name="zeus"),)), records(tmp_path, *busy()))

    assert any("zeus" in flag for flag in found.metered[0].flags)
    assert not any("zeus" in flag for flag in found.energies[0].flags)


def test_quantiles_are_those_that_so_many_requests_can_tell(tmp_path):
    """Forty tell the median alone (n >= 20 / (1 - p)); mean and unit are ours."""
    times = join(metered(tmp_path), records(tmp_path, *busy())).times

    assert set(times) == {"ttft_s", "tpot_s", "e2e_s"}
    assert set(times["ttft_s"].quantiles_s) == {"p50_s"}
    assert times["ttft_s"].mean_s == pytest.approx(0.02)
    assert times["tpot_s"].mean_s == pytest.approx(0.002)


@pytest.mark.parametrize(
    ("spoilt", "words"),
    [
        (line(5, 5.1, error={"code": 500, "message": "no"}), "1 of 41 requests failed"),
        (line(5, 5.1, phase="warmup"), "warm-up"),
    ],
)
def test_where_not_all_of_it_is_work_that_was_answered_nothing_is_divided(tmp_path, spoilt, words):
    """The joules stay; what they are divided by is not known."""
    found = join(metered(tmp_path), records(tmp_path, *busy(), spoilt))

    [share] = found.shares
    assert share.energy.value == pytest.approx(1200, rel=0.05)
    assert (share.per_request, share.per_output_token, found.aiperf) == (None, None, {})
    assert words in share.reasons[0]


def test_where_tokens_are_not_counted_only_they_have_no_figure(tmp_path):
    found = join(metered(tmp_path), records(tmp_path, *busy(), line(7, 7.5, tokens=None)))

    [share] = found.shares
    assert share.per_request.value == pytest.approx(1200 / 41, rel=0.05)
    assert share.per_output_token is None
    assert "not counted" in share.reasons[0]
    assert (found.output_tokens, set(found.aiperf)) == (
        None,
        {"nvidia_total_gpu_energy", "nvidia_energy_per_request"},
    )


def test_aiperfs_names_are_for_measured_boards_alone(tmp_path):
    """Its unit too: mJ a token. A modelled host has no name there, and is never added."""
    both = join(metered(tmp_path / "a", sources=(GPU, HOST)), records(tmp_path, *busy()))
    host = join(metered(tmp_path / "b", sources=(HOST,)), records(tmp_path, *busy()))

    total_j = next(s.energy.value for s in both.shares if s.boundary == "gpu")
    assert both.aiperf["nvidia_total_gpu_energy"] == total_j
    assert both.aiperf["nvidia_energy_per_output_token"] == pytest.approx(total_j / (40 * 32) * 1e3, rel=1e-6)
    assert both.aiperf["nvidia_output_tokens_per_joule"] == pytest.approx(40 * 32 / total_j, rel=1e-6)
    assert both.aiperf["nvidia_energy_per_total_token"] == pytest.approx(total_j / (40 * 100) * 1e3, rel=1e-6)
    assert {(s.basis, s.boundary) for s in both.shares} == {("measured", "gpu"), ("modelled", "host")}
    assert [(s.basis, s.per_request.basis) for s in host.shares] == [("modelled", "modelled")]
    assert host.aiperf == {}


@pytest.mark.parametrize("name", ["aiperf-errors", "guidellm-errors/benchmarks.json"])
def test_their_own_files_with_failures_divide_nothing(tmp_path, name):
    """Three of twenty failed, or seven of twenty-seven were stopped or failed."""
    began_s = 1_795_276_400  # of both
    at = {START_UNIX: began_s * 10**9, END_UNIX: (began_s + 100) * 10**9}
    window = Window(phase="work", label="1", start_ns=seconds(100), end_ns=seconds(200))
    trace = Trace(observations=ticking(lambda t: 100.0, 99, 201), windows=(window,))
    record = MeteredRecord(
        id="20261121T100000Z-meter-2", started_at="2026-11-21T10:00:00Z", environment=at, sources=(GPU,),
        trace=trace, energies=rounded_energies(trace, (GPU,)),
    )  # fmt: skip

    [share] = join(write_metered(tmp_path, record, "0"), GOLDEN / name).shares

    assert share.energy is not None
    assert (share.per_request, share.per_output_token) == (None, None)
    assert "requests failed" in share.reasons[0]


def test_a_file_that_does_not_hold_every_request_divides_nothing(tmp_path):
    """Those that it leaves out took joules too."""
    data = json.loads(FILES["guidellm"].read_text())
    data["benchmarks"][0]["requests"]["successful"].pop()
    (tmp_path / "part.json").write_text(json.dumps(data))

    found = join(RUNS["guidellm"], tmp_path / "part.json")

    assert found.shares[0].per_request is None
    assert found.shares[0].reasons == ("the file does not hold every request that was made",)
    assert found.notes == ("guidellm made 50 requests, the file holds 49",)


@pytest.mark.parametrize("kept", [slice(None), slice(None, None, 2), slice(0, 20)])
def test_records_that_nothing_counts_divide_nothing(tmp_path, kept):
    """Every second line looks like the whole file, and would double the joules of a request."""
    file = records(tmp_path, *busy()[kept])
    (tmp_path / SUMMARY).unlink()

    found = join(metered(tmp_path), file)

    [share] = found.shares
    assert (share.per_request, share.per_output_token, found.aiperf) == (None, None, {})
    assert share.reasons == ("the file does not hold every request that was made",)
    assert SUMMARY in found.notes[0]


@pytest.mark.parametrize("shift_s", [-4.2, 2.2, 3600, -3600])
def test_requests_outside_the_command_are_another_runs(tmp_path, shift_s):
    moved = [line(4 + shift_s, 8 + shift_s)]

    with pytest.raises(BadInput, match="name the file that the metered command wrote"):
        join(metered(tmp_path), records(tmp_path, *moved))


def test_a_clock_that_was_set_meanwhile_joins_nothing(tmp_path):
    """A slewed one does: the file is laid between the command's two ends in proportion."""
    was_set = {START_UNIX: UNIX_S * 10**9, END_UNIX: (UNIX_S + 12) * 10**9}
    slewed = {START_UNIX: UNIX_S * 10**9, END_UNIX: round((UNIX_S + 10.04) * 10**9)}

    with pytest.raises(BadInput, match=r"set by \+2.000 s"):
        join(metered(tmp_path / "set", unix=was_set), records(tmp_path, *busy()))
    found = join(metered(tmp_path / "slewed", unix=slewed), records(tmp_path, line(4, 10.04)))
    assert found.end_ns == pytest.approx(seconds(START_S + 10), abs=1000)


def test_a_run_of_another_kind_or_of_an_older_version_is_refused(tmp_path):
    file = records(tmp_path, *busy())

    with pytest.raises(BadInput, match="a sealed passport"):
        join(metered(tmp_path / "a", kind="passport"), file)
    with pytest.raises(BadInput, match="without the wall clock"):
        join(metered(tmp_path / "b", unix={"cpu": "x"}), file)


def vllm(folder, start_s, *, date="20261121-154617"):
    """Constructed from documented fields; see tests/files/interop/test_vllm_bench_file.py."""
    one = {
        "date": date, "duration": 4.0, "completed": 2, "failed": 0, "total_input_tokens": 136,
        "request_throughput": 0.5, "total_output_tokens": 64, "input_lens": [68, 68], "output_lens": [32, 32],
        "ttfts": [0.1, 0.1], "latencies": [2.0, 2.0], "start_times": [start_s, start_s + 2], "errors": ["", ""],
    }  # fmt: skip
    (folder / "vllm.json").write_text(json.dumps(one))
    return folder / "vllm.json"


def test_vllm_bench_is_joined_by_the_monotonic_clock_and_its_date(tmp_path):
    """Its start_times count from the machine's boot: the date tells another boot's apart, whatever its zone."""
    at = {START_UNIX: 1_795_275_970 * 10**9, END_UNIX: 1_795_275_980 * 10**9}  # 15:46:10 to 15:46:20 UTC
    folder = metered(tmp_path, unix=at)

    assert join(folder, vllm(tmp_path, START_S + 4)).output_tokens == 64
    assert join(folder, vllm(tmp_path, START_S + 4, date="20261122-011617")).requests == 2  # UTC+9:30
    with pytest.raises(BadInput, match="every time zone"):
        join(folder, vllm(tmp_path, START_S + 4, date="20261121-155117"))
    with pytest.raises(BadInput, match="not this run's"):
        join(folder, vllm(tmp_path, START_S + 400))


def test_a_server_elsewhere_is_said(tmp_path):
    """The joules are this machine's."""
    shutil.copytree(FILES["aiperf"], tmp_path / "art")
    summary = tmp_path / "art" / "profile_export_aiperf.json"
    summary.write_text(summary.read_text().replace("http://127.0.0.1", "http://far.example"))

    assert join(RUNS["aiperf"], FILES["aiperf"]).notes == ()
    assert "far.example" in join(RUNS["aiperf"], tmp_path / "art").notes[0]


def command(*arguments, **more):
    return subprocess.run(
        [sys.executable, "-P", "-m", "bench", *map(str, arguments)],
        capture_output=True, text=True, timeout=60, check=False, env={**os.environ, **more},
    )  # fmt: skip


def test_the_command_prints_it_and_falls_short_without_a_figure(tmp_path):
    """Exit 1 where nothing can be divided, 2 for a file of another run."""
    done = command("join", RUNS["aiperf"], FILES["aiperf"], "--json")
    found = json.loads(done.stdout)
    text = command("join", RUNS["guidellm"], FILES["guidellm"])
    short = command("join", metered(tmp_path), records(tmp_path, *busy(), line(5, 6, error={"message": "no"})))
    wrong = command("join", RUNS["aiperf"], FILES["guidellm"], "--json")

    assert (done.returncode, text.returncode, short.returncode, wrong.returncode) == (0, 0, 1, 2)
    assert (found["schema_version"], found["tool"], found["requests"]) == (1, "aiperf", 50)
    assert "time_per_output_token_ms 7.761 ms (none of ours)" in text.stdout
    assert "no figure: 1 of 41 requests failed" in short.stdout
    assert json.loads(wrong.stdout)["error"]["kind"] == "BadInput"
    assert all(len(row) <= 115 for row in text.stdout.splitlines())


def test_meter_seals_the_clock_that_join_needs(tmp_path):
    """A metered command that writes its own records: from the command line to the joules a request."""
    script = tmp_path / "load.py"
    script.write_text(
        "import json, time\nrows = []\nfor i in range(40):\n"
        "    a = time.time_ns(); time.sleep(0.02); b = time.time_ns()\n"
        "    m = {'request_latency': {'value': (b - a) / 1e6, 'unit': 'ms'}}\n"
        "    about = {'request_start_ns': a, 'request_end_ns': b, 'benchmark_phase': 'profiling'}\n"
        "    rows.append(json.dumps({'metadata': about, 'metrics': m}))\n"
        f"open({str(tmp_path / RECORDS)!r}, 'w').write(chr(10).join(rows))\n"
        f"open({str(tmp_path / SUMMARY)!r}, 'w').write(json.dumps({{'request_count': {{'avg': 40}}}}))\n"
    )
    constant = {"JOULEMARK_METERS": "constant:power_w=100"}
    metered_ = command("meter", "--out", tmp_path / "out", "--", sys.executable, script, **constant)
    [folder] = (tmp_path / "out" / "runs").iterdir()
    found = json.loads(command("join", folder, tmp_path / RECORDS, "--json").stdout)

    [share] = found["shares"]
    lasted_s = (found["end_ns"] - found["start_ns"]) * 1e-9
    [energy] = found["energies"]
    wide_s = (energy["end_ns"] - energy["start_ns"]) * 1e-9  # widened to the sensor's ticks
    assert metered_.returncode == 0
    assert 0.8 < lasted_s <= wide_s < lasted_s + 0.5
    assert share["energy"]["value"] == pytest.approx(100 * wide_s, rel=0.08)
    assert share["per_request"]["value"] == pytest.approx(share["energy"]["value"] / 40, rel=1e-6)
    assert share["basis"] == "modelled"
    assert found["aiperf"] == {}
