"""Tidy frames of a result folder: void is never a number, ids join, dtypes never change."""

import re
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from fakes import GPU, HOST, outcome, seconds
from frames_demo import by_domain, made, sealed

import bench
from bench.errors import CannotRun
from bench.files.frames.columns import PANDAS
from bench.files.frames.tables import TABLES
from bench.files.store import MeteredRecord, Published, write_metered, write_run
from bench.nouns import Times, Usage, Verdict
from bench.run.publish import published

pytest.importorskip("pandas", reason="pandas is not installed: pip install 'joulemark[frames]'")

ROOT = Path(__file__).resolve().parents[2]


EXAMPLE = ROOT / "results" / "examples" / "cpu-2-threads"


LOADS = ROOT / "results" / "simulated" / "servers"


def test_a_window_s_energy_is_one_row_a_domain(tmp_path):
    """100 W over the window's span, with its interval; the host's row says that and why it is excluded."""
    sealed(tmp_path)

    found = by_domain(bench.read_results(tmp_path).windows)

    gpu, host = found["gpu:0"], found["host"]
    assert gpu.energy_j == pytest.approx(100.0 * gpu.span_s, rel=1e-3)
    assert gpu.low_j < gpu.energy_j < gpu.high_j
    assert gpu.power_w == pytest.approx(100.0, rel=1e-3)
    assert (gpu.basis, gpu.boundary, gpu.verdict) == ("measured", "gpu", "sound")
    assert (host.basis, host.verdict, host.reason) == ("excluded", "excluded", "no /proc here")
    assert host.energy_j != host.energy_j  # NaN


def test_a_run_says_which_weights_and_how_many_threads(tmp_path):
    """Two checkpoints of one cell would else be one row twice."""
    run = made()
    asked = replace(run.spec, weights_path="pruned")
    run = replace(run, spec=asked, loaded=replace(run.loaded, facts={"threads": 2}))
    write_run(tmp_path, run, published(run), "0")
    [row] = bench.read_results(tmp_path).runs.itertuples()

    assert (row.weights_path, row.threads) == ("pruned", 2)


def test_what_a_verdict_voids_is_no_number(tmp_path):
    """The sealed energy of a void domain is NaN with the verdict as its reason, and its parts are not listed."""
    sealed(tmp_path, Verdict(name="throttled", level="void", domain="gpu:0", evidence="hot", remedy="cool it"))

    results = bench.read_results(tmp_path)

    gpu = by_domain(results.windows)["gpu:0"]
    numbers = results.windows[results.windows.domain == "gpu:0"][
        ["energy_j", "low_j", "high_j", "power_w", "witness_j"]
    ]
    assert numbers.isna().all(axis=None)
    assert (gpu.verdict, gpu.reason) == ("void", "throttled: hot")
    assert len(results.components) == 0
    assert results.runs.verdict.tolist() == ["void"]
    assert results.runs.reason.tolist() == ["throttled: hot"]


def test_a_flag_leaves_the_number_and_stands_beside_it(tmp_path):
    """A flag of every domain is in the rows of each that has a number."""
    sealed(tmp_path, Verdict(name="hot", level="flag", domain=None, evidence="80 °C", remedy="wait"))

    results = bench.read_results(tmp_path)

    gpu = by_domain(results.windows)["gpu:0"]
    assert gpu.verdict == "flag"
    assert gpu.energy_j > 0
    assert "hot: 80 °C" in gpu.flags
    assert results.runs.verdict.tolist() == ["flag"]
    assert results.verdicts.name.tolist() == ["hot"]


def test_joules_a_token_come_of_one_join(tmp_path):
    """Windows and work share run, phase and label: what was achieved divides what was taken."""
    sealed(tmp_path)
    results = bench.read_results(tmp_path)

    joined = results.windows.merge(results.work, on=["run_id", "phase", "label"], suffixes=("", "_window"))
    work = joined[(joined.phase == "work") & (joined.domain == "gpu:0")]

    assert len(joined) == len(results.windows)
    assert work.output_tokens.tolist() == [8]
    assert (work.energy_j / work.output_tokens).tolist() == pytest.approx([25.0], rel=0.1)
    assert results.work.duration_s.tolist() == pytest.approx([0.5, 2.0])


@pytest.mark.parametrize("folder", [EXAMPLE, LOADS], ids=["engines in process", "servers"])
def test_keys_tell_rows_apart_and_ids_join(folder):
    """In sealed results no two rows share a key, and no row tells of a run or a fit that has no row."""
    results = bench.read_results(folder)
    frames = dict(results)

    for table in TABLES:
        frame = frames[table.name]
        assert not frame.duplicated(list(table.key)).any(), table.name
        if "run_id" in frame:
            assert set(frame.run_id) <= set(results.runs.run_id), table.name
        if "fit_id" in frame:
            assert set(frame.fit_id) <= set(results.fits.fit_id), table.name
    assert len(results.coefficients) > 40
    assert set(results.coefficients.basis.dropna()) <= {"measured", "modelled"}
    assert (results.coefficients.value.isna() == results.coefficients.reason.notna()).all()


def test_a_simulated_board_is_called_a_double_wherever_it_has_figures():
    """Its basis says measured; the column beside it says that no sensor stands behind it."""
    results = bench.read_results(LOADS)

    gpu = results.windows[results.windows.boundary == "gpu"]
    assert gpu.test_double.all()
    assert gpu.device_name.str.contains("SIMULATED").all()
    assert results.coefficients.test_double.all()
    assert results.curves.test_double.all()


