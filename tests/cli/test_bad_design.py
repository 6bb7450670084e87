"""Runs that no figure may rest on together: each is refused or kept apart, with why and a line that helps."""

import json
import re
import shlex
from dataclasses import dataclass, replace

import pytest
from comparison_demo import PROFILE
from fakes import GPU, LOADED, FakeClock, FakeRecorder, FakeSession, spec
from typer.testing import CliRunner

from bench.cli.app import app
from bench.errors import BadInput, BrokenResults
from bench.files.cells import parse_cell
from bench.files.store import write_run
from bench.nouns import Request, Usage, Verdict, Workload
from bench.run.publish import published
from bench.run.runner import Task, measure_group
from bench.run.tape import Clockwork

CPU = replace(GPU, domain="cpu-package:0", boundary="cpu", device="cpu-0", device_name="Fake CPU")
STEAL = Verdict(
    name="steal time", level="void", domain=None, evidence="12 % of a work window", remedy="use another machine"
)
COMMANDS = ("fit", "report", "next", "attribute", "export")


@dataclass
class Both(FakeRecorder):
    """A recorder whose CPU package draws what the board does."""

    def collect(self):
        seen = super().collect()
        return sorted((*seen, *(replace(one, domain=CPU.domain) for one in seen)), key=lambda one: one.t_ns)


def sealed(
    out,
    minute,
    prompt=32,
    output=8,
    *,
    sources=(GPU,),
    verdicts=(),
    hardware="fake-machine",
    asked_for=None,
    **made,
):
    """A run of the echo engine: a prompt's tokens take a millisecond each, those of its answer ten."""
    clock = FakeClock()
    loaded = replace(LOADED, **made)
    session = FakeSession(clock, batch_s=0.05 + 0.001 * prompt + 0.01 * output, loaded=loaded)
    kind = Both if len(sources) > 1 else FakeRecorder
    recorder = kind(clock, session, busy_w=400.0 + minute, sources=sources)  # no two runs of the same readings
    asked = spec(f"prompt-{prompt}-{output}", window_s=1.0, idle_s=1.0, warmup_s=0.0)
    cell = replace(asked.cell, precision=loaded.precision)
    asked = replace(asked, cell=cell, weights=loaded.weights, hardware=hardware, **(asked_for or {}))
    usage = Usage(requests=1, prompt_tokens=prompt, output_tokens=output)
    workload = Workload(
        name=cell.workload, family="causal-lm", requests=(Request(id="q", token_ids=(1,), asked=usage),)
    )
    run_id = f"20261121T10{minute:02d}00Z-0000{minute:04d}"
    time_ = Clockwork(clock_ns=clock.clock_ns, sleep=clock.sleep)
    task = Task(spec=asked, workload=workload, run_id=run_id)
    run = next(iter(measure_group([task], session.loading, recorder, {}, time_=time_)))
    run = replace(run, started_at=f"2026-11-21T10:{minute:02d}:00Z")
    figures = published(run)
    write_run(out, run, replace(figures, verdicts=(*figures.verdicts, *verdicts)), "0")
    (out / "profiles").mkdir(exist_ok=True)
    (out / "profiles" / f"{hardware}.toml").write_text(PROFILE)
    return run_id


def joulemark(*arguments):
    """The exit code, what was read in text (one line, stdout and stderr), and the JSON of the same."""
    told = CliRunner().invoke(app, list(map(str, arguments)))
    as_json = CliRunner().invoke(app, [*map(str, arguments), "--json"])
    assert "Traceback" not in told.output, told.output
    return told.exit_code, told.output, json.loads(as_json.stdout)


def lines_in(text):
    """The lines to type, as a shell would read them."""
    joined = re.sub(r" *\\\n *", " ", text)
    return [line.strip() for line in joined.splitlines() if line.startswith("    joulemark ")]


def plain(text):
    return " ".join(re.sub(r" *\\\n", " ", text).split())


