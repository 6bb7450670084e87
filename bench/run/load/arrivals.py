"""When requests are to be sent: every draw is made before the window, from its seed, and looks at no answer."""

import random
from collections.abc import Iterator


def poisson(rate_per_s: float, duration_s: float, seed: int) -> tuple[float, ...]:
    """Arrivals (s from the start) of a Poisson process over [0, duration): gaps are exponential draws.

    P(gap > t) = exp(-rate × t) (Kingman, Poisson Processes, 1993, section 4.1; checked 2026-11-21). At least one.
    """
    draws = random.Random(seed)
    found, at_s = [], draws.expovariate(rate_per_s)
    while at_s < duration_s:
        found.append(at_s)
        at_s += draws.expovariate(rate_per_s)
    return tuple(found) or (0.0,)


def thinking(least_s: float, most_s: float, seed: int) -> Iterator[float]:
    """The pauses of one user, evenly drawn, without end."""
    draws = random.Random(seed)
    while True:
        yield draws.uniform(least_s, most_s)
