"""The older calculator's request and answer (`POST /calculate-raw`), a prompt read as fast as it was measured.

    decode   = output ÷ throughput
    prefill  = input ÷ (throughput × prefill-to-decode ratio)
    energy   = (GPU W × (1 − eta_cpu) + CPU W × eta_cpu) × (prefill + decode) × PUE

Watts, throughput, PUE and g/kWh are taken as said: low and high hold the ratio's spread alone. Sizes are tokens.
The shapes are those of version 3.0.0 (github.com/LaurealDente/env5001 at ee2eddf, api.py; checked 2026-11-22); its
defaults are OlderServer's and those of OlderRequest. Where it rounded to four decimals, a request of 0.4 Wh was
nothing: figures here keep seven digits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from bench.errors import BadInput
from bench.estimators.prefill import ON_GPUS, PrefillRatio
from bench.estimators.rivals import squared_input
from bench.estimators.rivals.figure import tokens, within
from bench.estimators.rivals.server import OlderServer

OLDER_FORMULA = "quadratic (input²)"  # what version 3.0.0 answers as `formula_used`
FORMULA = "decode: output ÷ throughput; prefill: input ÷ (throughput × measured ratio)"
MOST_CALLS, LONGEST_NAME, _DIGITS = 10**12, 200, 7
_SECTIONS: Mapping[str, Mapping[str, str]] = {  # their field → ours
    "region": {"pue": "pue", "carbon_intensity": "grid_g_per_kwh"},
    "hardware": {"power_gpu": "gpu_w", "power_cpu": "cpu_w", "eta_cpu": "cpu_share_ratio"},
    "profile": {
        "name": "name",
        "input_size": "input_size",
        "output_size": "output_size",
        "throughput": "tokens_per_s",
        "count": "count",
    },
}
_WHOLE = ("input_size", "output_size", "count")


@dataclass(frozen=True, slots=True, kw_only=True)
class OlderRequest:
    """A request of the older API. Raises BadInput that begins with the field's path, as profile.count."""

    server: OlderServer
    name: str = "custom_request"
    input_size: int = 1000
    output_size: int = 500
    count: int = 1

    def __post_init__(self) -> None:
        tokens("profile.input_size", self.input_size)
        tokens("profile.output_size", self.output_size)
        within("profile.count", self.count, 0, MOST_CALLS)
        if len(self.name) > LONGEST_NAME:
            raise BadInput(f"profile.name has {len(self.name)} characters; needed is {LONGEST_NAME} at most")


def older_request(body: object) -> OlderRequest:
    """The request in a JSON body: three objects, each field of which has a default.

    Raises BadInput that begins with the field's path, and names the nearest field where one is not known.
    """
    whole = _object(body, "body")
    _known(whole, "body", tuple(_SECTIONS))
    found: dict[str, float | str] = {}
    for section, fields in _SECTIONS.items():
        if section not in whole:
            raise BadInput(f"{section} is missing; needed are the objects {', '.join(_SECTIONS)}")
        told = _object(whole[section], section)
        _known(told, section, tuple(fields))
        found |= {fields[name]: _value(f"{section}.{name}", name, value) for name, value in told.items()}
    own = {name: found.pop(name) for name in ("name", *_WHOLE) if name in found}
    return OlderRequest(server=OlderServer(**found), **own)  # type: ignore[arg-type]  # _value saw to each


def calculate(request: OlderRequest, *, prefill: PrefillRatio = ON_GPUS) -> dict[str, object]:
    """The older answer's fields; `low`, `high`, `older_formula` beside them, each with the keys of `results`."""
    server, ratio = request.server, prefill.ratio
    decode_s = request.output_size / server.tokens_per_s
    spans_s = {one: decode_s + request.input_size / (server.tokens_per_s * one) for one in ratio}
    older = squared_input.duration_s(request.input_size, request.output_size, server.tokens_per_s)
    return {
        "inputs": {
            "profile": request.name,
            "volume": request.count,
            "region_carbon": server.grid_g_per_kwh,
        },
        "performance": {
            "time_per_request_sec": _short(spans_s[ratio.value]),
            "prefill_time_sec": _short(spans_s[ratio.value] - decode_s),
            "decode_time_sec": _short(decode_s),
            "formula_used": FORMULA,
            "prefill_to_decode": {"low": ratio.low, "value": ratio.value, "high": ratio.high},
            "measured_on": prefill.measured_on,
            "source": f"{prefill.source}; {prefill.licence}",
        },
        "results": _results(request, spans_s[ratio.value]),
        "low": _results(request, spans_s[ratio.high]),  # the faster a prompt is read, the less it takes
        "high": _results(request, spans_s[ratio.low]),
        "older_formula": _results(request, older) | {"formula_used": OLDER_FORMULA, "rival": _label()},
    }


def _results(request: OlderRequest, duration_s: float) -> dict[str, object]:
    a_call_kwh = request.server.energy_kwh(duration_s)
    a_call_g = a_call_kwh * request.server.grid_g_per_kwh
    return {
        "unit_gCO2e": _short(a_call_g),
        "total_gCO2e": _short(a_call_g * request.count),
        "total_kWh": _short(a_call_kwh * request.count),
        "total_kgCO2e": _short(a_call_g * request.count / 1e3),
    }


def _label() -> str:
    return f"{squared_input.RIVAL.name} {squared_input.RIVAL.version}"


def _short(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


def _object(found: object, path: str) -> Mapping[str, object]:
    if not isinstance(found, Mapping):
        raise BadInput(f"{path} is {found!r:.60}; needed is an object")
    return found


def _known(told: Mapping[str, object], path: str, names: tuple[str, ...]) -> None:
    for name in told:
        if name not in names:
            near = get_close_matches(str(name), names, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(names)}"
            raise BadInput(f"{path}.{str(name)[:60]} is no field of it; {hint}")


def _value(path: str, name: str, found: object) -> float | str:
    """A field's value, of the type that the older API gives it."""
    if name == "name":
        if not isinstance(found, str):
            raise BadInput(f"{path} is {found!r:.60}; needed is text")
        return found
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise BadInput(f"{path} is {found!r:.60}; needed is a number")
    if isinstance(found, int) and abs(found) > 10**15:
        raise BadInput(f"{path} is an integer beyond any; needed is a number that a request can have")
    if name in _WHOLE:
        if found != found or found in (float("inf"), float("-inf")) or found != int(found):
            raise BadInput(f"{path} is {found:g}; needed is a whole number")
        return int(found)
    return float(found)
