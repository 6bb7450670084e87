"""What AIPerf 0.13.0 wrote here against the simulated server, as our values."""

import json
from pathlib import Path

import pytest

from bench.errors import BadInput
from bench.files.interop.aiperf import RECORDS, SUMMARY
from bench.files.interop.readers import read_load_result

GOLDEN = Path(__file__).parents[2] / "golden" / "joins"
FOLDER = GOLDEN / "aiperf"


def rows():
    return [json.loads(line) for line in (FOLDER / RECORDS).read_text().splitlines()]


def written(folder, records, summary=None):
    (folder / RECORDS).write_text("".join(json.dumps(one) + "\n" for one in records))
    if summary is not None:
        (folder / SUMMARY).write_text(json.dumps(summary))
    return folder / RECORDS


@pytest.mark.parametrize("name", ["", RECORDS, SUMMARY])
def test_its_folder_its_records_and_its_summary_name_the_same_run(name):
    told = read_load_result(FOLDER / name)

    measured = [one for one in told.requests if not one.warmup]
    assert (told.tool, told.version, told.clock) == ("aiperf", "0.13.0", "unix")
    assert (len(told.requests), len(measured)) == (54, 50)
    assert sum(one.output_tokens for one in measured) == 50 * 32
    assert sum(one.prompt_tokens for one in measured) == 50 * 68
    assert told.target.startswith("http://127.0.0.1:")


def test_its_inter_token_latency_is_our_tpot():
    """(e2e - ttft) / (n - 1), request by request, in seconds."""
    for one in read_load_result(FOLDER).requests:
        assert one.tpot_s == pytest.approx((one.e2e_s - one.ttft_s) / (one.output_tokens - 1), rel=1e-9)
        assert (
            0 <= (one.end_ns - one.start_ns) * 1e-9 - one.e2e_s < 0.02
        )  # it ends with the connection's last byte


def test_its_summary_is_the_mean_of_the_requests_that_it_measured():
    """So that warm-up is left out of ours as it is out of theirs, and no unit is mistaken."""
    told = read_load_result(FOLDER)
    figures = {one.name: one for one in told.figures}
    measured = [one for one in told.requests if not one.warmup]

    for name, ours in (
        ("time_to_first_token", "ttft_s"), ("inter_token_latency", "tpot_s"), ("request_latency", "e2e_s"),
    ):  # fmt: skip
        mean_s = sum(getattr(one, ours) for one in measured) / len(measured)
        assert (figures[name].unit, figures[name].ours) == ("ms", ours)
        assert figures[name].value * 1e-3 == pytest.approx(mean_s, rel=1e-9)
    assert figures["inter_chunk_latency"].ours == "itl_s"
    assert figures["nvidia_energy_per_output_token"].unit == "mJ/token"


def test_requests_that_failed_are_kept_with_their_reason():
    """Every seventh was answered with status 500; AIPerf gives it no latency."""
    told = read_load_result(GOLDEN / "aiperf-errors")

    failed = [one for one in told.requests if one.error is not None]
    assert len(failed) >= 2
    assert all("500" in one.error for one in failed)
    assert all(one.output_tokens is None and one.ttft_s is None for one in failed)


def test_a_cancelled_request_is_no_answer(tmp_path):
    first, *_ = rows()
    first["metadata"] |= {"was_cancelled": True, "benchmark_phase": "profiling"}

    assert read_load_result(written(tmp_path, [first])).requests[0].error == "cancelled"


def test_a_summary_of_another_run_is_refused(tmp_path):
    summary = json.loads((FOLDER / SUMMARY).read_text())

    with pytest.raises(BadInput, match="counts 50 requests"):
        read_load_result(written(tmp_path, rows()[:20], summary))


def test_without_a_summary_a_part_of_the_records_is_not_taken_as_whole(tmp_path):
    told = read_load_result(written(tmp_path, rows()[::2]))

    assert not told.whole
    assert SUMMARY in told.notes[0]
    assert read_load_result(FOLDER).whole


