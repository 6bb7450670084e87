"""What is wrong with a request is told by the field's path, what was found, what is needed; by no traceback."""

import json

import pytest
from asked import CHAT, JSON, ask, estimate, post, refusal
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.service import reading
from bench.service.reading import MOST_BYTES


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"in_tokens": -1}, "in_tokens", "needed is a number of 0"),
        ({"in_tokens": 1e12}, "in_tokens", "1e+07"),
        ({"in_tok": -1, "in_tokens": None}, "in_tok", "in_tok is -1"),
        ({"out_tokens": 10**400}, "out_tokens", "beyond any"),
        ({"out_tokens": "211"}, "out_tokens", "needed is a number"),
        ({"out_tokens": True}, "out_tokens", "needed is a number"),
        ({"out_tokens": [211]}, "out_tokens", "needed is a number"),
        ({"chars": 5}, "in_tokens", "two counts of one input"),
        ({"model": 8}, "model", "needed is text"),
        ({"model": ""}, "model", "needed is a name"),
        ({"model": "lama-3.1-8"}, "model", "did you mean"),
        ({"model": "x" * 201}, "model", "up to 200"),
        ({"hardware": "rtx4091"}, "hardware", "did you mean"),
        ({"region": "frnce"}, "region", "did you mean 'france'"),
        ({"region": 33}, "region", "needed is text"),
        ({"region": None, "pue": 1.2}, "g_per_kwh", "both pue and g_per_kwh"),
        ({"pue": 1.2, "g_per_kwh": 60}, "region", "either a region"),
        ({"region": None, "pue": 0.9, "g_per_kwh": 60}, "pue", "needed is a number of 1 to 10"),
        ({"region": None, "pue": 1.1, "g_per_kwh": 1e9}, "g_per_kwh", "0 to 2000"),
        ({"region": None, "pue": 10**400, "g_per_kwh": 1}, "pue", "beyond any"),
        ({"grid": "lifecycle"}, "grid", "life_cycle"),
        ({"market_factor": 3}, "market_kind", "together"),
        ({"market_kind": "gop", "market_factor": 3}, "market_kind", "unknown kind of contract"),
        ({"scope": "rack"}, "scope", "gpu, machine, wall"),
        ({"shadow": 1}, "shadow", "true or false"),
        ({"batch": 0}, "batch", "needed is a number of 1"),
        ({"params_b": 0}, "params_b", "above 0"),
        ({"regoin": "usa"}, "regoin", "did you mean 'region'"),
        ({"results": "/etc"}, "results", "unknown field"),
        ({"out_tokens": None}, "out_tokens", "is missing"),
    ],
)
def test_a_field_that_is_wrong_is_named(changed, field, words):
    status, problem = refusal(CHAT | changed)
    assert status == 422
    assert problem["loc"] == ["body", field]
    assert words in problem["msg"]


@pytest.mark.parametrize("missing", [("model",), ("out_tokens",)])
def test_a_field_that_is_missing_is_named(missing):
    status, problem = refusal({name: value for name, value in CHAT.items() if name not in missing})
    assert (status, problem["loc"], problem["type"]) == (422, ["body", *missing], "missing")
    assert problem["msg"].startswith((missing[0], CHAT["model"] + ": " + missing[0]))


def test_the_nearest_names_stand_beside_an_unknown_one():
    _, problem = refusal(CHAT | {"region": "swedn"})
    assert problem["type"] == "unknown_name"
    assert "sweden" in problem["near"]


@pytest.mark.parametrize(
    "body",
    [
        {"model": "whisper-large-v3", "audio_seconds": 10},
        {"model": "llama-3-70b", "out_tokens": 10, "hardware": "t4", "cards": 1},
        CHAT | {"region": "france", "grid": "direct"},
        CHAT | {"hardware": "amd-epyc-4th-gen-2-threads-24-gib"},
    ],
)
def test_what_is_right_by_itself_and_not_known_together_is_a_conflict(body):
    status, problem = refusal(body)
    assert (status, problem["type"]) == (409, "refused")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "no JSON at character 0"),
        (b"{", "no JSON at character 1"),
        (b"[1]", "needed is an object"),
        (b"null", "needed is an object"),
        (b'{"model": "a", "model": "b"}', "'model' stands twice"),
        (b'{"model": "llama-3.1-8b", "out_tokens": NaN}', "NaN is no number"),
        (b'{"model": "llama-3.1-8b", "out_tokens": -Infinity}', "-Infinity is no number"),
        (b'{"model": "llama-3.1-8b", "out_tokens": 1e999}', "needed is a number of 0"),
        (b'{"model": "llama\xff"}', "not UTF-8"),
        ('{"model": "llama"}'.encode("utf-16"), "not UTF-8"),
        (b'{"model": "\\ud800"}', "half a character"),
        (b'{"\\udfff": 1}', "half a character"),
        (b"[" * 1000 + b"]" * 1000, "inside each other"),
        (b'{"a":' * 60000, "inside each other"),
        (b'{"model": "' + b"[" * 60 + b'"}', "needed is a name"),
        (b'{"out_tokens": ' + b"9" * 5000 + b"}", "thousands of digits"),
        (b'{"model": "llama-3.1-8b", "out_tokens": 211} x', "no JSON at character"),
    ],
)
def test_a_body_that_is_no_request_is_refused_with_its_reason(body, words):
    status, problem = refusal(body[:MOST_BYTES])
    assert status == 422
    assert problem["loc"][0] == "body"
    assert words in problem["msg"]


