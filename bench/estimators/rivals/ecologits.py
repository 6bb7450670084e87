"""EcoLogits' formula: output tokens on H100 of 80 GB, 64 requests at once, whatever serves them.

    GPU, Wh a token and GPU   a·e^(b·64)·P + g                          P: active parameters, billions
    latency, s a token        c·P + d·64 + f, or what was measured, whichever is shorter
    GPUs                      2^⌈log2⌈1.2 · P_total · 16/8 ÷ 80⌉⌉        16 bits a weight, GB
    server                    latency × 1.2 kW × GPUs/8 ÷ 64             a server of eight, without its GPUs
    energy                    PUE × (server + GPUs × GPU)
    embodied                  latency ÷ (3 years × 64) × (GPUs/8 × 5700 kg + GPUs × 273 kg)
    water                     energy/PUE × (WUE + PUE × litres of the power plants a kWh)

Source: EcoLogits 0.11.3, github.com/mlco2/ecologits, docs/methodology/llm_inference.md (CC BY-SA 4.0) and
ecologits/impacts/llm.py of PyPI's wheel (MPL-2.0); checked 2026-11-22. The coefficients are its regression on
ML.ENERGY's H100. It runs at the least and the most parameters where a model's are guessed; here it is run once, at
those given.
"""

import math

from bench.errors import BadInput
from bench.estimators.rivals.figure import Rival, RivalFigure, positive, tokens, within
from bench.units import S_PER_H

RIVAL = Rival(
    name="EcoLogits",
    version="0.11.3",
    counts="output tokens on H100s at a batch of 64, the server around them, PUE, embodied share, water",
    leaves_out="input and cached tokens, the batch and hardware at hand, precision, idle time, any interval",
    source="github.com/mlco2/ecologits, docs/methodology/llm_inference.md and ecologits/impacts/llm.py",
    licence="MPL-2.0 (code), CC BY-SA 4.0 (text)",
)
# its defaults for OpenAI on Azure: PUE and litres a kWh of the data centre, and of the plants of the USA
PUE, WUE_L_PER_KWH, PLANT_L_PER_KWH = 1.2, 0.569, 3.1321
GRID_G_PER_KWH = 384.4  # USA 2025, Our World in Data (CC BY 4.0), as 0.11.3 carries it
_ENERGY = (1.1665273170451914e-06, -0.011205921025579175, 4.052928146734005e-05)  # Wh/token/B, 1/batch, Wh/token
_LATENCY = (0.0006785088094353663, 0.0003119310311688259, 0.019473717579473387)  # s/token/B, /batch, s/token
BATCH, _SERVER_KW, _SERVER_GPUS = 64, 1.2, 8
_GPU_GB, _MEMORY_RATIO, _BYTES = 80.0, 1.2, 2.0
_SERVER_KG, _GPU_KG, _LIFE_S = 5700.0, 273.0, 3 * 365 * 24 * S_PER_H
_MOST_B = 1e5  # chosen: beyond any model


def figure(
    *,
    active_params_b: float,
    total_params_b: float,
    output_tokens: float,
    pue: float = PUE,
    grid_g_per_kwh: float = GRID_G_PER_KWH,
    wue_l_per_kwh: float = WUE_L_PER_KWH,
    plant_l_per_kwh: float = PLANT_L_PER_KWH,
    latency_s: float = math.inf,
) -> RivalFigure:
    """One request's kWh, g CO2e of electricity and hardware, litres. Parameters in billions. Raises BadInput."""
    active, total = _sizes(active_params_b, total_params_b)
    tokens("output_tokens", output_tokens)
    if latency_s != math.inf:
        within("latency_s", latency_s, 0.0, math.inf)
    needed = gpus(total)
    generated_s = min(latency_s, output_tokens * token_s(active))
    gpu_kwh = output_tokens * token_wh(active) / 1e3
    server_kwh = server_kwh_of(generated_s, needed)
    it_kwh = server_kwh + needed * gpu_kwh
    energy_kwh = within("pue", pue, 1.0, 10.0) * it_kwh
    hardware_kg = needed / _SERVER_GPUS * _SERVER_KG + needed * _GPU_KG
    litres = within("wue_l_per_kwh", wue_l_per_kwh, 0.0, 100.0)
    litres += pue * within("plant_l_per_kwh", plant_l_per_kwh, 0.0, 100.0)
    return RivalFigure(
        rival=RIVAL,
        energy_kwh=energy_kwh,
        carbon_g=energy_kwh * within("grid_g_per_kwh", grid_g_per_kwh, 0.0, 1e4),
        embodied_g=1e3 * generated_s * hardware_kg / (_LIFE_S * BATCH),
        water_l=it_kwh * litres,
    )


def token_wh(active_params_b: float, batch: float = BATCH) -> float:
    """Wh of one GPU for an output token, where so many requests run at once."""
    return _ENERGY[0] * math.exp(_ENERGY[1] * batch) * active_params_b + _ENERGY[2]


def token_s(active_params_b: float, batch: float = BATCH) -> float:
    """Seconds an output token takes."""
    return _LATENCY[0] * active_params_b + _LATENCY[1] * batch + _LATENCY[2]


def server_kwh_of(generated_s: float, cards: float, batch: float = BATCH) -> float:
    """kWh of the server without its GPUs, a request's share of it while it is answered."""
    return generated_s / S_PER_H * _SERVER_KW * cards / _SERVER_GPUS / batch


def gpus(total_params_b: float) -> int:
    """How many GPUs it takes the model to need: a power of two."""
    boards = math.ceil(_MEMORY_RATIO * total_params_b * _BYTES / _GPU_GB)
    return int(2 ** math.ceil(math.log2(boards)))


def _sizes(active: float, total: float) -> tuple[float, float]:
    for name, found in (("active_params_b", active), ("total_params_b", total)):
        within(name, positive(name, found), 0.0, _MOST_B)
    if active > total:
        raise BadInput(f"active_params_b is {active:g} of {total:g} in all; needed is no more than all")
    return active, total