def test_columns_and_dtypes_are_those_of_an_empty_folder(tmp_path):
    """What a script selects is there before the first run, of the type that it will have after it."""
    empty, full = bench.read_results(tmp_path), bench.read_results(LOADS)

    for (name, frame), (_, other), table in zip(empty, full, TABLES, strict=True):
        assert name == table.name
        assert len(frame) == 0
        assert frame.dtypes.equals(other.dtypes), name
        assert {c.name: str(frame[c.name].dtype) for c in table.columns} == {
            c.name: PANDAS[c.kind] for c in table.columns
        }


def test_a_name_ends_in_its_unit():
    """A column of joules, watts or seconds says so."""
    ends = {"J": "_j", "W": "_w", "s": "_s", "ns": "_ns", "1/s": "_per_s"}

    wrong = [
        (table.name, column.name)
        for table in TABLES
        for column in table.columns
        if column.unit in ends and not column.name.endswith(ends[column.unit])
    ]
    assert wrong == []


def test_a_request_has_the_times_of_its_run(tmp_path):
    """From the moment meant: the mean over the answered requests is the sealed one; failed ones have none."""
    asked = replace(
        outcome(1.6, 3.0, output_tokens=3), due_ns=seconds(1.5), sent_ns=seconds(1.7),
        first_output_ns=seconds(2.0), output_ns=(seconds(2.0), seconds(2.2), seconds(3.0)),
    )  # fmt: skip
    failed = replace(asked, error="429", cause="busy", achieved=Usage())
    run = replace(made(), outcomes=(asked, failed))
    figures = published(run)
    write_run(tmp_path, run, figures, "0")

    results = bench.read_results(tmp_path)

    one, other = results.requests.itertuples()
    sealed_s = {name: times.mean_s for name, times in figures.times.items()}
    for name in ("send_lag_s", "send_s", "ttft_s", "tpot_s", "e2e_s"):
        assert getattr(one, name) == pytest.approx(sealed_s[name]), name
    assert one.tpot_s == pytest.approx(0.5)
    assert other.ttft_s != other.ttft_s
    assert (other.cause, other.phase, other.label) == ("busy", "work", "1")


def test_quantiles_that_few_requests_tell_are_missing_with_the_reason(tmp_path):
    """None of them is 0."""
    figures = Published(
        energies=(), verdicts=(),
        times={"ttft_s": Times(count=50, mean_s=0.1, least_s=0.05, most_s=0.3, quantiles_s={"p50_s": 0.09})},
    )  # fmt: skip
    write_run(tmp_path, made(), figures, "0")

    [row] = bench.read_results(tmp_path).latencies.itertuples()
    assert (row.quantity, row.count, row.p50_s) == ("ttft", 50, 0.09)
    assert row.p99_s != row.p99_s
    assert row.reason == "too few requests tell p90, p95, p99"


def test_a_metered_command_is_a_run_without_a_model(tmp_path):
    """Of a declared power: its window is flagged, and so is it."""
    run = made()
    flagged = replace(published(run).energies[-1], flags=("a test double: 100 W by declaration",), phase="work")
    double = replace(HOST, meter="constant")
    record = MeteredRecord(
        id="m1", started_at=run.started_at, environment={}, sources=(GPU, double), trace=run.trace,
        energies=(replace(flagged, energy_j=1.0, low_j=1.0, high_j=1.0, basis="modelled", reasons=()),),
    )  # fmt: skip
    write_metered(tmp_path, record, "0")

    results = bench.read_results(tmp_path)

    [row] = results.runs.itertuples()
    assert (row.kind, row.verdict, row.test_double) == ("meter", "flag", True)
    assert results.runs.model.isna().all()
    assert str(row.started_at) == "2026-11-21 00:00:00+00:00"
    assert results.windows.verdict.tolist() == ["flag"]
    assert results.windows.test_double.tolist() == [True]


def test_it_shows_itself_in_one_line(tmp_path):
    """Not as eighteen frames."""
    assert repr(bench.read_results(tmp_path)).startswith(f"Results({str(tmp_path)!r}: rows of runs 0, windows 0")


def test_importing_bench_loads_no_pandas():
    """Only reading does."""
    code = "import sys, bench; sys.exit(' '.join({'pandas', 'numpy', 'bench.files'} & set(sys.modules)) or 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_without_pandas_it_says_what_to_install(tmp_path, monkeypatch):
    """Nobody has to find the extra's name."""
    monkeypatch.setitem(sys.modules, "pandas", None)

    with pytest.raises(CannotRun, match=r"joulemark\[frames\]"):
        bench.read_results(tmp_path)


def test_the_how_to_page_s_code_runs_and_prints_what_it_says(capsys, monkeypatch):
    """Its Python, block by block, from a checkout."""
    monkeypatch.chdir(ROOT)
    page = (ROOT / "docs" / "how-to" / "pandas.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```(python)?\n(.*?)```", page, flags=re.DOTALL)
    names = {}

    for (kind, code), (_, shown) in pairwise(blocks):
        if kind == "python":
            exec(code, names)
            printed = capsys.readouterr().out
            if shown.startswith("Results("):
                assert printed == shown
    assert "lost" in names
