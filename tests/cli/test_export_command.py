"""`joulemark export`: the frames as files that say what they hold."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.errors import BadInput, BrokenResults, CannotRun
from bench.files.frames.columns import FrameTable, number, text
from bench.files.frames.export import STYLES, csv_bytes, export
from bench.files.frames.gather import gather
from bench.files.frames.tables import TABLES
from bench.stats import significant

ROOT = Path(__file__).resolve().parents[2]
LOADS = ROOT / "results" / "simulated" / "servers"
EXAMPLE = ROOT / "results" / "examples" / "cpu-2-threads"


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    to = tmp_path_factory.mktemp("plain")
    export(LOADS, to, "csv", "plain")
    return to


def cells(path, **dialect):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, **dialect))


def test_every_table_is_a_file_and_every_cell_its_value(plain):
    """Figures at seven significant digits, counts whole, missing ones empty."""
    found = gather(LOADS)

    for table in TABLES:
        rows = cells(plain / f"{table.name}.csv")
        columns = found[table.name]
        assert len(rows) == len(next(iter(columns.values()))), table.name
        for column in table.columns:
            for row, value in zip(rows, columns[column.name], strict=True):
                text = row[column.name]
                if value is None:
                    assert text == ""
                elif column.kind == "number":
                    assert float(text) == significant(float(value))
                elif column.kind == "whole":
                    assert text == str(value)


def test_french_files_have_semicolons_and_decimal_commas(plain, tmp_path):
    """The same figures; a spreadsheet set to French reads them as numbers, and é as é."""
    export(LOADS, tmp_path, "csv", "fr")

    content = (tmp_path / "windows.csv").read_bytes()
    ours, theirs = cells(plain / "windows.csv"), cells(tmp_path / "windows.csv", delimiter=";")
    assert content.startswith(b"\xef\xbb\xbfrun_id;phase;label")
    assert [row["energy_j"] for row in theirs] == [row["energy_j"].replace(".", ",") for row in ours]
    assert any("," in row["energy_j"] for row in theirs)
    assert [row["start_ns"] for row in theirs] == [row["start_ns"] for row in ours]


def test_a_text_that_would_run_as_a_formula_does_not_in_a_spreadsheet_s_file():
    """A server's own words are in these tables; in plain files they are as they came, and numbers always are."""
    table = FrameTable(name="t", row="", key=(), columns=(text("said", ""), number("value", "", "")))
    columns = {"said": ["=cmd()", "fine"], "value": [-1.5, 2.0]}

    assert csv_bytes(table, columns, STYLES["fr"]).decode("utf-8-sig") == "said;value\n'=cmd();-1,5\nfine;2,0\n"
    assert csv_bytes(table, columns, STYLES["plain"]).decode() == "said,value\n=cmd(),-1.5\nfine,2.0\n"


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    """With what to do."""
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(BadInput, match="choose a folder"):
        export(EXAMPLE, tmp_path / "file", "csv", "plain")


def test_the_readme_and_the_schema_name_every_column(plain):
    """With its unit and meaning; both come from the table in the code."""
    page = (plain / "README.md").read_text(encoding="utf-8")
    schema = json.loads((plain / "schema.json").read_text(encoding="utf-8"))

    for table, told in zip(TABLES, schema["tables"], strict=True):
        assert f"\n## {table.name} (" in page
        for column, one in zip(table.columns, told["columns"], strict=True):
            assert f"`{column.name}`" in page
            assert (one["name"], one["unit"], one["meaning"]) == (column.name, column.unit, column.meaning)
            assert column.meaning
    assert "void or excluded is missing, never 0" in page


def test_parquet_reads_back_as_the_frames(tmp_path):
    """Types and values survive."""
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow", reason="pyarrow is not installed: pip install 'joulemark[parquet]'")
    import bench

    export(EXAMPLE, tmp_path, "parquet", "plain")

    for name, frame in bench.read_results(EXAMPLE):
        back = pandas.read_parquet(tmp_path / f"{name}.parquet")
        assert list(back.columns) == list(frame.columns)
        pandas.testing.assert_frame_equal(back.astype(frame.dtypes), frame, check_exact=True)


def test_without_pyarrow_csv_works_and_parquet_says_what_to_install(tmp_path, monkeypatch):
    """Nothing is written before that is found out."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pandas", None)

    with pytest.raises(CannotRun, match=r"joulemark\[parquet\]"):
        export(EXAMPLE, tmp_path / "to", "parquet", "plain")
    assert not (tmp_path / "to").exists()
    assert len(export(EXAMPLE, tmp_path / "to", "csv", "plain")) == len(TABLES) + 2


def test_a_damaged_folder_is_named_and_nothing_is_written(tmp_path):
    """Half of the tables would pass for all."""
    (tmp_path / "runs" / "r1").mkdir(parents=True)
    (tmp_path / "runs" / "r1" / "run.json").write_text("{")

    with pytest.raises(BrokenResults, match=r"r1/run\.json"):
        export(tmp_path, tmp_path / "to", "csv", "plain")
    assert not (tmp_path / "to").exists()


def test_an_export_is_not_put_among_sealed_runs(tmp_path):
    """A result folder stays what `verify` knows."""
    (tmp_path / "runs").mkdir()

    with pytest.raises(BadInput, match="another --to"):
        export(EXAMPLE, tmp_path, "csv", "plain")


def test_the_command_says_what_it_wrote(tmp_path):
    """As JSON: every file with its table and rows; a wrong folder is 2 and a sentence."""

    def joulemark(*arguments):
        return subprocess.run(
            [sys.executable, "-P", "-m", "bench", "export", *arguments],
            capture_output=True,
            text=True,
            check=False,
        )

    done = joulemark(str(EXAMPLE), "--to", str(tmp_path / "to"), "--json")
    wrong = joulemark(str(tmp_path / "nowhere"))

    found = json.loads(done.stdout)
    assert {f["table"] for f in found["files"]} == {t.name for t in TABLES} | {None}
    assert next(f["rows"] for f in found["files"] if f["table"] == "runs") == 11
    assert all(Path(f["file"]).is_file() for f in found["files"])
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "no such folder" in wrong.stderr
