"""vLLM bench's result file, constructed from the fields that vllm/benchmarks/serve.py writes: no vLLM ran here."""

import json

import pytest

from bench.errors import BadInput
from bench.files.interop.readers import read_load_result


def constructed(**more):
    """Three requests of 0.5 s, 10 ms apart; the third failed."""
    return {
        "date": "20261121-154617", "backend": "openai-chat", "model_id": "m", "num_prompts": 3,
        "duration": 0.52, "completed": 2, "failed": 1, "total_input_tokens": 136, "total_output_tokens": 64,
        "request_throughput": 3.85, "output_throughput": 123.0, "total_token_throughput": 384.6,
        "input_lens": [68, 68, 68], "output_lens": [32, 32, 0], "ttfts": [0.035, 0.035, 0.0],
        "itls": [[0.015] * 31, [0.015] * 31, []], "latencies": [0.5, 0.5, 0.02],
        "start_times": [1000.0, 1000.01, 1000.02], "queue_times": [0.0, 0.0, 0.0],
        "generated_texts": ["", "", ""], "errors": ["", "", "Traceback: 500"],
        "mean_ttft_ms": 35.0, "mean_tpot_ms": 15.0, "mean_itl_ms": 15.0, "mean_e2el_ms": 500.0,
        **more,
    }  # fmt: skip


def read(folder, data):
    (folder / "vllm.json").write_text(json.dumps(data))
    return read_load_result(folder / "vllm.json")


def test_its_requests_lie_on_the_monotonic_clock(tmp_path):
    told = read(tmp_path, constructed())

    assert (told.tool, told.clock) == ("vllm bench", "monotonic")
    assert [one.start_ns for one in told.requests] == [1000 * 10**9, 1000_010_000_000, 1000_020_000_000]
    assert told.requests[0].end_ns == 1000_500_000_000
    assert told.requests[0].tpot_s == pytest.approx((0.5 - 0.035) / 31)
    assert [one.error for one in told.requests] == [None, None, "Traceback: 500"]
    assert told.requests[2].output_tokens is None
    assert {f.name: f.ours for f in told.figures}["mean_tpot_ms"] == "tpot_s"


def test_without_its_details_there_is_nothing_to_hold_against_the_meter(tmp_path):
    """--save-detailed is off by default: the lists are dropped then."""
    data = {k: v for k, v in constructed().items() if not isinstance(v, list)}

    with pytest.raises(BadInput, match="--save-detailed"):
        read(tmp_path, data)


def test_a_file_that_counts_nothing_is_not_taken_as_whole(tmp_path):
    told = read(tmp_path, {k: v for k, v in constructed().items() if k != "completed"})

    assert not told.whole
    assert "no count" in told.notes[0]
    assert read(tmp_path, constructed()).whole


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"ttfts": [0.035]}, "different lengths"),
        ({"failed": 0}, "gives an error for 1"),
        ({"date": "yesterday"}, "yesterday"),
        ({"completed": 400}, "says 400 requests were completed and lists 2"),
        ({"ttfts": [99.0, 99.0, 0.0]}, "first output after 99 s"),
        ({"start_times": [1e14, 1000, 1000]}, "'start_times'.*no clock"),
        ({"latencies": [10**400, 0.5, 0.02]}, "'latencies'.*finite"),
        ({"latencies": [0.5, 0.5, -1.0]}, "before it starts"),
    ],
)
def test_what_contradicts_itself_is_refused(tmp_path, more, words):
    with pytest.raises(BadInput, match=words):
        read(tmp_path, constructed(**more))