def is_typed(line, out):
    """A line of `run` names cells that parse and can be planned, and measures into OUT."""
    words = shlex.split(line)
    assert words[:2] == ["joulemark", "run"], line
    assert words[words.index("--out") + 1] == str(out)
    cells = [word for word in words[2:] if "/" in word and word != str(out)]
    assert cells
    assert all(str(parse_cell(cell)) == cell for cell in cells)
    planned = [word for word in words[2:] if word != "--fresh"]
    done = CliRunner().invoke(app, ["plan", *planned])
    assert done.exit_code in (0, 3), done.output  # 3: this machine holds no such model
    return cells


def work_terms(data):
    return [set(one["terms"]) - {"idle_bare", "idle_resident", "load"} for one in data["coefficients"]]


CELL = "echo/mistral-160m:fp32"


def test_too_few_runs_name_the_cell_that_helps(tmp_path):
    """One shape holds its terms together; the cell that parts them is named in full, and typed by `next`."""
    sealed(tmp_path, 1)
    _, text, data = joulemark("fit", tmp_path)
    _, told, advice = joulemark("next", tmp_path)

    assert work_terms(data) == [{"output_token"}]
    why = data["coefficients"][0]["not_identified"]["prompt_token"]
    named = why.rpartition("; add ")[2]
    assert str(parse_cell(named)) == named
    assert named.startswith(f"{CELL}/prompt-")
    assert why in plain(text)
    assert why in plain(told)
    [entry] = advice["entries"]
    assert entry["helps"]["prompt_token"] == [named]
    assert lines_in(told) == entry["commands"]
    assert named in is_typed(entry["commands"][0], tmp_path)


def test_a_design_that_moves_together_is_refused_with_the_cell_that_parts_it(tmp_path):
    """Two shapes of one proportion tell no more than one."""
    sealed(tmp_path, 1, 32, 8)
    sealed(tmp_path, 2, 64, 16)
    sealed(tmp_path, 3, 256, 64)
    _, text, data = joulemark("fit", tmp_path)

    [entry] = data["coefficients"]
    assert "prompt_token" not in entry["terms"]
    assert "moves together with output_token" in entry["not_identified"]["prompt_token"]
    assert f"add {CELL}/prompt-" in entry["not_identified"]["prompt_token"]
    assert f"add {CELL}/prompt-" in plain(text)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({"engine_version": "2"}, ("engine version 1", "engine version 2")),
        ({"weights": "pretrained"}, ("synthetic weights", "pretrained weights")),
        ({"hardware": "elsewhere"}, ("on fake-machine", "on elsewhere")),
        ({"device_name": "Other"}, ("device Fake", "device Other")),
        ({"facts": {"threads": 2}}, ("2 threads", "unknown threads")),
        ({"parameters": 7}, ("7 parameters", f"{LOADED.parameters or 'unknown'} parameters")),
    ],
    ids=["engine version", "weights", "machine", "board", "threads", "parameters"],
)
def test_two_makes_of_one_model_are_never_averaged(tmp_path, made, said):
    """An entry each, the difference in words everywhere, and the line that measures what the newest lacks."""
    sealed(tmp_path, 1, 32, 8, **made)
    sealed(tmp_path, 2, 32, 64, **made)
    sealed(tmp_path, 3, 32, 8)
    told = {name: joulemark(name, tmp_path) for name in (COMMANDS if "engine_version" in made else COMMANDS[:1])}

    if "device_name" not in made:  # a board is told by its profile
        assert sorted(len(one["runs"]) for one in told["fit"][2]["coefficients"]) == [1, 2]
    for name, (_, text, data) in told.items():
        if name == "attribute":  # run by run: none is averaged with any
            assert all(one["run_id"] for one in data["runs"])
            continue
        [one] = data["kept_apart"]
        assert one["of"] == CELL
        assert all(part in one["why"] for part in ("never averaged together", *said)), name
        assert plain(one["why"]) in plain(text), name
        assert is_typed(one["helps"][0], tmp_path) == [f"{CELL}/prompt-32-64"]
        assert set(one["helps"]) <= set(lines_in(text)), name


