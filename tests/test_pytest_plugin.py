"""`energy_benchmark` in a pytest of its own: known joules, limits that fail a test, no cost where it is unused."""

import json
import os
import re
import subprocess
import sys

import pytest

pytest_plugins = ["pytester"]

ALONE = ("-p", "no:hypothesispytest", "-p", "no:anyio")  # they take a second to import
QUICK = (*ALONE, "--benchmark-max-time=0.02", "--benchmark-min-rounds=1", "--energy-min-time=0.2")
TESTS = """
import pytest, time

def nap():
    time.sleep(0.02)
    return "rested"

@pytest.mark.energy_max("3 J")
def test_within(energy_benchmark):
    assert energy_benchmark(nap) == "rested"
    assert energy_benchmark.extra_info["energy"][0]["boundary"] == "wall"

@pytest.mark.energy_max("1 J")
def test_over(energy_benchmark):
    energy_benchmark(nap)

@pytest.mark.energy_max("200 mJ", boundary="gpu")
def test_of_no_sensor(energy_benchmark):
    energy_benchmark(time.sleep, 0.02)

@pytest.mark.energy_max("1 J")
def test_own_assertion_first(energy_benchmark):
    assert False, "the test's own"

def test_plain(energy_benchmark):
    assert energy_benchmark.pedantic(nap, rounds=2) == "rested"

def test_setup(energy_benchmark):
    energy_benchmark.pedantic(nap, setup=lambda: None)

@pytest.mark.energy_max("1 J")
def test_never_called(energy_benchmark):
    pass

@pytest.mark.energy_max("1 J")
def test_without_the_fixture():
    pass

def test_of_other_things():
    pass
"""


WORKER = "PYTEST_XDIST_WORKER"  # pytest-benchmark measures nothing in a worker; the sessions here are none


