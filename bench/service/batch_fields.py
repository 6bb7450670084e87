"""The batch's request and answer, as OpenAPI describes them."""

from bench.estimators.wanted import SCOPES
from bench.service.batch import MOST_REQUESTS
from bench.service.batch_columns import MOST_ROWS, NAMES, NUMBERS
from bench.service.fields import Schema


def batch_request_schema() -> Schema:
    """A list of requests, or columns; rows are checked one by one, and refused one by one."""
    row: Schema = {
        "description": "A request, as POST /v1/estimate takes it; what is wrong with it is its own error."
    }
    requests: Schema = {"type": "array", "minItems": 1, "maxItems": MOST_REQUESTS, "items": row}
    return {
        "type": "object",
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
        "properties": {"requests": requests, "columns": _columns()},
    }


def batch_answer_schema() -> Schema:
    """As many estimates as requests, or a list for each figure."""
    counted: Schema = {name: {"type": "integer"} for name in ("schema_version", "count", "refused")}
    listed = {"estimates": {"type": "array", "items": {"type": "object"}}}
    numbers: Schema = {"type": "array", "items": {"type": ["number", "null"]}}
    three: Schema = _object(low=numbers, value=numbers, high=numbers)
    columns = {
        "energy_kwh": three,
        "carbon_g": _object(location={"anyOf": [three, {"type": "null"}]}),
        "basis": {"type": "array", "items": {"type": ["string", "null"]}},
        "errors": {"type": "array", "items": {"type": "object"}},
    }
    return {"anyOf": [_object(**counted, **listed), _object(**counted, **columns)]}


def _columns() -> Schema:
    rows: Schema = {"type": "array", "minItems": 1, "maxItems": MOST_ROWS}  # each is refused by itself

    def many(kind: str, words: str) -> Schema:
        return {"anyOf": [{"type": [kind, "null"]}, rows], "description": words}

    properties: Schema = {name: many("string", "A name, or one for each row.") for name in NAMES}
    properties |= {name: many("number", "A number, or one for each row.") for name in NUMBERS}
    properties["model"] = {
        "anyOf": [{"type": "string", "minLength": 1}, rows],
        "description": "A model, or one for each row.",
    }
    properties |= {"scope": {"enum": [*SCOPES, None]}, "grid": {"enum": ["life_cycle", "direct", None]}}
    return {"type": "object", "additionalProperties": False, "required": ["model"], "properties": properties}


def _object(**fields: object) -> Schema:
    return {"type": "object", "required": list(fields), "properties": fields}
