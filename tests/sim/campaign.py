"""One window after another on simulated boards and a virtual clock: what Joulemark says, and the truth."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from sim.board import Board, Steps, looks
from sim.classes import SensorClass

from bench.nouns import Outcome, Source, Trace, Usage, Window, WindowEnergy
from bench.physics.energy import window_energies
from bench.physics.look import look_at
from bench.physics.series import series
from bench.physics.trains import Timetable
from bench.physics.view import dither_s
from bench.sensing.recorder import APPROACH_S, period_s, rest_s

IDLE_W, BUSY_W = 80.0, 300.0
IDLE_S, WARMUP_S = 5.0, 2.0  # as long as a suite's
LATE_S = 0.0005  # a sleeping process wakes about this late
Load = Callable[
    [np.random.Generator], Iterator[tuple[float, float]]
]  # (seconds, watts) of each request, in pieces


@dataclass(frozen=True, kw_only=True)
class Told:
    """What was said of one window, and what was true of the very span that was said."""

    energy: WindowEnergy
    truth_j: float
    requests: int
    busy_j: float  # above idle, of all requests together
    window: Window
    board: Board

    @property
    def per_request_ratio(self) -> float:
        """The relative error of the energy above idle of one request: what a coefficient is made of."""
        above_j = (
            self.energy.energy_j / self.board.gain - IDLE_W * (self.energy.end_ns - self.energy.start_ns) * 1e-9
        )
        return above_j / self.busy_j - 1

    @property
    def error_ratio(self) -> float:
        """The relative error of the energy."""
        return self.energy.energy_j / self.truth_j - 1

    @property
    def covered(self) -> bool:
        """Whether the interval holds the truth."""
        return self.energy.low_j <= self.truth_j <= self.energy.high_j

    def without_gain(self) -> "tuple[bool, float]":
        """Whether the interval without the gain's part holds the truth, and its relative half-width."""
        from bench.physics.budget import GAIN, Budget

        parts = dict(self.energy.components)
        low, high = parts.pop("unseen_low_j", 0.0), parts.pop("unseen_high_j", 0.0)
        half_j = Budget(standard_j=parts, freedom=self.energy.freedom).half_width_j(without=GAIN)
        held = -half_j - low <= self.truth_j - self.energy.energy_j <= half_j + high
        return held, (half_j + max(low, high)) / self.energy.energy_j


def requests_of(mean_s: float, spread: float) -> Load:
    """Requests of log-normal length, each a short peak and a long plateau, powers drawn once a request."""

    def load(rng: np.random.Generator) -> Iterator[tuple[float, float]]:
        while True:
            length_s = mean_s * float(rng.lognormal(-(spread**2) / 2, spread)) if spread else mean_s
            yield 0.2 * length_s, BUSY_W * float(rng.uniform(1.0, 1.25))
            yield 0.8 * length_s, BUSY_W * float(rng.uniform(0.7, 1.0))

    return load


def in_step(period_s: float, duty: float) -> Load:
    """Requests that are busy for a part of an exact period: what keeps in step with a sensor."""

    def load(_: np.random.Generator) -> Iterator[tuple[float, float]]:
        while True:
            yield duty * period_s, BUSY_W
            yield (1 - duty) * period_s, IDLE_W

    return load


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A kind of board, and the chance behind one window on it."""

    of: SensorClass
    counter: str
    rng: np.random.Generator
    gain: float = 1.0
    name_known: bool = True
    flaws: Mapping[str, float] = field(default_factory=dict)  # what its board has of Board's flaws

    def board(self, power: Steps) -> Board:
        """A board of its own phase under this power."""
        return Board(
            of=self.of, power=power, counter=self.counter, gain=self.gain,
            phase_s=float(self.rng.uniform(0, 0.1)), name_known=self.name_known, **self.flaws,
        )  # fmt: skip

    @property
    def source(self) -> Source:
        """What the meter would say of it before anything ran."""
        return self.board(Steps(np.array([0.0]), np.array([IDLE_W]))).source

    @property
    def rest_s(self) -> float:
        """The idle that a window on it needs on either side."""
        return rest_s((self.source,))


def tell(bench: Bench, load: Load, duration_s: float, *, driven: bool = True) -> Told:
    """One window of work between rests, driven in trains where the board's sensor is gated."""
    rng = bench.rng
    start_s = 1000.0 + bench.rest_s + APPROACH_S + float(rng.uniform(0, 1))
    spread_s = spread_over(bench, load) if driven else None
    pieces, outcomes, end_s = _drive(load(rng), start_s, duration_s, rng, spread_s)
    power = Steps(np.array([900.0, *(p[0] for p in pieces)]), np.array([IDLE_W, *(p[1] for p in pieces)]))
    return observe(bench, power, start_s, end_s, outcomes if driven else ())


