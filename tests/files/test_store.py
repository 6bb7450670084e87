"""A sealed run reads back as it was; a damaged one is named; an unfinished one is not there."""

from dataclasses import replace

import pytest
from fakes import GPU, outcome, run_of, ticking, window

from bench.errors import BadInput, BrokenResults
from bench.files.json_text import read_json
from bench.files.known import finished_specs, spec_sha256
from bench.files.layout import run_folders
from bench.files.store import Published, read_sealed, write_run
from bench.nouns import Condition, Verdict
from bench.run.publish import published


@pytest.fixture
def run():
    readings = ticking(lambda t: 100.0, 0, 4)
    extra = Condition(5, "gpu:0", "temperature_c", 41.0)
    return run_of(
        [extra, *readings],
        [window("work", "1", 1.0, 3.0)],
        [outcome(1.0, 3.0, prompt_tokens=4)],
        sources=(GPU,),
    )


def test_what_is_sealed_reads_back_equal(tmp_path, run):
    """Readings, windows, outcomes, sources and figures survive the disk to the last bit."""
    figures = published(run)
    sealed = read_sealed(write_run(tmp_path, run, figures, "0"))

    assert sealed.run == run
    assert sealed.published == figures


@pytest.mark.parametrize("part", ["readings.csv.gz", "windows.csv", "outcomes.jsonl"])
def test_one_flipped_byte_names_its_file(tmp_path, run, part):
    """Each part is held by the seal."""
    folder = write_run(tmp_path, run, published(run), "0")
    content = bytearray((folder / part).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / part).write_bytes(content)

    with pytest.raises(BrokenResults, match=part):
        read_sealed(folder)


def test_a_sealed_run_is_never_overwritten(tmp_path, run):
    """The second write of the same id is refused."""
    write_run(tmp_path, run, published(run), "0")

    with pytest.raises(BadInput, match="already sealed"):
        write_run(tmp_path, run, published(run), "0")


def test_a_folder_without_a_seal_is_unfinished(tmp_path, run):
    """Whatever moment the writer was killed at, run.json comes last: no half cell is read."""
    folder = write_run(tmp_path, run, published(run), "0")
    (folder / "run.json").unlink()

    assert run_folders(tmp_path) == ()
    assert finished_specs(tmp_path) == {}


def test_a_finished_cell_is_found_by_its_spec(tmp_path, run):
    """Resuming looks for the spec, not for a name."""
    folder = write_run(tmp_path, run, published(run), "0")

    assert finished_specs(tmp_path) == {spec_sha256(run.spec): folder}


def test_a_wholly_void_run_is_not_finished(tmp_path, run):
    """A cell that is void in every domain is measured again by the next call."""
    void = Verdict(name="x", level="void", domain=None, evidence="", remedy="")
    write_run(tmp_path, run, Published(energies=(), verdicts=(void,)), "0")

    assert finished_specs(tmp_path) == {}


def test_a_seal_of_another_schema_is_refused(tmp_path, run):
    """A newer Joulemark's file is not half understood."""
    folder = write_run(tmp_path, run, published(run), "0")
    text = (folder / "run.json").read_text().replace('"schema_version": 1', '"schema_version": 99')
    (folder / "run.json").write_text(text)

    with pytest.raises(BrokenResults, match="schema_version 99"):
        read_sealed(folder)


def test_the_same_run_is_the_same_bytes(tmp_path, run):
    """Nothing in a part depends on when or where it was written."""
    one = write_run(tmp_path / "a", run, published(run), "0")
    two = write_run(tmp_path / "b", run, published(run), "0")

    for part in ("readings.csv.gz", "windows.csv", "outcomes.jsonl", "run.json"):
        assert (one / part).read_bytes() == (two / part).read_bytes()


def test_a_folder_that_cannot_be_written_is_bad_input(tmp_path, run):
    """A file in the way, a full disk: said in a line, never a traceback."""
    (tmp_path / "out").write_text("in the way")

    with pytest.raises(BadInput, match="cannot be written"):
        write_run(tmp_path / "out", run, published(run), "0")


@pytest.mark.parametrize("text", ['{"a": NaN}', '{"a": ' + "9" * 5000 + "}", "[" * 100_000, b"\xff"])
def test_json_that_is_none_is_broken_results(tmp_path, text):
    """NaN, numbers without end, bottomless nesting and bytes that are no text are told, not raised."""
    path = tmp_path / "run.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())

    with pytest.raises(BrokenResults, match=r"run\.json"):
        read_json(path)


def test_a_run_that_todays_sensors_did_not_read_is_not_finished(tmp_path, run):
    """Once a sensor is mended, or a test double taken away, the same command measures again."""
    folder = write_run(tmp_path, run, published(run), "0")

    assert finished_specs(tmp_path, frozenset({"nvml"})) == {spec_sha256(run.spec): folder}
    assert finished_specs(tmp_path, frozenset({"nvml", "rapl"})) == {}


def test_a_run_whose_own_device_is_void_is_not_finished(tmp_path, run):
    """A throttled GPU is measured again, though the host's figure stands."""
    void = Verdict(name="throttled", level="void", domain="gpu:0", evidence="", remedy="")
    write_run(tmp_path, run, replace(published(run), verdicts=(void,)), "0")

    assert finished_specs(tmp_path) == {}
