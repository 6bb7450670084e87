"""What is damaged, renamed or elsewhere is named by `read_results`, and never left out."""

import pytest
from frames_demo import comparison_file, sealed

import bench
from bench.errors import BadInput, BrokenResults

pytest.importorskip("pandas", reason="pandas is not installed: pip install 'joulemark[frames]'")


@pytest.mark.parametrize("part", ["run.json", "readings.csv.gz", "windows.csv", "outcomes.jsonl"])
def test_a_damaged_run_is_named_and_never_left_out(tmp_path, part):
    """A frame without it would be a smaller one, and not say so."""
    sealed(tmp_path)
    folder = sealed(tmp_path, run_id="r2")
    content = (folder / part).read_bytes()
    (folder / part).write_bytes(content[: len(content) // 2])

    with pytest.raises(BrokenResults, match=rf"r2/{part}"):
        bench.read_results(tmp_path)


def test_a_renamed_run_is_named(tmp_path):
    """A copy under another name is no second measurement."""
    sealed(tmp_path).rename(tmp_path / "runs" / "r9")

    with pytest.raises(BrokenResults, match="copied or renamed"):
        bench.read_results(tmp_path)


def test_damaged_coefficients_are_named(tmp_path):
    """Their file is."""
    (tmp_path / "coefficients").mkdir()
    (tmp_path / "coefficients" / "m.json").write_text('{"schema_version": 1}')

    with pytest.raises(BrokenResults, match=r"m\.json"):
        bench.read_results(tmp_path)


def test_a_folder_above_or_below_is_told_which_is_meant(tmp_path):
    """An empty answer to a mistyped path would pass for an empty folder."""
    folder = sealed(tmp_path / "out")

    with pytest.raises(BadInput, match=f"lie in {tmp_path / 'out'}"):
        bench.read_results(tmp_path)
    with pytest.raises(BadInput, match="is one run"):
        bench.read_results(folder)
    with pytest.raises(BadInput, match="no such folder"):
        bench.read_results(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("name", "what", "said"),
    [
        ("c1", {"schema_version": 2}, r"c1\.json: schema_version 2, this Joulemark reads 1"),
        ("c2", {}, r"c2\.json: its id is 'c1': the file was renamed"),
        ("c1", {}, r"c1\.json: 'comparison' is missing"),
        (
            "c1",
            {"runs": [{"run_id": "r", "candidate": 2, "round": 1}]},
            r"c1\.json: a run belongs to no candidate",
        ),
    ],
)
def test_a_damaged_comparison_is_named(tmp_path, name, what, said):
    """As a run is: of another schema, renamed, without its figures, or of nobody's runs."""
    comparison_file(tmp_path, name, what)

    with pytest.raises(BrokenResults, match=said):
        bench.read_results(tmp_path)
