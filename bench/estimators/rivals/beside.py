"""All rivals that answer for one request, each as it was published, to be shown beside an estimate of ours."""

from dataclasses import dataclass, replace

from bench.estimators.rivals import corrected_input, ecologits, flat, linear_characters, squared_input
from bench.estimators.rivals.figure import RivalFigure
from bench.estimators.rivals.server import OlderServer


@dataclass(frozen=True, slots=True, kw_only=True)
class RivalRequest:
    """What the formulas may know of a request; parameters in billions.

    None: each takes what it was published with. `gpu_w` is the power limit of the card, `tokens_per_s` the speed
    at which one answer is written.
    """

    input_tokens: float
    output_tokens: float
    active_params_b: float | None = None
    total_params_b: float | None = None
    pue: float | None = None
    grid_g_per_kwh: float | None = None
    gpu_w: float | None = None
    tokens_per_s: float | None = None


def beside(request: RivalRequest) -> tuple[RivalFigure, ...]:
    """A figure of each rival; EcoLogits' only where the model's size is known. Raises BadInput."""
    place = _told(pue=request.pue, grid_g_per_kwh=request.grid_g_per_kwh)
    machine = _told(gpu_w=request.gpu_w, tokens_per_s=request.tokens_per_s)
    work = {"input_tokens": request.input_tokens, "output_tokens": request.output_tokens}
    server = replace(OlderServer(), **place, **machine)
    found = [
        flat.figure(**work, **place),
        linear_characters.figure(
            input_characters=request.input_tokens * linear_characters.CHARACTERS_PER_TOKEN,
            output_characters=request.output_tokens * linear_characters.CHARACTERS_PER_TOKEN,
            **place,
            **machine,
        ),
        corrected_input.figure(**work, server=server),
        squared_input.figure(**work, server=server),
    ]
    size = request.active_params_b or request.total_params_b
    if size is None:
        return tuple(found)
    own = ecologits.figure(
        active_params_b=size,
        total_params_b=request.total_params_b or size,
        output_tokens=request.output_tokens,
        **place,
    )
    return (own, *found)


def _told(**found: float | None) -> dict[str, float]:
    return {name: value for name, value in found.items() if value is not None}
