"""The table of the meter's truth on a virtual clock: bias, coverage, gates, shapes of power, wraps."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from sim.board import Steps, pulses
from sim.campaign import (
    BUSY_W,
    IDLE_W,
    Bench,
    Load,
    Told,
    counter_at_both_ends_j,
    in_step,
    observe,
    requests_of,
    tell,
)
from sim.classes import CLASSES, COUNTERS, SensorClass

from bench.errors import SensorLost
from bench.meters.rapl import Counter, Zone

GAIN_SIGMA = 0.05 / 1.959964  # 95 % of boards within ±5 %
SHORT_REQUEST_S = 0.15
LENGTHS_S = (1.0, 3.0, 10.0)
GATE_PERIODS_S = (0.05, 0.099, 0.1, 0.101, 0.2, 0.25, 0.3)


@dataclass(frozen=True, kw_only=True)
class Bias:
    """Errors of many windows, as ratios; `naive`: of the counter read at both ends of the same windows."""

    of: str
    counter: str
    windows: int
    mean_ratio: float
    worst_ratio: float  # 95 % of windows are nearer to the truth than this
    naive_worst_ratio: float | None = None  # 95 % likewise
    void: int = 0


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """How often intervals held the truth."""

    of: str
    counter: str
    windows: int
    held_ratio: float
    without_gain_ratio: float
    without_gain_width_ratio: float  # mean half-width over energy
    void: int


def kinds() -> Iterator[tuple[SensorClass, str]]:
    """Every class of sensor with every kind of counter."""
    for of in CLASSES:
        for counter in COUNTERS:
            yield of, counter


def bias(of: SensorClass, counter: str, load: Load, duration_s: float, windows: int, seed: int = 1) -> Bias:
    """The error of single windows of work that Joulemark drives, on boards without gain."""
    told = [tell(_bench(of, counter, seed, i), load, duration_s) for i in range(windows)]
    return _bias(of, counter, told)


def per_request(of: SensorClass, counter: str, windows: int, seed: int = 1) -> Bias:
    """The error of the energy above idle of a 150 ms request, repeated for 10 s."""
    load = requests_of(SHORT_REQUEST_S, 0.0)
    told = [tell(_bench(of, counter, seed, i), load, 10.0) for i in range(windows)]
    errors = [t.per_request_ratio for t in told if t.energy.energy_j is not None]
    one = [_naive_single(_bench(of, counter, seed, i), load) for i in range(windows)] if counter != "none" else []
    return Bias(
        of=of.name, counter=counter, windows=windows, mean_ratio=float(np.mean(errors)),
        worst_ratio=_worst(errors), naive_worst_ratio=_worst(one) if one else None,
        void=windows - len(errors),
    )  # fmt: skip


def coverage(of: SensorClass, counter: str, windows: int, seed: int = 1) -> Coverage:
    """Intervals of windows of 1, 3 and 10 s under irregular work, gains drawn; and once more without any gain."""
    held, bare, widths, void = [], [], [], 0
    for i in range(windows):
        length_s = LENGTHS_S[i % len(LENGTHS_S)]
        load = requests_of((0.05, 0.15, 0.5)[(i // 3) % 3], 0.5)
        gain = 1 + GAIN_SIGMA * float(np.random.default_rng((seed, 2, i)).normal())
        told = tell(_bench(of, counter, seed, i, gain), load, length_s)
        plain = tell(_bench(of, counter, seed, i), load, length_s)
        if told.energy.energy_j is None or plain.energy.energy_j is None:
            void += 1
            continue
        inside, width = plain.without_gain()
        held.append(told.covered)
        bare.append(inside)
        widths.append(width)
    return Coverage(
        of=of.name, counter=counter, windows=len(held), held_ratio=float(np.mean(held)),
        without_gain_ratio=float(np.mean(bare)), without_gain_width_ratio=float(np.mean(widths)), void=void,
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Gate:
    """A load in step with the gate of an A100 or H100, power alone."""

    of: str
    period_s: float
    driven: Bias
    foreign_held_ratio: float  # of the windows that were not refused
    foreign_refused: int
    foreign_width_ratio: float


def gates(of: SensorClass, period_s: float, windows: int, seed: int = 1) -> Gate:
    """Power alone, a load whose period is near a multiple of the gate's: driven, and as a foreign command."""
    load = in_step(period_s, 0.5)
    driven = [tell(_bench(of, "none", seed, i), load, 10.0) for i in range(windows)]
    foreign = [tell(_bench(of, "none", seed, i), load, 10.0, driven=False) for i in range(windows)]
    kept = [t for t in foreign if t.energy.energy_j is not None]
    return Gate(
        of=of.name, period_s=period_s, driven=_bias(of, "none", driven),
        foreign_held_ratio=float(np.mean([t.covered for t in kept])) if kept else 1.0,
        foreign_refused=len(foreign) - len(kept),
        foreign_width_ratio=float(np.mean([t.without_gain()[1] for t in kept])) if kept else 0.0,
    )  # fmt: skip