def test_a_failure_that_the_summary_alone_knows_is_missing(tmp_path):
    summary = json.loads((FOLDER / SUMMARY).read_text()) | {"error_summary": [{"count": 2}, {"count": 1}]}

    told = read_load_result(written(tmp_path, rows(), summary))

    assert told.notes == (f"AIPerf counts 3 failed requests, {RECORDS} holds 0",)
    assert not told.whole


def test_a_request_twice_is_refused(tmp_path):
    with pytest.raises(BadInput, match="stands there twice"):
        read_load_result(written(tmp_path, [*rows(), rows()[-1]]))


def test_a_line_separator_inside_a_line_does_not_split_it(tmp_path):
    row = rows()[-1]
    row["metadata"]["conversation_id"] = "a\u2028b"
    (tmp_path / RECORDS).write_text(json.dumps(row, ensure_ascii=False) + "\n", encoding="utf-8")

    assert len(read_load_result(tmp_path / RECORDS).requests) == 1


def test_json_too_deep_is_refused(tmp_path):
    (tmp_path / RECORDS).write_text(json.dumps(rows()[0]) + "\n" + "[" * 100_000)

    with pytest.raises(BadInput, match=r"jsonl:2: JSON nested too deep"):
        read_load_result(tmp_path / RECORDS)


def test_an_address_that_is_none_is_refused(tmp_path):
    summary = json.loads((FOLDER / SUMMARY).read_text())
    summary["input_config"] = {"endpoint": {"urls": ["http://[::1"]}}

    with pytest.raises(BadInput, match=r"'urls'.*no address"):
        read_load_result(written(tmp_path, rows(), summary))


def test_a_run_that_was_cancelled_is_not_whole(tmp_path):
    summary = json.loads((FOLDER / SUMMARY).read_text()) | {"was_cancelled": True}

    told = read_load_result(written(tmp_path, rows(), summary))

    assert not told.whole
    assert "cancelled" in told.notes[0]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda row: row["metrics"]["request_latency"].update(unit="fortnight"), "fortnight"),
        (lambda row: row["metrics"].pop("request_latency"), "neither an error nor"),
        (lambda row: row["metadata"].update(request_start_ns="soon"), "request_start_ns"),
        (lambda row: row["metadata"].update(request_end_ns=1), "before it starts"),
        (lambda row: row["metrics"]["output_sequence_length"].update(value=3.5), "whole number"),
        (lambda row: row["metrics"]["time_to_first_token"].update(value=float("nan")), "finite"),
        (lambda row: row["metrics"]["time_to_first_token"].update(value=1e9), "first output after"),
        (lambda row: row["metrics"]["time_to_first_token"].update(value=-5), "less than nothing"),
        (lambda row: row["metrics"]["inter_token_latency"].update(value=5000), "a token over 32 tokens"),
        (lambda row: row["metrics"]["request_latency"].update(value=1e6), "between a start and an end"),
        (lambda row: row["metrics"]["request_latency"].update(value=10**400), "request_latency.*finite"),
        (lambda row: row["metrics"]["request_latency"].update(unit=[]), "request_latency in"),
        (lambda row: row["metadata"].update(request_end_ns=10**400), "64 bits"),
    ],
)
def test_a_line_that_is_not_understood_is_refused(tmp_path, spoil, words):
    row = rows()[-1]
    spoil(row)

    with pytest.raises(BadInput, match=words):
        read_load_result(written(tmp_path, [row]))


def test_warm_up_alone_is_no_result(tmp_path):
    with pytest.raises(BadInput, match="not one request"):
        read_load_result(written(tmp_path, [r for r in rows() if r["metadata"]["benchmark_phase"] == "warmup"]))


def test_a_file_of_nobody_is_refused(tmp_path):
    (tmp_path / "other.json").write_text('{"a": 1}')

    with pytest.raises(BadInput, match="no result file that is known"):
        read_load_result(tmp_path / "other.json")
    with pytest.raises(BadInput, match="No such file"):
        read_load_result(tmp_path / "missing.json")
