"""The Teads curve: a server's watts from its CPU's design power and load, between four points.

    load 0, 10, 50, 100 %  →  0.12, 0.32, 0.75, 1.02 × TDP; straight lines between

Source: the manifests of Green Software Foundation's Impact Framework at 0829a399 (MIT; checked 2026-11-22). It
counts hours of a machine, not requests.
"""

from itertools import pairwise

from bench.estimators.rivals.figure import Rival, RivalFigure, within

RIVAL = Rival(
    name="Teads curve",
    version="Impact Framework manifests",
    counts="a server by its CPU's design power and load",
    leaves_out="GPUs, PUE; hardware",
    source="github.com/Green-Software-Foundation/if at 0829a399, manifests",
    licence="MIT",
)
_POINTS = ((0.0, 0.12), (0.1, 0.32), (0.5, 0.75), (1.0, 1.02))


def figure(*, tdp_w: float, load_ratio: float, hours: float) -> RivalFigure:
    """A server's kWh. Raises BadInput."""
    load = within("load_ratio", load_ratio, 0.0, 1.0)
    (x0, y0), (x1, y1) = next((low, high) for low, high in pairwise(_POINTS) if load <= high[0])
    power_w = within("tdp_w", tdp_w, 0.0, 1e6) * (y0 + (load - x0) / (x1 - x0) * (y1 - y0))
    return RivalFigure(rival=RIVAL, energy_kwh=power_w * within("hours", hours, 0.0, 1e6) / 1e3)
