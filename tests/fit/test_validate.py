import csv
import json
import math
import random

import pytest
from fit.measured_csv import MODELS, OUTCOMES, rows, write
from typer.testing import CliRunner

from bench.cli.app import app
from bench.errors import BadInput, UnknownName
from bench.files.measured_rows import read_measured, scope_of
from bench.files.prior_file import read_prior
from bench.fit.validate import cluster_quantile
from bench.fit.validated import band_of
from bench.run.validating import validate_file


def figures(found):
    return [None if one.priced is None else (one.priced.method, *one.priced.energy_j) for one in found.judged]


def whole(found):
    return next(group for group in found.groups if group.batch_band == "all")


@pytest.mark.parametrize("leave_out", [None, "model", "task", "source"])
def test_no_column_but_the_inputs_moves_an_estimate(tmp_path, leave_out) -> None:
    table = rows()
    shuffled = [dict(row) for row in table]
    for name in OUTCOMES:
        values = [row[name] for row in shuffled]
        random.Random(1).shuffle(values)
        for row, value in zip(shuffled, values, strict=True):
            row[name] = value
    one = validate_file(write(tmp_path / "a.csv", table), leave_out)
    other = validate_file(write(tmp_path / "b.csv", shuffled), leave_out)
    assert figures(one) == figures(other)


def test_without_leaving_out_the_truth_moves_nothing_either(tmp_path) -> None:
    table = rows()
    doubled = [{**row, "energy_j_per_request": str(2 * float(row["energy_j_per_request"]))} for row in table]
    one, other = (validate_file(write(tmp_path / f"{i}.csv", t)) for i, t in enumerate((table, doubled)))
    assert figures(one) == figures(other)


@pytest.mark.parametrize(("leave_out", "column"), [("model", "model"), ("task", "task")])
def test_a_poisoned_truth_moves_no_estimate_of_its_own(tmp_path, leave_out, column) -> None:
    table = rows()
    value = table[0][column]
    poisoned = [{**row, "energy_j_per_request": "1e9"} if row[column] == value else row for row in table]
    one, other = (
        validate_file(write(tmp_path / f"{i}.csv", t), leave_out) for i, t in enumerate((table, poisoned))
    )
    own = [i for i, row in enumerate(table) if row[column] == value]
    assert [figures(one)[i] for i in own] == [figures(other)[i] for i in own]
    assert figures(one) != figures(other)  # the others do learn from it


def test_learning_from_other_models_finds_the_machine(tmp_path) -> None:
    path = write(tmp_path / "a.csv", rows(factor=1.8))
    blind, learnt = whole(validate_file(path)), whole(validate_file(path, "model"))
    assert blind.scores.median_ape > 0.3 > 0.1 > learnt.scores.median_ape
    assert learnt.methods == {"same machine": learnt.n}
    assert 0.8 <= learnt.coverage_90 <= 1.0


def test_learning_from_other_tasks_uses_the_measured_cell(tmp_path) -> None:
    path = write(tmp_path / "a.csv", rows(batches=(1,), factor=1.8))
    found = whole(validate_file(path, "task"))
    assert found.methods.get("measured cell", 0) > found.n / 2
    assert found.scores.median_ape < 0.15


def test_one_model_calibrates_a_machine_and_is_not_judged_itself(tmp_path) -> None:
    path = write(tmp_path / "a.csv", rows(factor=1.8))
    found = validate_file(path, calibrate_on=MODELS[0])
    assert found.rows == len(rows())
    assert whole(found).n == len(rows()) * (len(MODELS) - 1) // len(MODELS)
    assert whole(found).scores.median_ape < 0.15
    assert figures(validate_file(path, calibrate_on="llama3.1:8b")) == figures(found)
    with pytest.raises(UnknownName, match="Qwen3-14B"):
        validate_file(path, calibrate_on="qwen3")
    with pytest.raises(BadInput, match="one at a time"):
        validate_file(path, "model", MODELS[0])


