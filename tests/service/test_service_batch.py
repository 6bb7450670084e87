"""POST /v1/estimate/batch: rows are refused one by one, columns say what single requests say."""

import json

import pytest
from asked import CHAT, estimate, knowledge, post, refusal

from bench.service import batch, batch_columns, posts

BATCH = "/v1/estimate/batch"


def columns(**said):
    return post(BATCH, {"columns": said})


def test_each_of_a_list_is_answered_as_it_is_alone():
    rows = [CHAT, CHAT | {"count": 3, "explain": True}, {"model": "whisper-tiny", "audio_seconds": 9}]
    status, found = post(BATCH, {"requests": rows})
    alone = [estimate(row)[1] for row in rows]
    assert status == 200
    assert (found["count"], found["refused"]) == (3, 0)
    assert [{"schema_version": 1, **one} for one in found["estimates"]] == alone


@pytest.mark.parametrize(
    "wrong", [CHAT | {"in_tokens": -1}, CHAT | {"modle": "x"}, {"model": "nothing"}, 7, None, []]
)
def test_a_row_that_is_wrong_has_an_error_of_its_own_and_the_others_none(wrong):
    _, found = post(BATCH, {"requests": [CHAT, wrong, CHAT]})
    first, middle, last = found["estimates"]
    assert found["refused"] == 1
    assert first == last
    assert "energy_kwh" in first
    assert middle["error"]["loc"][:3] == ["body", "requests", 1]


def test_columns_say_what_single_requests_say():
    _, found = columns(
        model=["llama-3.1-8b", "mistral-7b", "mistral-160m"],
        in_tokens=[1155, 20, 32],
        out_tokens=[211, 5.5, 64],
        hardware=["h100", "", None],
        region=["usa", "france", "sweden"],
        count=[1, 1000, 2],
        batch=[8, None, 1],
    )
    rows = [
        {
            "model": "llama-3.1-8b",
            "in_tokens": 1155,
            "out_tokens": 211,
            "hardware": "h100",
            "region": "usa",
            "batch": 8,
        },
        {"model": "mistral-7b", "in_tokens": 20, "out_tokens": 5.5, "region": "france", "count": 1000},
        {"model": "mistral-160m", "in_tokens": 32, "out_tokens": 64, "region": "sweden", "count": 2, "batch": 1},
    ]
    alone = [estimate(row)[1] for row in rows]
    assert (found["count"], found["refused"], found["errors"]) == (3, 0, [])
    assert found["basis"] == [one["basis"] for one in alone]
    for side in ("low", "value", "high"):
        energies = [one["energy_kwh"][side] for one in alone]
        grams = [one["carbon_g"]["location"][side] for one in alone]
        assert found["energy_kwh"][side] == pytest.approx(energies, rel=1e-9)
        assert found["carbon_g"]["location"][side] == pytest.approx(grams, rel=1e-9)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("out_tokens", -1),
        ("out_tokens", "5"),
        ("out_tokens", True),
        ("out_tokens", 10**400),
        ("out_tokens", 1e12),
        ("out_tokens", {"a": 1}),
        ("model", "lama-3"),
        ("model", 8),
        ("hardware", "h1oo"),
        ("region", "frnce"),
        ("region", ["usa"]),
        ("batch", 0.5),
    ],
)
def test_a_row_of_columns_that_is_wrong_has_no_figure_and_its_reason(name, wrong):
    plain = {"model": "llama-3.1-8b", "out_tokens": 5, "region": "usa", "hardware": "h100", "batch": 8}
    said = {field: [value, value, value] for field, value in plain.items()}
    said[name][1] = wrong
    status, found = columns(**said)
    assert (status, found["refused"]) == (200, 1)
    assert [one["row"] for one in found["errors"]] == [1]
    assert found["errors"][0]["msg"]
    for three in (found["energy_kwh"], found["carbon_g"]["location"]):
        for side in three.values():
            assert side[1] is None
            assert side[0] == side[2] > 0
    assert found["basis"][1] is None


def test_one_value_stands_for_all_rows():
    _, found = columns(model="llama-3.1-8b", in_tok=[1, 2], out_tok=211, region="usa")
    _, one = columns(model="llama-3.1-8b", in_tokens=1, out_tokens=211)
    assert found["count"] == 2
    assert one["energy_kwh"]["value"] == found["energy_kwh"]["value"][:1]
    assert one["carbon_g"]["location"] is None