def spread_over(bench: Bench, load: Load) -> float | None:
    """The period that trains are spread over: what a run reads off idle and warm-up, not what is true."""
    pieces, _, end_s = _drive(load(bench.rng), 500.0 + IDLE_S, WARMUP_S, bench.rng, None)
    power = Steps(np.array([400.0, *(p[0] for p in pieces)]), np.array([IDLE_W, *(p[1] for p in pieces)]))
    board = bench.board(power)
    seen = looks(500.0, end_s + bench.rest_s, (500.0, end_s), bench.rng, period_s((board.source,), 0.05))
    return dither_s(look_at(board.source, series(board.readings(seen))).passport)


def observe(bench: Bench, power: Steps, start_s: float, end_s: float, outcomes: Sequence[Outcome] = ()) -> Told:
    """One window on a board under a given power, polled as the sampler polls."""
    board = bench.board(power)
    rest = bench.rest_s
    window = _window(start_s, end_s)
    seen = looks(
        start_s - rest - APPROACH_S, end_s + rest, (start_s - APPROACH_S, end_s), bench.rng,
        period_s((board.source,), 0.05),
    )  # fmt: skip
    trace = Trace(observations=board.readings(seen), windows=(window,))
    (energy,) = window_energies(trace, (board.source,), (), outcomes)
    truth_j = power.energy_j(energy.start_ns * 1e-9, energy.end_ns * 1e-9)
    busy_j = power.energy_j(start_s, end_s) - IDLE_W * (end_s - start_s)
    return Told(energy=energy, truth_j=truth_j, requests=len(outcomes), busy_j=busy_j, window=window, board=board)


def counter_at_both_ends_j(told: Told) -> float | None:
    """What a tool says that reads the counter at both ends of the window, as the peers do."""
    if told.board.counter == "none":
        return None
    ends = np.array([told.window.start_ns * 1e-9, told.window.end_ns * 1e-9])
    first, last = [r.value for r in told.board.readings(ends) if r.field == "counter"]
    return last - first


def _drive(
    load: Iterator[tuple[float, float]],
    start_s: float,
    duration_s: float,
    rng: np.random.Generator,
    spread_s: float | None,
) -> tuple[list[tuple[float, float]], tuple[Outcome, ...], float]:
    """The power from each moment on, the outcomes, and the end: requests of two pieces until the time is over."""
    timetable = Timetable(spread_s, int(rng.integers(1 << 30)), duration_s) if spread_s else None
    pieces, outcomes, train, train_start = [], [], -1, -1e9
    now = start_s
    while now < start_s + duration_s:
        if timetable and now - train_start >= timetable.train_s:
            pieces.append((now, IDLE_W))
            now = timetable.departure_ns(round(now * 1e9)) * 1e-9 + float(rng.exponential(LATE_S))
            train, train_start = train + 1, now
        begin = now
        for _ in range(2):
            length_s, watts = next(load)
            pieces.append((now, watts))
            now += length_s
        outcomes.append(_outcome(begin, now, train if timetable else None))
    pieces.append((now, IDLE_W))
    return pieces, tuple(outcomes), now


def _outcome(start_s: float, end_s: float, train: int | None) -> Outcome:
    usage = Usage(requests=1)
    return Outcome(
        request_id="r", batch_id=0, train_id=train, start_ns=round(start_s * 1e9), first_output_ns=None,
        end_ns=round(end_s * 1e9), requested=usage, achieved=usage,
    )  # fmt: skip


def _window(start_s: float, end_s: float) -> Window:
    return Window(phase="work", label="1", start_ns=round(start_s * 1e9), end_ns=round(end_s * 1e9))