@pytest.mark.parametrize("path", ["/v1/estimate", "/calculate-raw"])
def test_a_body_that_is_too_large_is_refused_before_it_is_read(path):
    status, problem = refusal(b" " * (MOST_BYTES + 1), path=path)
    assert (status, problem["type"]) == (413, "too_large")


def test_a_body_that_says_no_length_is_counted_as_it_comes():
    sent = []

    async def parts():
        for _ in range(1000):
            sent.append(1)
            yield b" " * 1024

    found = ask("POST", "/v1/estimate", parts())
    assert found.status_code == 413
    assert found.headers["connection"] == "close"


def test_a_body_that_does_not_come_is_waited_for_so_long_and_no_longer(monkeypatch):
    import asyncio

    monkeypatch.setattr(reading, "LONGEST_S", 0.05)

    async def never():
        yield b"{"
        await asyncio.sleep(30)
        yield b"}"

    # the transport of httpx reads a body at the pace of its maker, so that the waiting is the service's own
    assert ask("POST", "/v1/estimate", never()).status_code == 408


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "application/json2"])
def test_another_kind_of_body_is_refused(kind):
    found = ask("POST", "/v1/estimate", b"{}", headers={"content-type": kind})
    assert found.status_code == 415
    assert "application/json" in found.json()["detail"][0]["msg"]


def test_json_by_another_name_is_json():
    body = json.dumps(CHAT).encode()
    for kind in ("application/json; charset=utf-8", "APPLICATION/JSON", "application/vnd.api+json"):
        assert ask("POST", "/v1/estimate", body, headers={"content-type": kind}).status_code == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_another_method_is_told_which_one_there_is(method):
    found = ask(method, "/v1/estimate")
    assert found.status_code == 405
    assert found.headers["allow"] == "POST"


def test_a_path_that_is_none_is_told_where_the_paths_are():
    found = ask("GET", "/v1/estimates")
    assert found.status_code == 404
    assert "/openapi.json" in found.json()["detail"][0]["msg"]


def test_pages_elsewhere_may_ask_only_where_they_are_named():
    from asked import knowledge

    from bench.service.app import create_app

    origin = {**JSON, "origin": "https://pages.example"}
    body = json.dumps(CHAT).encode()
    named = create_app(knowledge(), origins=["https://pages.example"])
    allowed = ask("POST", "/v1/estimate", body, headers=origin, app=named)
    assert "access-control-allow-origin" not in ask("POST", "/v1/estimate", body, headers=origin).headers
    assert allowed.headers["access-control-allow-origin"] == "https://pages.example"
    asked_first = {**origin, "access-control-request-method": "POST"}
    assert ask("OPTIONS", "/v1/estimate", headers=asked_first, app=named).status_code == 200


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(
    changed=st.dictionaries(
        st.sampled_from([*CHAT, "chars", "batch", "pue", "market_kind", "lang", "é", ""]), _VALUES, max_size=3
    ),
    path=st.sampled_from(["/v1/estimate", "/v1/estimate/batch", "/calculate-raw"]),
)
def test_whatever_comes_the_answer_is_json_without_nan_and_no_error_of_the_service(changed, path):
    body = CHAT | changed
    sent = {"requests": [body, body]} if path.endswith("batch") else body
    found = ask("POST", path, json.dumps(sent).encode())
    assert found.status_code in (200, 409, 422)
    json.loads(found.content, parse_constant=lambda text: pytest.fail(f"{text} in an answer"))
    assert b"Traceback" not in found.content


def test_a_figure_beyond_any_number_is_refused():
    older = {"region": {}, "hardware": {}, "profile": {"throughput": 5e-324}}
    status, found = post("/calculate-raw", older)
    assert status == 409
    assert "beyond any number" in found["detail"][0]["msg"]
    assert estimate(CHAT | {"count": 1e15})[0] == 200
