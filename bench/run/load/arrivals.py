"""When requests are to be sent: every draw is made before the window, from its seed, and looks at no answer."""

import math
import random
from collections.abc import Iterator


def poisson(rate_per_s: float, duration_s: float, seed: int) -> tuple[float, ...]:
    """Arrivals (s from the start) of a Poisson process over [0, duration): gaps are exponential draws.

    P(gap > t) = exp(-rate × t) (Kingman, Poisson Processes, 1993, section 4.1; checked 2026-11-21). None may come.
    """
    draws = random.Random(seed)
    found, at_s = [], draws.expovariate(rate_per_s)
    while at_s < duration_s:
        found.append(at_s)
        at_s += draws.expovariate(rate_per_s)
    return tuple(found)


def rest_of_pause(least_s: float, most_s: float, seed: int) -> float:
    """What is left of the pause in which a window finds a user who has been asking for long (s).

    A moment falls into a pause in proportion to its length, and anywhere in it (renewal theory: Cox, Renewal
    Theory, 1962, section 5.2; checked 2026-11-21): for pauses even over [a, b] a length √(a² + u (b² − a²)), and
    an even part of it. Users who all began with a whole pause would leave the window's first half second idle.
    """
    draws = random.Random(f"rest {seed}")
    length_s = math.sqrt(least_s**2 + draws.random() * (most_s**2 - least_s**2))
    return draws.random() * length_s


def thinking(least_s: float, most_s: float, seed: int) -> Iterator[float]:
    """The pauses of one user, evenly drawn, without end."""
    draws = random.Random(seed)
    while True:
        yield draws.uniform(least_s, most_s)
