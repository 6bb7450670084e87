"""`audit` on a folder that was really measured: the sealed example passes, and each edit of its files is found."""

import gzip
import hashlib
import json
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import test_audit
from fakes import FakeClock, FakeRecorder, FakeSession, spec
from typer.testing import CliRunner

from bench.cli.app import app
from bench.errors import BadInput, BrokenResults
from bench.files.store import write_run
from bench.nouns import Request, Usage, Workload
from bench.run.audit import THEMES, audit, check_name
from bench.run.publish import published
from bench.run.runner import Task, measure_group
from bench.run.tape import Clockwork
from bench.units import NS_PER_S

EXAMPLE = Path(__file__).parents[2] / "results" / "examples" / "cpu-2-threads"
# `quick` measures 20 s a cell, and a machine without sensors has nothing but a model of the host, which is wide.
HONEST_WARNINGS = {("time per cell", "warn"), ("interval", "warn"), ("precision", "warn")}


@pytest.fixture
def out(tmp_path):
    return shutil.copytree(EXAMPLE, tmp_path / "out")


@pytest.fixture(scope="module")
def example():
    """Every line on the example as it lies."""
    return audit(EXAMPLE)


def run_of(out):
    """A run among two others of its model, without anything learnt, which an edit of it would upset too."""
    shutil.rmtree(out / "coefficients")
    shutil.rmtree(out / "reports")
    first, *others = sorted((out / "runs").iterdir())
    for other in others:
        if other.name.partition("-")[0] != first.name.partition("-")[0]:
            shutil.rmtree(other)
    return first


def found(out):
    return {(x.name, x.status) for x in audit(out) if x.status in ("warn", "fail")} - HONEST_WARNINGS


def rewritten(path, change):
    """A JSON file with its value changed."""
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data, indent=1))


def resealed(folder, name, content):
    """A part with other content, under a renewed seal."""
    (folder / name).write_bytes(content)
    rewritten(folder / "run.json", lambda seal: seal["sha256"].update({name: hashlib.sha256(content).hexdigest()}))


def test_the_example_passes_but_for_three_honest_warnings(example):
    """All else is as expected: nothing fails; what is not applicable is about boards, or was not recorded yet."""
    assert {(x.name, x.status) for x in example if x.status in ("warn", "fail")} == HONEST_WARNINGS
    assert {x.name for x in example if x.status == "not applicable"} == {
        "power in bounds", "memory floor", "temperature", "temperature drift", "clock drift", "slowdown",
        "power limit kept", "foreign processes", "foreign cpu work", "witness", "sensor passport", "board read",
    }  # fmt: skip


def test_every_check_has_a_test_in_which_it_does_not_pass(example):
    """A check that no test ever saw fall short guards nothing."""
    spoilt = {name for name, _, _ in test_audit.SPOILT}
    timed = {name for expected, _ in test_audit.TIMED for name, _ in expected}
    by_hand = {"no copies", "tool version", "one setting", "seed and payload", "one run at a time", "wall clock"}
    edited = {
        "schema version", "part hashes", "readable", "run id", "finished", "coefficient runs", "coefficient key",
        "coefficients current", "page runs",
    }  # fmt: skip

    assert {x.name for x in example} == spoilt | timed | by_hand | edited


def test_a_check_is_called_as_its_function_is(example):
    """So docs and code are found by one name."""
    checks = [check for theme in THEMES for check in (*theme.of_folder, *theme.of_every, *theme.of_cells)]

    assert [check_name(check) for check in checks] == list(dict.fromkeys(x.name for x in example))


@pytest.mark.parametrize("part", ["readings.csv.gz", "outcomes.jsonl", "windows.csv"])
def test_one_flipped_byte_is_its_hash(out, part):
    """What was sealed over it still stands; the part does not."""
    path = sorted(out.glob(f"runs/*/{part}"))[0]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

    failed = [x for x in audit(out) if x.status == "fail"]
    assert [(x.name, x.where.file) for x in failed] == [("part hashes", str(path.relative_to(out)))]