@pytest.fixture(autouse=True)
def in_no_worker(monkeypatch):
    monkeypatch.delenv(WORKER, raising=False)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """One session on a declared 100 W: what it printed, and the benchmark's JSON."""
    folder = tmp_path_factory.mktemp("session")
    (folder / "test_energy.py").write_text(TESTS)
    outside = {name: value for name, value in os.environ.items() if name != WORKER}
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *QUICK, "--energy-max", "1.2J", "--benchmark-json", "b.json"],
        cwd=folder, env={**outside, "JOULEMARK_METERS": "constant:power_w=100"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 1, ran.stdout + ran.stderr
    return ran.stdout, json.loads((folder / "b.json").read_text())


def outcome(printed, name):
    """How one test ended, by the last lines; a passed one is not there."""
    found = re.search(rf"^(FAILED|ERROR|SKIPPED) .*::{name}\b", printed, flags=re.MULTILINE)
    return found[1] if found else "passed"


def test_a_call_takes_100_w_times_its_time(done):
    """In the JSON, with its interval, basis and boundary; MODELLED, for a declared power is no measurement."""
    info = {one["name"]: one["extra_info"] for one in done[1]["benchmarks"]}

    for name in ("test_within", "test_over", "test_plain"):
        [one] = info[name]["energy"]
        truth_j = 100.0 * one["busy_s"] / one["calls"]
        assert one["energy_per_call_j"] == pytest.approx(truth_j, rel=0.1), name
        assert one["low_j"] * 0.99 <= truth_j <= one["high_j"] * 1.01, name
        assert (one["basis"], one["boundary"], one["domains"]) == ("modelled", "wall", ["wall"])
        assert one["power_w"] == pytest.approx(100.0, rel=0.1)
        assert one["notes"] == ["a test double: 100 W by declaration, not a sensor"]
    assert 2.0 < info["test_within"]["energy"][0]["energy_per_call_j"] < 2.6
    assert info["test_over"]["energy_limits"][0]["judgement"] == "over"


def test_a_limit_fails_a_test_that_certainly_takes_more(done):
    """And none that keeps to it; a mark takes the place of the command line's limit, which holds for the rest."""
    printed, _ = done

    assert outcome(printed, "test_within") == "passed"
    assert outcome(printed, "test_over") == "FAILED"
    assert outcome(printed, "test_plain") == "FAILED"
    assert outcome(printed, "test_of_other_things") == "passed"
    assert re.search(r"energy limit 1 J exceeded: 2\.\d+ \(.*\) J a call, MODELLED, wall", printed)
    assert "energy limit 1.2 J exceeded" in printed


def test_a_limit_that_nothing_is_measured_for_fails_with_the_reason(done):
    """No sensor of that boundary; a fixture that was never called; a mark without the fixture."""
    printed, _ = done

    assert outcome(printed, "test_of_no_sensor") == "FAILED"
    assert (
        "energy limit 200 mJ of gpu could not be judged: nothing on this machine tells the energy of gpu"
        in printed
    )
    assert outcome(printed, "test_never_called") == "FAILED"
    assert outcome(printed, "test_without_the_fixture") == "FAILED"
    assert "the test never called energy_benchmark" in printed


def test_a_test_s_own_assertion_comes_first(done):
    """Its energy is no news while it is wrong."""
    assert "the test's own" in done[0]
    assert outcome(done[0], "test_own_assertion_first") == "FAILED"


def test_pedantic_is_measured_too_but_not_with_a_setup(done):
    """Whose energy would be in the call's."""
    printed, found = done

    assert next(b["stats"]["rounds"] for b in found["benchmarks"] if b["name"] == "test_plain") == 2
    assert outcome(printed, "test_setup") == "FAILED"
    assert "takes no setup and no teardown" in printed


def test_the_summary_has_a_line_for_each_call(done):
    """Name, joules, interval, watts, basis, boundary, limit; what is not measured is said below."""
    printed, _ = done

    assert re.search(r"^name +J per call +interval +W +basis +boundary +limit$", printed, flags=re.MULTILINE)
    assert re.search(
        r"^test_over +2\.\d+ J +[\d.]+ to [\d.]+ +[\d.]+ +MODELLED +wall +1 J OVER$", printed, flags=re.MULTILINE
    )
    assert re.search(r"^test_within .* 3 J within$", printed, flags=re.MULTILINE)
    assert "test_of_no_sensor: 200 mJ of gpu NOT MEASURED" in printed
    assert "a test double: 100 W by declaration, not a sensor" in printed
    assert "gross: the idle" in printed
    assert "test_of_other_things" not in printed


ONE = """
import pytest, time

@pytest.mark.energy_max("{limit}")
def test_one(energy_benchmark):
    energy_benchmark(time.sleep, 0.02)
"""


@pytest.fixture
def session(pytester, monkeypatch):
    """Runs one test with a limit; the sensors as the test declares them."""

    def run(limit, *arguments, meters):
        monkeypatch.setenv("JOULEMARK_METERS", meters)
        pytester.makepyfile(ONE.format(limit=limit))
        return pytester.runpytest_inprocess(*QUICK, "-W", "default", *arguments)

    return run


def test_a_limit_inside_the_interval_warns_and_passes(session, pytester):
    """Nobody knows whether it is kept. (A host model's interval is as wide as the servers that it knows.)"""
    done = session("150 mJ", meters="host_model")

    done.assert_outcomes(passed=1, warnings=1)
    done.stdout.fnmatch_lines(["*EnergyUndecided: energy limit 150 mJ undecided: it lies inside*MODELLED, host"])
    done.stdout.fnmatch_lines(["test_one*MODELLED*host*150 mJ undecided"])


def test_without_a_sensor_the_limit_fails_or_is_skipped_as_asked(session):
    """The table says none, and why."""
    failed = session("1 J", meters="elsewhere:server=box")
    skipped = session("1 J", "--energy-unmeasured=skip", meters="elsewhere:server=box")

    failed.assert_outcomes(failed=1)
    failed.stdout.fnmatch_lines(["energy limit 1 J could not be judged: JOULEMARK_METERS asks for elsewhere*"])
    failed.stdout.fnmatch_lines(["test_one*none*none*1 J NOT MEASURED"])
    skipped.assert_outcomes(skipped=1)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [(("--benchmark-disable",), "*--benchmark-disable*"), (("-n", "1"), "*tests run at once (pytest-xdist)*")],
)
def test_a_limit_is_not_passed_over_where_benchmarks_are_disabled(session, arguments, why):
    """Nothing is measured there, and nothing opened: a limit says so."""
    done = session("1 J", *arguments, meters="no_such_meter")

    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines([f"energy limit 1 J could not be judged: {why}"])


