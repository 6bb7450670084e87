"""A metered command inside a load that is not its own: no rest stands at its edges, and the interval knows it."""

import numpy as np
import pytest
from sim.board import Steps
from sim.campaign import Bench, observe
from sim.classes import CLASSES

BY_NAME = {of.name: of for of in CLASSES}
WINDOWS = 60


def swinging(rng):
    """Pieces of 60 or 380 W, each of some tens of milliseconds, long before the window and after it."""
    t_s, pieces = 990.0, [(900.0, 80.0)]
    while t_s < 1030.0:
        pieces.append((t_s, float(rng.choice([60.0, 380.0]))))
        t_s += float(rng.uniform(0.02, 0.3))
    return Steps(np.array([p[0] for p in pieces]), np.array([p[1] for p in pieces]))


@pytest.mark.parametrize(
    ("of", "counter"),
    [("turing", "whole"), ("ada", "gated"), ("ada", "none"), ("hopper", "gated"), ("hopper", "none"),
     ("grace", "gated")],
)  # fmt: skip
def test_an_edge_in_a_swinging_load_is_in_the_interval(of, counter):
    """The truth of the very span that is told lies inside, without the gain's help, 19 times in 20."""
    held = 0
    for seed in range(WINDOWS):
        rng = np.random.default_rng((7, seed))
        start_s = 1003.0 + float(rng.uniform(0, 0.1))
        told = observe(Bench(of=BY_NAME[of], counter=counter, rng=rng), swinging(rng), start_s, start_s + 1.0)
        held += told.without_gain()[0]

    # 57 of 60 are asked; 53 are still there once in a hundred thousand where 95 % is true
    assert held >= 53
