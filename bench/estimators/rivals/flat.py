"""The flat formula: so many Wh for a thousand tokens, read or written alike, and a GPU's draw for two seconds.

    texts         (0.6 Wh × (in + out) ÷ 1000 + 250 W × 2 s) × 1.2
    translation   4 mWh × (characters in + out) × 1.2

475 g of CO2e a kWh. Source: github.com/Wiame-raki/FluidTopics_RSE at 1c6ed21, README.md and measure_prototype.py
("internal use": facts cited, nothing copied; checked 2026-11-22). The constants are given there without a source.
"""

from bench.estimators.rivals.figure import Rival, RivalFigure, tokens, within
from bench.units import S_PER_H

KWH_PER_1K_TOKENS, STATIC_KW, LATENCY_S, KWH_PER_CHARACTER = 0.0006, 0.25, 2.0, 4e-6
PUE, GRID_G_PER_KWH = 1.2, 475.0
RIVAL = Rival(
    name="flat Wh per 1k tokens",
    version="2025-12 (FluidTopics_RSE)",
    counts="all tokens alike, 250 W for 2 s a request, PUE 1.2",
    leaves_out="model, hardware, batch, that reading costs less than writing, how long it took; hardware, water",
    source="github.com/Wiame-raki/FluidTopics_RSE at 1c6ed21, measure_prototype.py",
    licence="internal use only: its constants are cited",
)


def figure(
    *,
    input_tokens: float,
    output_tokens: float,
    pue: float = PUE,
    grid_g_per_kwh: float = GRID_G_PER_KWH,
) -> RivalFigure:
    """One request of a language model. Raises BadInput."""
    work = tokens("input_tokens", input_tokens) + tokens("output_tokens", output_tokens)
    return _figure(work / 1e3 * KWH_PER_1K_TOKENS + STATIC_KW * LATENCY_S / S_PER_H, pue, grid_g_per_kwh)


def translation(
    *,
    input_characters: float,
    output_characters: float,
    pue: float = PUE,
    grid_g_per_kwh: float = GRID_G_PER_KWH,
) -> RivalFigure:
    """One translated text. Raises BadInput."""
    work = tokens("input_characters", input_characters) + tokens("output_characters", output_characters)
    return _figure(work * KWH_PER_CHARACTER, pue, grid_g_per_kwh)


def _figure(it_kwh: float, pue: float, grid_g_per_kwh: float) -> RivalFigure:
    energy_kwh = it_kwh * within("pue", pue, 1.0, 10.0)
    carbon_g = energy_kwh * within("grid_g_per_kwh", grid_g_per_kwh, 0.0, 1e4)
    return RivalFigure(rival=RIVAL, energy_kwh=energy_kwh, carbon_g=carbon_g)