def test_a_missing_part_is_said(out):
    """The seal names three parts, and two are there."""
    path = run_of(out) / "outcomes.jsonl"
    path.unlink()

    assert [(x.name, x.found) for x in audit(out) if x.status == "fail"] == [("part hashes", "missing")]


def test_another_schema_is_not_read(out):
    """Its words may mean something else."""
    rewritten(run_of(out) / "run.json", lambda seal: seal.update(schema_version=2))

    assert found(out) == {("schema version", "fail")}


def unreadable_reading(content):
    return gzip.compress(re.sub(rb"energy,[^\n]+", b"energy,nan", gzip.decompress(content), count=1))


def unreadable_window(content):
    return re.sub(rb"(work,1),(\d+),(\d+)", rb"\1,\3,\2", content)


@pytest.mark.parametrize(
    ("name", "spoil"), [("readings.csv.gz", unreadable_reading), ("windows.csv", unreadable_window)]
)
def test_what_no_joulemark_writes_is_not_readable(out, name, spoil):
    """Under a renewed seal too: NaN is no reading, and no window ends before it begins."""
    folder = run_of(out)
    resealed(folder, name, spoil((folder / name).read_bytes()))

    assert found(out) == {("readable", "fail")}


def test_a_seal_that_is_no_json_is_not_readable(out):
    """The other runs are looked at all the same."""
    (run_of(out) / "run.json").write_text("{")

    made = audit(out)
    assert {(x.name, x.status) for x in made if x.status == "fail"} == {("readable", "fail")}
    assert sum(x.name == "run id" and x.status == "pass" for x in made) == 2


def test_a_renamed_run_is_told_by_its_id(out):
    """The id is sealed; the folder's name is not."""
    folder = run_of(out)
    folder.rename(folder.with_name("20261121T999999Z-00000000"))

    assert found(out) == {("run id", "fail")}


def test_an_interrupted_run_is_told(out):
    """Nobody picks the runs that came out well without its being seen."""
    (out / "runs" / "20261121T100000Z-12345678").mkdir()

    assert found(out) == {("finished", "warn")}


def coefficients(out):
    return next(p for p in (out / "coefficients").glob("*.json") if "schema" not in p.name)


def test_coefficients_of_a_run_that_was_changed_or_is_gone_are_told(out):
    """One digit of a seal is enough."""

    def change(data):
        run = sorted(data["seals"])[0]
        data["seals"][run] = "0" + data["seals"][run][1:] if data["seals"][run][0] != "0" else "1"

    rewritten(coefficients(out), change)

    assert found(out) == {("coefficient runs", "fail")}
    shutil.rmtree(sorted((out / "runs").iterdir())[0])
    said = [x.found for x in audit(out) if x.name == "coefficient runs"]
    assert any(text.endswith("not here") for text in said)


def test_coefficients_that_cannot_be_read_are_told(out):
    """A key that no schema has."""
    rewritten(coefficients(out), lambda data: data["coefficients"][0].update(surprise=1))

    assert ("coefficient runs", "fail") in found(out)


def test_coefficients_under_another_runs_key_are_told(out):
    """A version that none of the runs was made with."""
    rewritten(coefficients(out), lambda data: data["coefficients"][0]["key"].update(engine_version="9"))

    (line,) = {x for x in audit(out) if x.status == "fail" and "T092909Z-e7831ab5" in x.found}
    assert line.name == "coefficient key"
    assert "engine_version '5.23.0', the entry says '9'" in line.found


def test_coefficients_that_a_newer_run_is_not_in_are_told(out):
    """The place is the run that is left out."""
    gone = []
    rewritten(coefficients(out), lambda data: gone.append(data["coefficients"][0]["runs"].pop()))

    made = [x for x in audit(out) if x.status != "pass" and x.name.startswith("coefficient")]
    assert [(x.name, x.status, x.where.run) for x in made] == [("coefficients current", "warn", gone[0])]


def test_a_page_whose_run_was_changed_or_is_not_shown_is_told(out):
    """The seal on the page is the run's own; a run that is not on it is missing."""
    page = out / "reports" / "report.html"
    html = page.read_text()
    run = sorted((out / "runs").iterdir())[0]
    seal = hashlib.sha256((run / "run.json").read_bytes()).hexdigest()

    page.write_text(html.replace(seal, "0" * 64))
    assert found(out) == {("page runs", "fail")}
    page.write_text(html.replace(f"runs/{run.name}/", f"ruins/{run.name}/"))
    assert found(out) == {("page runs", "warn")}