def shapes(rng: np.random.Generator) -> dict[str, tuple[Steps, float, float]]:
    """Powers that nobody drives, each with a window: constant, step, ramp, bursts of 5 % duty."""
    at = 1000.0 + float(rng.uniform(0, 1))
    ramp_t = np.linspace(at, at + 10.0, 2001)
    ramp = Steps(
        np.concatenate(([900.0], ramp_t)),
        np.concatenate(([IDLE_W], IDLE_W + (BUSY_W - IDLE_W) * (ramp_t - at) / 10.0)),
    )
    starts = at + np.cumsum(rng.uniform(0.8, 1.2, 10)) - 0.5
    return {
        "constant": (Steps(np.array([900.0]), np.array([70.0])), at, at + 10.0),
        "step": (Steps(np.array([900.0, at + 4.0]), np.array([300.0, 100.0])), at, at + 8.0),
        "ramp": (ramp, at, at + 10.0),
        "bursts": (pulses([(s, s + 0.05) for s in starts], IDLE_W, BUSY_W), at, at + 10.0),
    }


def shape_bias(of: SensorClass, counter: str, shape: str, windows: int, seed: int = 1) -> tuple[Bias, float]:
    """The error on one shape of power as a foreign command's, and how often the interval held the truth."""
    told = []
    for i in range(windows):
        bench = _bench(of, counter, seed, i)
        power, start_s, end_s = shapes(bench.rng)[shape]
        told.append(observe(bench, power, start_s, end_s))
    kept = [t for t in told if t.energy.energy_j is not None]
    return _bias(of, counter, told), float(np.mean([t.covered for t in kept])) if kept else 1.0


@dataclass(frozen=True, kw_only=True)
class Wraps:
    """A wrapping counter looked at now and then: how often its energy was exact, refused, or wrong."""

    exact: int
    refused: int
    wrong: int


def wraps(trials: int, seed: int = 1) -> Wraps:
    """RAPL counters of three ranges under the power that packages draw, looks from milliseconds to hours apart."""
    rng, exact, refused, wrong = np.random.default_rng(seed), 0, 0, 0
    for _ in range(trials):
        range_uj = int(rng.choice([65_532_610_987, 262_143_328_850, 2**32]))
        power_w, apart_s = float(rng.uniform(5, 1000)), float(10 ** rng.uniform(-3, 4))
        start_uj = int(rng.integers(range_uj))
        zone = Zone(path=None, name="package-0", domain="cpu-package:0", boundary="cpu", range_uj=range_uj)
        counter, total_uj = Counter(zone=zone, seen_ns=0), None
        try:
            for k in range(4):
                spent_uj = round(power_w * k * apart_s * 1e6)
                raw_uj = (start_uj + spent_uj) % range_uj
                total_uj = counter.unrolled(raw_uj, round(k * apart_s * 1e9), "cpu-package:0") - start_uj
        except SensorLost:
            refused += 1
            continue
        exact += abs(total_uj - spent_uj) <= 4
        wrong += abs(total_uj - spent_uj) > 4
    return Wraps(exact=exact, refused=refused, wrong=wrong)


def _bench(of: SensorClass, counter: str, seed: int, i: int, gain: float = 1.0) -> Bench:
    return Bench(of=of, counter=counter, rng=np.random.default_rng((seed, i)), gain=gain)


def _bias(of: SensorClass, counter: str, told: list[Told]) -> Bias:
    kept = [t for t in told if t.energy.energy_j is not None]
    errors = [t.error_ratio for t in kept]
    naive = [
        j / t.board.power.energy_j(t.window.start_ns * 1e-9, t.window.end_ns * 1e-9) - 1
        for t in kept
        if (j := counter_at_both_ends_j(t)) is not None
    ]
    return Bias(
        of=of.name, counter=counter, windows=len(told), mean_ratio=float(np.mean(errors)) if errors else 0.0,
        worst_ratio=_worst(errors), naive_worst_ratio=_worst(naive) if naive else None, void=len(told) - len(kept),
    )  # fmt: skip


def _naive_single(bench: Bench, load: Load) -> float:
    """The error of the counter read at both ends of one single request."""
    told = tell(bench, load, 0.01, driven=False)
    truth_j = told.board.power.energy_j(told.window.start_ns * 1e-9, told.window.end_ns * 1e-9)
    return counter_at_both_ends_j(told) / truth_j - 1


def _worst(errors: list[float]) -> float:
    return float(np.quantile(np.abs(errors), 0.95)) if errors else 0.0