def test_each_checkpoint_has_an_entry_and_a_line_of_its_own(tmp_path):
    """`next` types the path of the entry that a line is for; `fit` says which weights an entry is of."""
    shapes = ((32, 8), (256, 8), (32, 64), (256, 64))
    for at, path in enumerate(("full", "pruned")):
        for minute, (prompt, output) in enumerate(shapes, 1 + at * len(shapes)):
            asked_for = {"weights_path": path}
            sealed(tmp_path, minute, prompt, output, weights="pretrained", asked_for=asked_for)
    _, text, data = joulemark("fit", tmp_path)

    assert {one["key"]["weights_path"]: len(one["runs"]) for one in data["coefficients"]} == {
        "full": 4,
        "pruned": 4,
    }
    assert all(f"weights from {path}" in plain(text) for path in ("full", "pruned"))
    [apart] = data["kept_apart"]
    assert "4 runs: weights path full; 4 runs: weights path pruned" in apart["why"]
    _, text, data = joulemark("next", tmp_path)
    assert {one["key"]["weights_path"] for one in data["entries"]} == {"full", "pruned"}
    for one in data["entries"]:
        assert all(f"--weights-path {one['key']['weights_path']}" in line for line in one["commands"])
        assert f"weights from {one['key']['weights_path']}" in plain(text) or not one["commands"]


def test_precisions_have_an_entry_each_and_a_comparison_is_named(tmp_path):
    """The line that is named works as it stands."""
    for minute, precision in enumerate(("fp32", "bf16", "fp32", "bf16", "fp32", "bf16")):
        sealed(tmp_path, minute, precision=precision)
    _, text, data = joulemark("fit", tmp_path)

    assert sorted(one["key"]["precision"] for one in data["coefficients"]) == ["bf16", "fp32"]
    [one] = data["kept_apart"]
    assert "3 runs: fp32; 3 runs: bf16; an entry each, never averaged together" in one["why"]
    assert lines_in(text) == one["helps"]
    done = CliRunner().invoke(app, shlex.split(one["helps"][0])[1:])
    assert done.exit_code == 0, done.output
    assert "fp32 ÷ bf16" in done.output


def test_boundaries_are_never_added(tmp_path):
    """A run that a second sensor read, and one that it did not."""
    sealed(tmp_path, 1, sources=(GPU, CPU))
    sealed(tmp_path, 2, 32, 64)
    _, text, data = joulemark("fit", tmp_path)

    assert {one["boundary"]: len(one["runs"]) for one in data["coefficients"]} == {"gpu": 2, "cpu": 1}
    [one] = data["kept_apart"]
    assert "cpu measured in 1 of 2 runs; gpu measured in 2 of 2 runs" in one["why"]
    assert "never added or averaged together" in plain(text)
    assert is_typed(one["helps"][0], tmp_path) == [f"{CELL}/prompt-32-64"]
    assert "--fresh" in one["helps"][0]


def test_a_void_run_is_in_no_figure_and_its_cell_is_typed_again(tmp_path):
    """Its verdict, its remedy and its cell are said by every command."""
    void = sealed(tmp_path, 1, verdicts=(STEAL,))
    sealed(tmp_path, 2, 32, 64)
    for name in COMMANDS:
        _, text, data = joulemark(name, tmp_path)
        if name == "attribute":
            one = next(run for run in data["runs"] if run["run_id"] == void)
            assert one["windows"] == []
            assert "steal time: 12 % of a work window" in plain(text)
        else:
            [one] = data["kept_apart"]
            assert "12 % of a work window" in one["why"]
            assert "use another machine" in plain(text)
            assert "steal time" in plain(text)
        assert is_typed(one["helps"][0], tmp_path) == [f"{CELL}/prompt-32-8"]
        assert set(one["helps"]) <= set(lines_in(text)), name
        if name == "fit":
            assert [one["runs"] for one in data["coefficients"]] == [
                [run for run in runs(tmp_path) if run != void]
            ]


def runs(out):
    return sorted(path.name for path in (out / "runs").iterdir())


def test_a_void_cell_that_was_measured_again_needs_no_line(tmp_path):
    sealed(tmp_path, 1, verdicts=(STEAL,))
    sealed(tmp_path, 2)
    _, text, data = joulemark("fit", tmp_path)

    [one] = data["kept_apart"]
    assert one["helps"] == []
    assert "has a sound run too" in plain(text)


