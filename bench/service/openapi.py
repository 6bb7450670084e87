"""The service as OpenAPI 3.1 describes it. Every example's answer is one that the service gives."""

from collections.abc import Callable, Mapping

from bench import __version__
from bench.service.batch_fields import batch_answer_schema, batch_request_schema
from bench.service.examples import BATCH, ESTIMATES, OLDER, REFUSED
from bench.service.fields import Schema, request_schema
from bench.service.knowledge import Knowledge
from bench.service.older_fields import older_answer_schema, older_request_schema

Answering = Callable[[str, object], object]  # a path and a body → the answer's JSON, a refusal's too
_LANG: Schema = {
    "name": "lang",
    "in": "query",
    "required": False,
    "description": "The language of notes and errors, before what Accept-Language asks for; keys stay English.",
    "schema": {"type": "string", "enum": ["en", "fr"]},
}
_REFUSALS: Mapping[str, str] = {
    "408": "The body did not come in time.",
    "409": "Each field is right by itself, and no estimate can rest on what is known of all together.",
    "413": "A body that is too large.",
    "415": "A body that is no application/json.",
    "422": "A field is wrong or missing: `loc` is its path, `near` the nearest names.",
}
_DESCRIPTION = (
    "Energy and grams of AI requests, each as low, value and high, with what they rest on. What is not known is "
    "refused. Fields are those of the command `joulemark estimate`, with underscores."
)


def openapi_of(knowledge: Knowledge, answering: Answering) -> Schema:
    """The description of every route."""
    posts = {
        "/v1/estimate": ("One estimate.", "Request", "Estimate", ESTIMATES),
        "/v1/estimate/batch": ("Many estimates: a list of requests, or columns.", "Batch", "Estimates", BATCH),
        "/calculate-raw": ("The older calculator's route.", "OlderRequest", "OlderAnswer", OLDER),
    }
    gets = {
        "/v1/models": ("What models are known.", "Models"),
        "/v1/hardware": ("What cards and machines are known.", "Hardware"),
        "/v1/regions": ("What places are known, with grams a kWh and PUE.", "Regions"),
        "/health": ("Whether the service is up.", "Health"),
    }
    paths: Schema = {path: {"post": _post(path, *told, answering)} for path, told in posts.items()}
    paths |= {path: {"get": _get(*told)} for path, told in gets.items()}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Joulemark", "version": __version__, "description": _DESCRIPTION},
        "paths": paths,
        "components": {"schemas": _schemas(knowledge)},
    }


def _post(
    path: str, summary: str, asked: str, answer: str, examples: Mapping[str, object], answering: Answering
) -> Schema:
    bodies = {name: {"value": body} for name, body in examples.items()}
    answers = {name: {"value": answering(path, body)} for name, body in examples.items()}
    refusals: dict[str, Schema] = {status: _refusal(words) for status, words in _REFUSALS.items()}
    if path == "/v1/estimate":
        refusals["422"] = _refusal(
            _REFUSALS["422"], {n: {"value": answering(path, b)} for n, b in REFUSED.items()}
        )
    return {
        "summary": summary,
        "operationId": path.strip("/").replace("/", "_").replace("-", "_"),
        "parameters": [_LANG],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _ref(asked), "examples": bodies}},
        },
        "responses": {
            "200": {
                "description": "The answer.",
                "content": {"application/json": {"schema": _ref(answer), "examples": answers}},
            },
            **refusals,
        },
    }


def _get(summary: str, answer: str) -> Schema:
    return {
        "summary": summary,
        "operationId": answer.lower(),
        "responses": {
            "200": {"description": "The table.", "content": {"application/json": {"schema": _ref(answer)}}}
        },
    }


def _refusal(description: str, examples: Schema | None = None) -> Schema:
    content: Schema = {"schema": _ref("Refusal"), **({"examples": examples} if examples else {})}
    return {"description": description, "content": {"application/json": content}}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _schemas(knowledge: Knowledge) -> Schema:
    number, text = {"type": "number"}, {"type": "string"}
    texts: Schema = {"type": "array", "items": text}
    three = _object(low=number, value=number, high=number)
    either: Schema = {"anyOf": [three, {"type": "null"}]}
    maybe: Schema = {"type": ["number", "null"]}
    estimate = _object(
        schema_version={"type": "integer"},
        count=number,
        energy_kwh=three,
        carbon_g=_object(location=either, market=either, embodied=either),
        terms=_object(input=number, output=number, host=number, idle_share=number),
        basis={"enum": ["measured", "fitted", "scaled", "bounded"]},
        method=text,
        rests_on=texts,
        scope=text,
        notes=texts,
    )
    refusal = _object(
        detail={"type": "array", "minItems": 1, "items": {**_object(loc={"type": "array"}, msg=text, type=text)}}
    )
    return {
        "Request": request_schema(knowledge),
        "Estimate": estimate,
        "Batch": batch_request_schema(),
        "Estimates": batch_answer_schema(),
        "OlderRequest": older_request_schema(),
        "OlderAnswer": older_answer_schema(),
        "Refusal": refusal,
        "Models": _table(
            "models", name=text, kind=text, parameters_b=maybe, active_parameters_b=maybe, measured_on=texts
        ),
        "Hardware": _table(
            "hardware", name=text, profile=text, power_limit_w=maybe, memory_gb=maybe, bandwidth_gb_s=maybe
        ),
        "Regions": _table("regions", name=text, country=text, g_per_kwh=either, pue=three, pue_basis=text),
        "Health": _object(status={"const": "ok"}, version=text),
    }


def _table(of: str, /, **columns: Schema) -> Schema:
    return _object(schema_version={"type": "integer"}, **{of: {"type": "array", "items": _object(**columns)}})


def _object(**fields: Schema) -> Schema:
    return {"type": "object", "required": list(fields), "properties": fields}
