"""OpenAPI: every example's answer is what the service gives, and schemas take what the service takes."""

import json

import pytest
from asked import CHAT, ask, post, service
from jsonschema import Draft202012Validator

from bench.service.examples import BATCH, ESTIMATES, OLDER, REFUSED


def document():
    return ask("GET", "/openapi.json").json()


def validator(reference):
    whole = document()
    return Draft202012Validator({**reference, "components": whole["components"]})


def posts():
    return [(path, told["post"]) for path, told in document()["paths"].items() if "post" in told]


def test_every_route_of_the_service_is_described_and_no_other():
    described = {(path, method) for path, told in document()["paths"].items() for method in told}
    routes = {(one.path, method.lower()) for one in service().routes for method in one.methods - {"HEAD"}}
    pages = {("/", "get"), ("/docs", "get"), ("/openapi.json", "get")}
    assert described == (routes - pages) | {(path, "post") for path, _ in posts()}
    assert {path for path, _ in posts()} == {"/v1/estimate", "/v1/estimate/batch", "/calculate-raw"}


@pytest.mark.parametrize("path", ["/v1/estimate", "/v1/estimate/batch", "/calculate-raw"])
def test_every_example_is_answered_as_it_says(path):
    described = document()["paths"][path]["post"]
    content = described["requestBody"]["content"]["application/json"]
    answers = described["responses"]["200"]["content"]["application/json"]["examples"]
    assert content["examples"].keys() == answers.keys()
    for name, example in content["examples"].items():
        status, found = post(path, example["value"])
        assert (status, found) == (200, answers[name]["value"])


def test_an_example_of_a_refusal_is_the_service_s_own():
    examples = document()["paths"]["/v1/estimate"]["post"]["responses"]["422"]["content"]["application/json"]
    for name, body in REFUSED.items():
        assert post("/v1/estimate", body) == (422, examples["examples"][name]["value"])


@pytest.mark.parametrize(
    ("path", "bodies"), [("/v1/estimate", ESTIMATES), ("/v1/estimate/batch", BATCH), ("/calculate-raw", OLDER)]
)
def test_schemas_take_what_the_service_takes_and_gives(path, bodies):
    described = document()["paths"][path]["post"]
    asked = validator(described["requestBody"]["content"]["application/json"]["schema"])
    given = validator(described["responses"]["200"]["content"]["application/json"]["schema"])
    for body in bodies.values():
        asked.validate(body)
        given.validate(post(path, body)[1])


@pytest.mark.parametrize("path", ["/v1/models", "/v1/hardware", "/v1/regions", "/health"])
def test_tables_are_as_they_are_described(path):
    described = document()["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    validator(described).validate(ask("GET", path).json())


@pytest.mark.parametrize(
    "changed",
    [
        {"out_tokens": None},
        {"model": "lama"},
        {"in_tokens": -1},
        {"chars": 3},
        {"regoin": "usa"},
        {"region": "nowhere"},
        {"pue": 1.2},
        {"pue": 1.2, "g_per_kwh": 50},
        {"market_factor": 5},
        {"hardware": "h1oo"},
        {"model": "whisper-tiny"},
    ],
)
def test_the_schema_refuses_what_the_service_refuses(changed):
    described = document()["paths"]["/v1/estimate"]["post"]["requestBody"]["content"]["application/json"]
    asked = validator(described["schema"])
    plain = CHAT | {"hardware": "h100-sxm5-80gb", "region": "united states"}
    assert asked.is_valid(plain)
    assert post("/v1/estimate", plain)[0] == 200
    assert not asked.is_valid(plain | changed)
    assert post("/v1/estimate", plain | changed)[0] in (409, 422)


def test_a_refusal_is_as_it_is_described():
    described = document()["paths"]["/v1/estimate"]["post"]["responses"]
    for body, status in (({"model": "x"}, "422"), ({"model": "whisper-large-v3", "audio_seconds": 1}, "409")):
        found = ask("POST", "/v1/estimate", json.dumps(body).encode())
        assert str(found.status_code) == status
        validator(described[status]["content"]["application/json"]["schema"]).validate(found.json())
