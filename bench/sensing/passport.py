"""Readings under known steps of load, from which a sensor's passport is made: never interprets them."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from bench.nouns import Load, Observation, Window
from bench.physics.steps import LEAST_STEP_S
from bench.sensing.sampler import Sampler

STEPS = 16  # sixteen on, sixteen off: each renewal after each of them is one point of the sensor's ramp
POLL_S = 0.0047  # out of step with every period known, so that looks sweep over the moment of a renewal
_SPREAD_S = 0.4  # longer than any period, so that the steps fall on all phases of it
WATCH_S = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What the sensors said, and the spans in which the device was kept busy: windows of phase work."""

    observations: tuple[Observation, ...]
    windows: tuple[Window, ...]


def watch_steps(
    sampler: Sampler, load: Load, *, seed: int = 0, sleep: Callable[[float], None] = time.sleep
) -> Watched:
    """Sixteen spans of load between pauses, each of a length of its own. About a minute."""
    lengths, windows = random.Random(seed), []
    for index in range(STEPS):
        sampler.burst(2 * (LEAST_STEP_S + _SPREAD_S) + 0.5, POLL_S)
        sleep(LEAST_STEP_S + _SPREAD_S * lengths.random())
        start_ns, end_ns = load.keep_busy(LEAST_STEP_S + _SPREAD_S * lengths.random())
        windows.append(Window(phase="work", label=f"step-{index + 1}", start_ns=start_ns, end_ns=end_ns))
    sampler.burst(LEAST_STEP_S + 0.2, POLL_S)
    sleep(LEAST_STEP_S + 0.2)
    return Watched(observations=sampler.collect(), windows=tuple(windows))


def watch(sampler: Sampler, *, sleep: Callable[[float], None] = time.sleep) -> Watched:
    """Some seconds of whatever is going on: periods, noise and fields show, windows and lags do not."""
    sampler.burst(WATCH_S, POLL_S)
    sleep(WATCH_S)
    return Watched(observations=sampler.collect(), windows=())