def measured(out):
    """Two cells of one model by the real runner, on a clock and a counter that are not real."""
    clock = FakeClock()
    session = FakeSession(clock)
    began = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
    time_ = Clockwork(
        clock_ns=clock.clock_ns, sleep=clock.sleep, utc=lambda: began + timedelta(seconds=clock.now_ns / NS_PER_S)
    )
    asked = Usage(requests=1, prompt_tokens=32, output_tokens=8)
    workload = Workload(name="q", family="causal-lm", requests=(Request(id="q", token_ids=(1,), asked=asked),))
    tasks = [
        Task(spec=spec(workload=name, window_s=10.0), workload=workload, run_id=name)
        for name in ("prompt-32-8", "prompt-32-64")
    ]
    for run in measure_group(tasks, session.loading, FakeRecorder(clock, session), {}, time_=time_):
        write_run(out, run, published(run), "0")


def test_the_runner_keeps_the_rules_that_it_is_audited_by(tmp_path):
    """What falls short of a run of fakes is what is fake in it, and what 20 s a cell leave open."""
    measured(tmp_path)

    short = {x.name for x in audit(tmp_path) if x.status in ("warn", "fail")}
    assert short == {
        "declared", "settings recorded", "no test doubles",  # a machine that is not there, a pretend engine
        "workload as shipped",  # zeros for a sha256
        "temperature", "temperature drift", "clock drift", "slowdown", "power limit kept", "foreign processes",
        "sensor passport",  # of two fields one is read
        "time per cell",
    }  # fmt: skip


def test_nothing_to_audit_is_an_error(tmp_path):
    """An empty folder is not a good one."""
    with pytest.raises(BrokenResults, match="so nothing to audit"):
        audit(tmp_path)
    with pytest.raises(BadInput, match="no such folder"):
        audit(tmp_path / "nowhere")


def test_the_table_has_one_row_for_what_passes_everywhere(monkeypatch):
    """Eleven runs that pass are one row; a warning in each of them is one row too."""
    monkeypatch.setenv("COLUMNS", "120")
    done = CliRunner().invoke(app, ["audit", str(EXAMPLE)])
    rows = done.stdout.splitlines()

    assert done.exit_code == 0
    assert re.fullmatch(r"✓  part hashes +each part there, as it was sealed +as sealed +11 of 11 runs", rows[2])
    assert sum(row.startswith("~  interval") for row in rows) == 1
    assert max(map(len, rows)) <= 120
    assert rows[-1].startswith(
        "63 checks: 48 pass, 3 warn (time per cell, interval, precision), 0 fail, 12 not applicable"
    )


def test_the_table_shows_each_place_that_fails(out):
    """Two void runs are two rows, and nine others are one; the command says so by its exit code."""
    folders = sorted((out / "runs").iterdir())[:2]
    verdict = {"name": "throttled", "level": "void", "domain": "host", "evidence": "hot", "remedy": "cool"}
    for folder in folders:
        rewritten(folder / "run.json", lambda seal: seal.update(verdicts=[verdict]))
    done = CliRunner().invoke(app, ["audit", str(out)])
    rows = [row for row in done.stdout.splitlines() if "verdicts" in row]

    assert done.exit_code == 1
    assert [row[0] for row in rows[:3]] == ["✗", "✗", "✓"]
    assert "9 of 11 runs" in rows[2]


def test_json_is_one_object_with_every_line(example):
    """A script finds what people see, and the places of all that passes."""
    done = CliRunner().invoke(app, ["audit", str(EXAMPLE), "--json"])
    data = json.loads(done.stdout)

    assert data["schema_version"] == 1
    assert set(data["checks"][0]) == {"name", "status", "expected", "found", "where"}
    assert set(data["checks"][0]["where"]) == {"file", "run", "window", "domain"}
    assert len(data["checks"]) == len(example)
