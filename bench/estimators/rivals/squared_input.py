"""The squared-input formula: seconds = (in² + out) ÷ tokens a second, the whole server's.

Attention does grow with the square of a prompt, but it is a small part: 2 % of what reading 1000 tokens takes in a
7B model (2·32·4096·1000² of 2·7e9·1000 operations; bench.estimators.roofline). Here the square is all of it, and
counts in the time of a decoded token.
Source: github.com/LaurealDente/env5001 at ee2eddf, traitement.py, `get_t_compute` (no licence stated: the formula
is cited, nothing copied; checked 2026-11-22). A comment of its authors there says that it is a mistake, and gives
what bench.estimators.rivals.corrected_input holds.
"""

from bench.estimators.rivals.figure import Rival, RivalFigure, tokens
from bench.estimators.rivals.server import OlderServer

RIVAL = Rival(
    name="squared input",
    version="3.0.0 (env5001)",
    counts="in² + out, in units of a decoded token's time, on a whole GPU and CPU, PUE",
    leaves_out="that a prompt is read at once, model, batch; hardware, water",
    source="github.com/LaurealDente/env5001 at ee2eddf, traitement.py",
    licence="none stated: the formula is cited",
)


def duration_s(input_tokens: float, output_tokens: float, tokens_per_s: float) -> float:
    """The seconds that it says a request takes."""
    read = tokens("profile.input_size", input_tokens)
    return (read * read + tokens("profile.output_size", output_tokens)) / tokens_per_s


def figure(*, input_tokens: float, output_tokens: float, server: OlderServer) -> RivalFigure:
    """One request's kWh and g CO2e. Raises BadInput."""
    energy_kwh = server.energy_kwh(duration_s(input_tokens, output_tokens, server.tokens_per_s))
    return RivalFigure(rival=RIVAL, energy_kwh=energy_kwh, carbon_g=energy_kwh * server.grid_g_per_kwh)
