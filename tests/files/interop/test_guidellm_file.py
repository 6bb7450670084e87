"""What guidellm 0.8.1 wrote here against the simulated server, as our values."""

import json
from pathlib import Path

import pytest

from bench.errors import BadInput
from bench.files.interop.readers import read_load_result

GOLDEN = Path(__file__).parents[2] / "golden" / "joins"
FILE = GOLDEN / "guidellm" / "benchmarks.json"


def changed(folder, change):
    data = json.loads(FILE.read_text())
    change(data)
    (folder / "benchmarks.json").write_text(json.dumps(data))
    return folder / "benchmarks.json"


def first(data, at=0):
    return data["benchmarks"][0]["requests"]["successful"][at]


def test_its_requests_are_read_whole():
    told = read_load_result(FILE)

    assert (told.tool, told.version, told.clock, told.whole) == ("guidellm", "0.8.1", "unix", True)
    assert len(told.requests) == 50
    assert sum(one.output_tokens for one in told.requests) == 50 * 32
    assert told.target.startswith("http://127.0.0.1:")
    assert all(0 < one.ttft_s < one.e2e_s for one in told.requests)


def test_its_inter_token_latency_is_our_tpot_and_its_tpot_is_nothing_of_ours():
    """Its TPOT counts the first token: e2e to the last token, over n."""
    told = read_load_result(FILE)
    figures = {one.name: one for one in told.figures}
    first = json.loads(FILE.read_text())["benchmarks"][0]["requests"]["successful"][0]
    timings = first["info"]["timings"]

    between_s = timings["last_token_iteration"] - timings["first_token_iteration"]
    one = next(r for r in told.requests if r.start_ns == round(first["request_start_time"] * 10**9))
    assert one.tpot_s == pytest.approx(between_s / 31, rel=1e-6)
    assert figures["inter_token_latency_ms"].ours == "tpot_s"
    assert figures["time_per_output_token_ms"].ours is None
    assert figures["time_per_output_token_ms"].value > figures["inter_token_latency_ms"].value


def test_its_means_are_those_of_its_requests():
    told = read_load_result(FILE)
    figures = {one.name: one for one in told.figures}

    for name, ours, scale in (("time_to_first_token_ms", "ttft_s", 1e-3), ("request_latency", "e2e_s", 1.0)):
        mean_s = sum(getattr(one, ours) for one in told.requests) / 50
        assert figures[name].value * scale == pytest.approx(mean_s, rel=1e-9)
    assert figures["output_token_count"].value == 1600


def test_errored_and_incomplete_requests_are_failures():
    """Every seventh answered with status 500, and a stop after 1.5 s with requests under way."""
    told = read_load_result(GOLDEN / "guidellm-errors" / "benchmarks.json")

    said = [one.error for one in told.requests if one.error]
    assert (len(told.requests), len(said)) == (27, 7)
    assert sum("500 Internal Server Error" in one for one in said) == 3
    assert said.count("Request was cancelled") == 4
    assert all(one.output_tokens is None for one in told.requests if one.error)


def test_a_file_that_kept_a_part_of_its_requests_says_so(tmp_path):
    """Its --metrics may keep a few requests alone."""
    told = read_load_result(changed(tmp_path, lambda d: d["benchmarks"][0]["requests"]["successful"].pop()))

    assert not told.whole
    assert told.notes == ("guidellm made 50 requests, the file holds 49",)


def test_half_a_surrogate_pair_does_not_reach_the_terminal(tmp_path):
    told = read_load_result(changed(tmp_path, lambda d: d["metadata"].update(guidellm_version="\ud800")))

    assert told.version == "?"


def test_a_request_that_was_never_sent_is_none(tmp_path):
    """It was queued when the benchmark stopped: guidellm counts it among those made."""

    def queue(data):
        [one] = data["benchmarks"]
        unsent = {**one["requests"]["successful"].pop(), "request_start_time": None}
        one["requests"]["incomplete"] = [unsent]

    told = read_load_result(changed(tmp_path, queue))

    assert len(told.requests) == 49
    assert not told.whole


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d["benchmarks"].append(d["benchmarks"][0]), "2 benchmarks"),
        (lambda d: d["benchmarks"][0]["requests"]["successful"][0].pop("request_end_time"), "request_end_time"),
        (lambda d: d["benchmarks"][0].update(requests={}), "not one request"),
        (lambda d: d["benchmarks"][0]["requests"].update(incomplete=[1]), "'incomplete'"),
        (lambda d: d["benchmarks"][0]["requests"].update(successful=5), "'successful'"),
        (lambda d: first(d).update(request_start_time=10**400), r"successful\[0\]: 'request_start_time'"),
        (lambda d: first(d).update(request_start_time=1e14), "'request_start_time'.*no clock"),
        (lambda d: first(d).update(inter_token_latency_ms=-5), "less than nothing"),
        (lambda d: first(d).update(first(d, 1)), "twice"),
        (lambda d: d["config"]["spec"]["backend"].update(target="http://[::1"), "'target'.*no address"),
    ],
)
def test_what_is_not_understood_is_refused(tmp_path, change, words):
    with pytest.raises(BadInput, match=words):
        read_load_result(changed(tmp_path, change))
