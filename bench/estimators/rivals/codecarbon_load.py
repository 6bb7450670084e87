"""CodeCarbon where it finds no counter: a CPU's design power, by how busy the machine is.

    W = TDP × (0.1 + 0.9 × load³)

Source: codecarbon 3.3.2, codecarbon/external/hardware.py, `cpu_load` of a whole machine (MIT; checked 2026-11-22).
It counts hours of a machine, not requests.
"""

from bench.estimators.rivals.figure import Rival, RivalFigure, within

RIVAL = Rival(
    name="CodeCarbon cpu_load",
    version="3.3.2",
    counts="a CPU by its design power and load, PUE (1 unless told)",
    leaves_out="GPU and memory (other parts of it count them), the power supply; hardware",
    source="codecarbon 3.3.2, codecarbon/external/hardware.py",
    licence="MIT",
)


def figure(*, tdp_w: float, load_ratio: float, hours: float, pue: float = 1.0) -> RivalFigure:
    """A CPU's kWh. Raises BadInput."""
    load = within("load_ratio", load_ratio, 0.0, 1.0)
    power_w = within("tdp_w", tdp_w, 0.0, 1e6) * (0.1 + 0.9 * load**3)
    whole_w = power_w * within("pue", pue, 1.0, 10.0)
    return RivalFigure(rival=RIVAL, energy_kwh=whole_w * within("hours", hours, 0.0, 1e6) / 1e3)