@pytest.mark.parametrize(
    ("body", "loc", "words"),
    [
        ({}, ["body"], "requests"),
        ([], ["body"], "requests"),
        ({"requests": [CHAT], "columns": {}}, ["body"], "requests"),
        ({"rows": []}, ["body"], "'rows'"),
        ({"requests": []}, ["body", "requests"], "needed are 1"),
        ({"requests": CHAT}, ["body", "requests"], "a list"),
        ({"requests": [CHAT] * (batch.MOST_REQUESTS + 1)}, ["body", "requests"], "send more as columns"),
        ({"columns": [1]}, ["body", "columns"], "an object"),
        ({"columns": {"out_tokens": [1]}}, ["body", "columns", "model"], "missing"),
        ({"columns": {"model": "x", "modle": "x"}}, ["body", "columns", "modle"], "did you mean"),
        ({"columns": {"model": "x", "chars": [1]}}, ["body", "columns", "chars"], "unknown column"),
        (
            {"columns": {"model": ["x"], "out_tokens": [True, 2], "count": {}}},
            ["body", "columns", "count"],
            "a number",
        ),
        ({"columns": {"model": ""}}, ["body", "columns", "model"], "missing"),
        ({"columns": {"model": 7}}, ["body", "columns", "model"], "text"),
        ({"columns": {"model": "x", "out_tokens": "5"}}, ["body", "columns", "out_tokens"], "a number"),
        ({"columns": {"model": []}}, ["body", "columns"], "0 rows"),
        ({"columns": {"model": "x", "in_tok": 1, "in_tokens": 1}}, ["body", "columns"], "twice"),
        ({"columns": {"model": "x", "scope": ["gpu"]}}, ["body", "columns", "scope"], "for all rows"),
        ({"columns": {"model": "x", "grid": "best"}}, ["body", "columns", "grid"], "unknown grid"),
    ],
)
def test_a_body_that_is_neither_is_refused_whole(body, loc, words):
    status, problem = refusal(body, path=BATCH)
    assert (status, problem["loc"]) == (422, loc)
    assert words in problem["msg"]


@pytest.mark.parametrize(
    ("said", "loc"),
    [
        ({"model": [str(n) for n in range(501)]}, ["body", "columns", "model"]),
        ({"model": "x", "batch": [*range(1, 503)]}, ["body", "columns", "batch"]),
        (
            {"model": [f"llama-{n}" for n in range(30)] * 30, "engine": [f"e{n // 30}" for n in range(900)]},
            ["body", "columns"],
        ),
    ],
)
def test_too_many_kinds_are_refused_before_any_is_resolved(said, loc):
    status, problem = refusal({"columns": said}, path=BATCH)
    assert (status, problem["loc"]) == (409, loc)
    assert "more than 500" in problem["msg"]


def test_columns_of_unlike_length_are_a_conflict():
    status, problem = refusal({"columns": {"model": ["x"], "out_tokens": [1, 2]}}, path=BATCH)
    assert status == 409
    assert "model 1, out_tokens 2" in problem["msg"]


def test_a_batch_may_be_larger_than_a_request_and_not_larger_than_its_limit():
    rows = batch_columns.MOST_ROWS
    body = json.dumps({"columns": {"model": "llama-3.1-8b", "out_tokens": [1] * (rows + 1)}}).encode()
    status, problem = refusal(body, path=BATCH)
    assert (status, problem["loc"]) == (422, ["body", "columns"])
    assert str(rows) in problem["msg"]
    assert refusal(b" " * (posts.MOST_BATCH_BYTES + 1), path=BATCH)[0] == 413


def test_figures_of_columns_are_those_of_the_estimator():
    import numpy as np

    from bench.estimators.columns import Columns, Many

    out = [1.0, 17.0, 300.0]
    many = Many(knowledge().known, knowledge().regions.place)
    expected = many.estimate(Columns(model="llama-3.1-8b", out_tokens=np.array(out), region="usa"))
    _, found = columns(model="llama-3.1-8b", out_tokens=out, region="usa")
    assert found["energy_kwh"]["low"] == expected.energy_kwh.low.tolist()
    assert found["carbon_g"]["location"]["high"] == expected.carbon_g.high.tolist()
