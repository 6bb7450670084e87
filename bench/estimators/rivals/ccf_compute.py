"""Cloud Carbon Footprint's compute estimate: watts a thread, on a line from idle to full.

    W = threads × (least + utilisation × (most − least)) × PUE

Half busy unless told, PUE 1.185 on Azure. Source: cloud-carbon-footprint at b7a049c7 of 2024-03-25,
AzureFootprintEstimationConstants.ts (Apache-2.0; checked 2026-11-22). It counts hours of a machine, not requests.
"""

from bench.errors import BadInput
from bench.estimators.rivals.figure import Rival, RivalFigure, within

UTILISATION_RATIO, PUE = 0.5, 1.185
RIVAL = Rival(
    name="Cloud Carbon Footprint compute",
    version="2024-03",
    counts="a server's share at the wall (memory, disk and supply inside), PUE",
    leaves_out="GPUs (their watts are design power), how busy it was unless told; hardware (elsewhere)",
    source="github.com/cloud-carbon-footprint/cloud-carbon-footprint at b7a049c7",
    licence="Apache-2.0",
)


def figure(
    *,
    threads: float,
    least_w: float,
    most_w: float,
    hours: float,
    utilisation_ratio: float = UTILISATION_RATIO,
    pue: float = PUE,
) -> RivalFigure:
    """A machine's kWh; watts are a thread's. Raises BadInput."""
    within("least_w", least_w, 0.0, 1e3)
    within("most_w", most_w, 0.0, 1e3)
    if least_w > most_w:
        raise BadInput(f"least_w is {least_w:g} and most_w {most_w:g}; needed is least_w ≤ most_w")
    a_thread_w = least_w + within("utilisation_ratio", utilisation_ratio, 0.0, 1.0) * (most_w - least_w)
    power_w = within("threads", threads, 0.0, 1e6) * a_thread_w * within("pue", pue, 1.0, 10.0)
    return RivalFigure(rival=RIVAL, energy_kwh=power_w * within("hours", hours, 0.0, 1e6) / 1e3)