def test_rows_of_a_source_that_fed_the_prior_are_in_sample(tmp_path) -> None:
    table = rows(source="argonne-llm-inference-bench")
    path = write(tmp_path / "a.csv", table)
    assert whole(validate_file(path)).in_sample
    assert not whole(validate_file(path, "source")).in_sample
    assert not whole(validate_file(write(tmp_path / "b.csv", rows()))).in_sample
    assert figures(validate_file(path)) != figures(validate_file(path, "source"))


def test_rows_without_scope_or_truth_are_refused_and_counted(tmp_path) -> None:
    table = rows()
    table[0]["energy_scope"] = "CPU package"
    table[1]["energy_j_per_request"] = ""
    table[2]["output_tokens"] = ""
    table[3]["model"] = "a model of unknown size"
    found = validate_file(write(tmp_path / "a.csv", table))
    assert sum(group.refused for group in found.groups if group.batch_band == "all") == 4
    assert sum(group.n for group in found.groups if group.batch_band == "all") == len(table) - 4


@pytest.mark.parametrize(
    ("text", "scope"),
    [
        ("machine at the wall", "wall"),
        ("CodeCarbon machine mode (CPU+GPU+RAM estimate)", "machine"),
        ("GPU, no CPU/DRAM", "gpu"),
        ("all serving GPUs (NVML)", "gpu"),
        ("CPU package", None),
    ],
)
def test_the_scope_is_the_widest_that_is_named(text, scope) -> None:
    assert scope_of(text) == scope


def test_energy_a_token_stands_in_for_energy_a_request(tmp_path) -> None:
    table = [{**row, "energy_j_per_request": ""} for row in rows()[:2]]
    for row in table:
        row["energy_j_per_output_token"] = "0.5"
    found = read_measured(write(tmp_path / "a.csv", table))
    assert found[0].energy_j == 0.5 * float(table[0]["output_tokens"])


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("output_tokens", "many", "needed is a number"),
        ("batch_or_concurrency", "-1", "from 0 to"),
        ("energy_j_per_request", "nan", "finite"),
    ],
)
def test_a_wrong_figure_is_named_with_its_line(tmp_path, name, value, said) -> None:
    table = rows()
    table[4][name] = value
    with pytest.raises(BadInput, match=said) as caught:
        validate_file(write(tmp_path / "a.csv", table))
    assert ":6:" in str(caught.value)


def test_cells_may_hold_commas_and_lines(tmp_path) -> None:
    table = rows()
    table[0]["notes"] = 'two\nlines, and a "quote"'
    plain, quoted = rows(), table
    one, other = (validate_file(write(tmp_path / f"{i}.csv", t)) for i, t in enumerate((plain, quoted)))
    assert figures(one) == figures(other)


def test_what_is_no_table_is_said_so(tmp_path) -> None:
    path = write(tmp_path / "a.csv", rows())
    path.write_bytes(path.read_bytes() + b'"' + b"x" * 200_000)
    with pytest.raises(BadInput, match="not CSV"):
        validate_file(path)
    with pytest.raises(BadInput, match="cannot be read"):
        validate_file(tmp_path / "nowhere.csv")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(BadInput, match="no column"):
        validate_file(tmp_path / "empty.csv")


