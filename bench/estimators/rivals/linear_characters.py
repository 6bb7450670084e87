"""The older calculator's linear sibling: a token is four characters, read or written alike, on the GPU alone.

    seconds = (in + out) characters ÷ 4 ÷ tokens a second
    energy  = GPU W × seconds ÷ eta × PUE               it divides by what its sibling multiplies by

Source: github.com/lelierre-dev/env5001 at 7069da8, traitement.py, config/ (no licence stated: the formula is
cited, nothing copied; checked 2026-11-22), whose defaults for a chatbot in France these are.
"""

from bench.estimators.rivals.figure import Rival, RivalFigure, positive, tokens, within
from bench.units import J_PER_KWH

CHARACTERS_PER_TOKEN = 4.0
GPU_W, ETA, TOKENS_PER_S, PUE, GRID_G_PER_KWH = 700.0, 0.7, 150.0, 1.3, 60.0
RIVAL = Rival(
    name="linear characters",
    version="1.0 (env5001, linear)",
    counts="characters ÷ 4, read or written alike, on a whole GPU divided by its utilisation, PUE",
    leaves_out="the CPU, model, batch, language, that reading costs less than writing; hardware, water",
    source="github.com/lelierre-dev/env5001 at 7069da8, traitement.py",
    licence="none stated: the formula is cited",
)


def figure(
    *,
    input_characters: float,
    output_characters: float,
    tokens_per_s: float = TOKENS_PER_S,
    gpu_w: float = GPU_W,
    eta_ratio: float = ETA,
    pue: float = PUE,
    grid_g_per_kwh: float = GRID_G_PER_KWH,
) -> RivalFigure:
    """One request's kWh and g CO2e. Raises BadInput."""
    work = tokens("input_characters", input_characters) + tokens("output_characters", output_characters)
    duration_s = work / CHARACTERS_PER_TOKEN / positive("tokens_per_s", tokens_per_s)
    share = within("eta_ratio", positive("eta_ratio", eta_ratio), 0.0, 1.0)
    drawn_j = within("gpu_w", gpu_w, 0.0, 1e6) * duration_s / share
    energy_kwh = drawn_j * within("pue", pue, 1.0, 10.0) / J_PER_KWH
    carbon_g = energy_kwh * within("grid_g_per_kwh", grid_g_per_kwh, 0.0, 1e4)
    return RivalFigure(rival=RIVAL, energy_kwh=energy_kwh, carbon_g=carbon_g)
