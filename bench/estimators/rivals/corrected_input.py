"""The older calculator as its authors would have it: seconds = (in ÷ 100 + out) ÷ tokens a second.

Source: github.com/LaurealDente/env5001 at ee2eddf, the comment in traitement.py, `get_t_compute` (no licence
stated: the formula is cited, nothing copied; checked 2026-11-22). That a prompt is read a hundred times as fast as
an answer is written has no source there; what was measured is in bench.estimators.prefill.
"""

from bench.estimators.rivals.figure import Rival, RivalFigure, tokens
from bench.estimators.rivals.server import OlderServer

PREFILL_RATIO = 100.0
RIVAL = Rival(
    name="corrected input",
    version="3.0.0, in a comment (env5001)",
    counts="in/100 + out, in units of a decoded token's time, on a whole GPU and CPU, PUE",
    leaves_out="model, batch, how fast a prompt was really read; hardware, water",
    source="github.com/LaurealDente/env5001 at ee2eddf, traitement.py, a comment",
    licence="none stated: the formula is cited",
)


def duration_s(input_tokens: float, output_tokens: float, tokens_per_s: float) -> float:
    """The seconds that it says a request takes."""
    read = tokens("profile.input_size", input_tokens) / PREFILL_RATIO
    return (read + tokens("profile.output_size", output_tokens)) / tokens_per_s


def figure(*, input_tokens: float, output_tokens: float, server: OlderServer) -> RivalFigure:
    """One request's kWh and g CO2e. Raises BadInput."""
    energy_kwh = server.energy_kwh(duration_s(input_tokens, output_tokens, server.tokens_per_s))
    return RivalFigure(rival=RIVAL, energy_kwh=energy_kwh, carbon_g=energy_kwh * server.grid_g_per_kwh)