def test_where_all_is_void_nothing_is_fitted_and_the_cells_are_named(tmp_path):
    sealed(tmp_path, 1, verdicts=(STEAL,))
    code, text, data = joulemark("fit", tmp_path)

    assert code == 1
    assert work_terms(data) == [set()]
    assert "no coefficient" in text
    assert f"measure {CELL}/prompt-32-8 again" in data["coefficients"][0]["not_identified"]["idle_resident"]
    assert is_typed(lines_in(text)[0], tmp_path) == [f"{CELL}/prompt-32-8"]


def test_requests_whose_terms_are_not_known_have_no_account_and_a_line(tmp_path):
    """`next` is named, and says what to run."""
    sealed(tmp_path, 1)
    code, text, data = joulemark("attribute", tmp_path)

    assert code == 1
    assert "its terms are not known" in plain(text)
    assert lines_in(text) == [shlex.join(["joulemark", "next", str(tmp_path)])]
    assert data["runs"][0]["helps"] == lines_in(text)
    assert CliRunner().invoke(app, shlex.split(lines_in(text)[0])[1:]).exit_code == 0


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({"hardware": "elsewhere"}, "a ratio of two machines"),
        ({"weights": "pretrained"}, "power can differ with the data"),
    ],
    ids=["machine", "weights"],
)
def test_a_comparison_of_two_conditions_is_refused_with_the_one_that_works(tmp_path, made, said):
    for minute in (1, 2, 3):
        sealed(tmp_path, minute)
        sealed(tmp_path, 10 + minute, precision="bf16", **made)
    of = f"{tmp_path}::echo/mistral-160m"
    done = CliRunner().invoke(app, ["compare", f"{of}:fp32", f"{of}:bf16", "--out", str(tmp_path / "c")])

    assert isinstance(done.exception, BadInput)
    assert said in str(done.exception)
    assert "`joulemark compare echo/mistral-160m:fp32 echo/mistral-160m:bf16 --on prompt-32-8`" in str(
        done.exception
    )


def test_a_candidate_whose_runs_are_all_void_is_not_compared(tmp_path):
    """The first void is said, and where to read the others."""
    for minute in (1, 2, 3):
        sealed(tmp_path, minute)
        sealed(tmp_path, 10 + minute, precision="bf16", verdicts=(STEAL,))
    of = f"{tmp_path}::echo/mistral-160m"
    done = CliRunner().invoke(app, ["compare", f"{of}:fp32", f"{of}:bf16", "--out", str(tmp_path / "c")])

    assert isinstance(done.exception, BrokenResults)
    assert "no run of bf16 can be compared" in str(done.exception)
    assert "void: steal time: 12 % of a work window" in str(done.exception)
    assert f"`joulemark audit {tmp_path}`" in str(done.exception)


def test_folders_without_common_work_are_refused_with_a_line_that_measures_it(tmp_path):
    sealed(tmp_path / "a", 1)
    sealed(tmp_path / "b", 2, 32, 64, precision="bf16")
    done = CliRunner().invoke(app, ["compare", str(tmp_path / "a"), str(tmp_path / "b"), "--out", str(tmp_path)])

    assert isinstance(done.exception, BadInput)
    assert "a ratio needs the same work" in str(done.exception)
    line = "joulemark compare echo/mistral-160m:fp32 echo/mistral-160m:bf16 --on prompt-32-8"
    assert str(done.exception).endswith(line)


def test_versions_of_one_candidate_are_never_averaged_in_a_comparison(tmp_path):
    """The older version's rounds are set apart, and what would bring them back is said."""
    for minute in (1, 2, 3, 4):
        version = "1" if minute < 2 else "2"
        sealed(tmp_path, minute, engine_version=version)
        sealed(tmp_path, 10 + minute, precision="bf16", engine_version="2")
    of = f"{tmp_path}::echo/mistral-160m"
    done = CliRunner().invoke(app, ["compare", f"{of}:fp32", f"{of}:bf16", "--out", str(tmp_path / "c"), "--json"])

    [apart] = json.loads(done.stdout)["comparison"]["set_apart"]
    assert "engine version 1, others 2" in apart
    assert "never averaged" in apart
    assert "--fresh" in apart
