"""The older calculator's request and answer, as OpenAPI describes them (docs/how-to/rivals.md)."""

from bench.estimators.older_api import LONGEST_NAME, MOST_CALLS
from bench.estimators.rivals.figure import MOST_TOKENS
from bench.estimators.rivals.server import MOST_G_PER_KWH, MOST_PUE, MOST_TOKENS_PER_S, MOST_W, OlderServer
from bench.service.fields import Schema

_DEFAULT = OlderServer()
_RESULTS = ("unit_gCO2e", "total_gCO2e", "total_kWh", "total_kgCO2e")


def older_request_schema() -> Schema:
    """The body of POST /calculate-raw: three objects, each field of which has the older calculator's default."""
    return _object(
        region=_object(
            {},
            pue=_number(1, MOST_PUE, _DEFAULT.pue),
            carbon_intensity=_number(0, MOST_G_PER_KWH, _DEFAULT.grid_g_per_kwh),
        ),
        hardware=_object(
            {},
            power_gpu=_number(0, MOST_W, _DEFAULT.gpu_w),
            power_cpu=_number(0, MOST_W, _DEFAULT.cpu_w),
            eta_cpu=_number(0, 1, _DEFAULT.cpu_share_ratio),
        ),
        profile=_object(
            {},
            name={"type": "string", "maxLength": LONGEST_NAME, "default": "custom_request"},
            input_size=_whole(MOST_TOKENS, 1000),
            output_size=_whole(MOST_TOKENS, 500),
            throughput={
                "type": "number",
                "exclusiveMinimum": 0,
                "maximum": MOST_TOKENS_PER_S,
                "default": _DEFAULT.tokens_per_s,
            },
            count=_whole(MOST_CALLS, 1),
        ),
    )


def older_answer_schema() -> Schema:
    """Its answer: `low`, `high` and `older_formula` have the four keys of `results`."""
    results = {name: {"type": "number"} for name in _RESULTS}
    one: Schema = {"type": "object", "required": list(_RESULTS), "properties": results}
    whole: Schema = {"type": "object"}
    names = {"inputs": whole, "performance": whole, "results": one, "low": one, "high": one, "older_formula": one}
    return {"type": "object", "required": list(names), "properties": names}


def _object(needed: Schema | None = None, **fields: Schema) -> Schema:
    required: Schema = {"required": list(fields)} if needed is None else needed
    return {"type": "object", "additionalProperties": False, **required, "properties": fields}


def _number(least: float, most: float, default: float) -> Schema:
    return {"type": "number", "minimum": least, "maximum": most, "default": default}


def _whole(most: float, default: int) -> Schema:
    return {"type": "integer", "minimum": 0, "maximum": int(most), "default": default}