@pytest.mark.parametrize("option", ["--energy-max=5", "--energy-min-time=0", "--energy-min-time=-1"])
def test_what_is_no_limit_stops_the_session_before_it_starts(session, option):
    """With what is."""
    done = session("1 J", option, meters="none")

    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["ERROR: *expected*"])


@pytest.mark.parametrize(
    ("mark", "why"),
    [('"5 parsecs"', "energy limit '5 parsecs': expected"), ('"5 J", boundry="gpu"', "takes limit and boundary"),
     ("", "energy limit None: expected"), ('"5 J", "gpus"', "boundary 'gpus': expected")],
)  # fmt: skip
def test_a_mark_that_is_no_limit_stops_the_session_with_its_test(pytester, mark, why):
    """Before an hour of benchmarks."""
    pytester.makepyfile(test_it=f"import pytest\n@pytest.mark.energy_max({mark})\ndef test_one(): pass")

    done = pytester.runpytest_inprocess(*ALONE)

    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines([f"ERROR: test_it.py::test_one: *{why}*"])


def test_meters_that_are_mistyped_are_told_and_no_traceback(session):
    """As everywhere: the nearest names."""
    done = session("1 J", meters="constnat")

    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*unknown meter 'constnat': did you mean 'constant'*"])
    done.stdout.no_fnmatch_line("*Traceback*")


def test_without_pytest_benchmark_the_fixture_says_what_to_install(pytester):
    """And all other tests run as ever."""
    pytester.makepyfile("def test_it(energy_benchmark): pass\ndef test_other(): pass")

    done = pytester.runpytest_inprocess(*ALONE, "-p", "no:benchmark", "--strict-markers")

    done.assert_outcomes(errors=1, passed=1)
    done.stdout.fnmatch_lines(["*pip install 'joulemark[[]pytest[]]'*"])


def test_where_it_is_not_used_nothing_is_imported_and_nothing_opened(pytester):
    """Not even what a limit on the command line would need to be judged by; no process, no numpy."""
    pytester.makepyfile(
        """
        import sys

        def test_plain():
            heavy = {"numpy", "pandas", "bench.run", "bench.sensing", "bench.files"} & set(sys.modules)
            assert "bench.pytest_plugin" in sys.modules
            assert not heavy
        """
    )

    done = pytester.runpytest_subprocess(*ALONE)

    done.assert_outcomes(passed=1)
    done.stdout.no_fnmatch_line("*energy of one call*")


BOARD = """
import time, pytest

@pytest.mark.energy_max("1 J", boundary="gpu")
def test_board(energy_benchmark):
    energy_benchmark(time.sleep, 0.02)
"""


@pytest.mark.slow
@pytest.mark.parametrize("look_ms", [100, 25], ids=["sees all of the time", "looks at a quarter of it"])
def test_a_board_s_joules_are_its_power_times_the_call(nvml_sim, tmp_path, look_ms):
    """200 W for 20 ms by a simulated board's counter, through the driver's library; it is called SIMULATED."""
    board = [f"name Simulated {look_ms}", "point 0 200", f"instant_window_ms {look_ms}", "limit_w 400"]
    (tmp_path / "test_board.py").write_text(BOARD)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *ALONE, "--benchmark-json", "b.json"], cwd=tmp_path,
        env={**os.environ, **nvml_sim.environment(board), "JOULEMARK_METERS": "nvml"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    [found] = json.loads((tmp_path / "b.json").read_text())["benchmarks"]
    [one] = found["extra_info"]["energy"]
    truth_j = 200.0 * one["busy_s"] / one["calls"]
    assert one["energy_per_call_j"] == pytest.approx(truth_j, rel=0.02)
    assert one["low_j"] <= truth_j <= one["high_j"]
    assert one["domains"] == ["gpu:0"]
    assert outcome(ran.stdout, "test_board") == "FAILED"
    assert re.search(r"^test_board .* SIMULATED +gpu +1 J OVER$", ran.stdout, flags=re.MULTILINE), ran.stdout