def test_a_table_of_another_delimiter_says_what_is_needed(tmp_path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("source;model;gpu\na;b;c\n", encoding="utf-8")
    with pytest.raises(BadInput, match="comma-separated"):
        validate_file(path)


def test_columns_that_are_absent_are_filled_in(tmp_path) -> None:
    keep = ("source", "model", "gpu", "output_tokens", "energy_j_per_request", "energy_scope")
    table = [{name: row[name] for name in keep} for row in rows()[:9]]
    found = validate_file(write(tmp_path / "a.csv", table))
    assert whole(found).n == 9
    assert all(one.row.job.batch_doubt > 1 and one.row.job.prompt_doubt > 0 for one in found.judged)
    assert whole(found).batch_band == "all"


def test_the_prior_of_a_row_knows_no_source_that_holds_its_model(tmp_path) -> None:
    held, other = "argonne-llm-inference-bench", "mlperf-inference-v4.1"
    table = [{**row, "source": held if i % 2 else other} for i, row in enumerate(rows(batches=(1,))[:3])]
    found = validate_file(write(tmp_path / "a.csv", table), "model")  # one model: nothing is left in but the prior
    assert {one.priced.method for one in found.judged} == {"prior"}
    assert not any(name in one.priced.rests_on for one in found.judged for name in (held, other))


def test_a_machine_with_two_models_leans_on_what_others_needed_with_one(tmp_path) -> None:
    table = [row for row in rows(factor=1.3) if row["model"] in MODELS[:2]]
    found = validate_file(write(tmp_path / "a.csv", table), "model")
    widths = {round(math.log(one.priced.energy_j.high / one.priced.energy_j.value), 6) for one in found.judged}
    assert widths == {round(read_prior().one_model, 6)}


def test_the_quantile_counts_each_cluster_once() -> None:
    many = [[0.1] * 100, *([[1.0]] * 9)]
    assert cluster_quantile(many, 0.9) == 1.0
    assert cluster_quantile([[0.1] * 100, *([[0.1]] * 18), [5.0]], 0.9) == 0.1
    few = cluster_quantile([[0.1], [0.2], [0.3]], 0.9)
    assert few > 0.3  # three clusters can't show a tenth: Student's quantile reaches beyond them
    assert math.isfinite(few)


def test_batches_fall_into_bands() -> None:
    assert [band_of(b) for b in (None, 1, 2, 15.4, 16, 64, 255, 4000)] == [
        "unknown", "1", "2-15", "2-15", "16-63", "64-255", "64-255", "256+",
    ]  # fmt: skip


def test_each_row_says_what_it_rests_on_and_what_was_filled_in(tmp_path) -> None:
    table = rows()[:9]
    table[2]["input_tokens"] = ""
    table[3]["output_tokens"] = ""
    out = tmp_path / "rows.csv"
    said = CliRunner().invoke(app, ["validate", str(write(tmp_path / "a.csv", table)), "--rows", str(out)])
    assert said.exit_code == 0
    with out.open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert [int(row["line"]) for row in found] == list(range(2, 11))
    assert "tokens assumed" in found[2]["filled_in"]
    assert found[0]["filled_in"] == ""
    assert "output tokens" in found[3]["refused"]
    assert found[3]["value_j"] == ""
    assert float(found[0]["low_j"]) < float(found[0]["value_j"]) < float(found[0]["high_j"])
    assert "argonne" in found[0]["rests_on"]


def test_the_command_gives_the_promised_object(tmp_path) -> None:
    path = write(tmp_path / "a.csv", rows())
    said = CliRunner().invoke(app, ["validate", str(path), "--leave-out", "source", "--json"])
    assert said.exit_code == 0
    given = json.loads(said.stdout)
    assert given["schema_version"] == 1
    assert given["rows"] == len(rows())
    group = given["groups"][0]
    assert {"source", "gpu", "batch_band", "scope", "in_sample", "n", "refused", "median_ape", "mape", "bias",
            "coverage_90", "coverage_90_models", "rivals"} <= set(group)  # fmt: skip
    assert set(group["rivals"]) == {"ecologits", "ecologits_at_batch", "flat_wh_per_1k_tokens", "squared_input"}
    assert {"n", "median_ape", "mape", "bias"} == set(group["rivals"]["ecologits"])
    assert len([g for g in given["groups"] if g["batch_band"] == "all"]) == 1
    table = CliRunner().invoke(app, ["validate", str(path)])
    assert table.exit_code == 0
    assert "median" in table.stdout
