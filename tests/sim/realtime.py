"""Every class of sensor at once, in real time: the unmodified sampler and meter on the compiled library.

All boards follow one live load, whose truth has a closed form; each has a phase of its own.
"""

import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sim.build import NvmlSim, build_nvml
from sim.campaign import BUSY_W, IDLE_W
from sim.classes import CLASSES, COUNTERS, SensorClass
from sim.live import LiveLoad

from bench.nouns import Outcome, Trace, Usage, Window, WindowEnergy
from bench.physics.energy import window_energies
from bench.physics.trains import Timetable
from bench.sensing.recorder import APPROACH_S, rest_s
from bench.sensing.sampler import Sampler

REQUEST_S = (0.11, 0.16, 0.21)  # of several lengths, none in step with a sensor


@dataclass(frozen=True, kw_only=True)
class Real:
    """One window on one board, and what was true of the span that was said."""

    of: str
    counter: str
    energy: WindowEnergy
    truth_j: float

    @property
    def error_ratio(self) -> float | None:
        """The relative error; None for a gap."""
        return None if self.energy.energy_j is None else self.energy.energy_j / self.truth_j - 1

    @property
    def held(self) -> bool:
        """Whether the interval holds the truth; a gap says nothing wrong."""
        return self.energy.energy_j is None or self.energy.low_j <= self.truth_j <= self.energy.high_j


def real_time(windows: int, window_s: float) -> list[Real]:
    """So many windows of driven work, on a board of each class with each kind of counter, all at once."""
    kinds = [(of, counter) for of in CLASSES for counter in COUNTERS]
    with tempfile.TemporaryDirectory() as name, _library(Path(name), kinds) as load:
        with Sampler({"nvml": {}}, 0.05) as sampler:
            rest = rest_s(sampler.sources)
            spans, outcomes = _work(load, sampler, rest, windows, window_s)
            time.sleep(rest)
            trace = Trace(observations=sampler.collect(), windows=spans)
            sources = sampler.sources
        energies = window_energies(trace, sources, (), outcomes)
        named = {f"gpu:{i}": kind for i, kind in enumerate(kinds)}
        return [
            Real(of=of.name, counter=counter, energy=e, truth_j=load.energy_j(e.start_ns, e.end_ns))
            for e in energies
            for of, counter in [named[e.domain]]
        ]


def _work(
    load: LiveLoad, sampler: Sampler, rest: float, windows: int, window_s: float
) -> tuple[tuple[Window, ...], tuple[Outcome, ...]]:
    """The windows, and the requests in them, in trains that leave at phases of 100 ms, which 20 ms divides."""
    timetable, spans, outcomes, train = Timetable(0.1, 7, window_s), [], [], 0
    for index in range(windows):
        time.sleep(rest)
        sampler.mark()
        time.sleep(APPROACH_S)
        start_ns = now_ns = time.monotonic_ns()
        leaves_ns = now_ns
        while now_ns < start_ns + window_s * 1e9:
            if now_ns >= leaves_ns:
                time.sleep(max(0, timetable.departure_ns(now_ns) - time.monotonic_ns()) * 1e-9)
                train += 1
                leaves_ns = time.monotonic_ns() + round(timetable.train_s * 1e9)
            begin_ns = time.monotonic_ns()
            load.busy(REQUEST_S[len(outcomes) % len(REQUEST_S)])
            now_ns = time.monotonic_ns()
            outcomes.append(_outcome(begin_ns, now_ns, train))
        sampler.mark()
        spans.append(Window(phase="work", label=str(index + 1), start_ns=start_ns, end_ns=now_ns))
    return tuple(spans), tuple(outcomes)


def _outcome(start_ns: int, end_ns: int, train: int) -> Outcome:
    usage = Usage(requests=1)
    return Outcome(
        request_id="r", batch_id=0, train_id=train, start_ns=start_ns, first_output_ns=None, end_ns=end_ns,
        requested=usage, achieved=usage,
    )  # fmt: skip


@contextmanager
def _library(folder: Path, kinds: list[tuple[SensorClass, str]]) -> Iterator[LiveLoad]:
    """The compiled library with one board of each kind, and the load that they follow."""
    epoch_ns = time.monotonic_ns()
    live = folder / "live.bin"
    live.touch()
    load = LiveLoad(live, epoch_ns, IDLE_W, BUSY_W)
    (folder / "boards").mkdir()
    (folder / "library").mkdir()
    sim = NvmlSim(build_nvml(folder / "library"), folder / "boards")
    boards = [[*load.statements, *statements(of, counter, i)] for i, (of, counter) in enumerate(kinds)]
    environment = sim.environment(*boards, head=[f"epoch_ns {epoch_ns}"])
    with _environ({k: environment[k] for k in ("LD_LIBRARY_PATH", "NVML_SIM_CONFIG")}):
        yield load


@contextmanager
def _environ(more: Mapping[str, str]) -> Iterator[None]:
    """The sampler's process inherits these: the loader looks for the library in them."""
    before = {name: os.environ.get(name) for name in more}
    os.environ.update(more)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)


def statements(of: SensorClass, counter: str, index: int = 0) -> list[str]:
    """A board of this class in the library's own words."""
    lines = [
        f"name {of.title}",
        f"limit_w {of.limit_w}",
        f"phase_ms {(index * 17) % 100}",
        f"update_ms {of.update_s * 1e3:g}",
        f"counter_ms {of.counter_tick_s * 1e3:g}",
        f"counter_window_ms {of.gate_s * 1e3 if counter == 'gated' else 0:g}",
        f"instant_window_ms {(of.instant_s or 0) * 1e3:g}",
        f"average_window_ms {(of.average_s or 0) * 1e3:g}",
    ]
    absent = {"counter": counter == "none", "instant": of.instant_s is None, "average": of.average_s is None}
    return [*lines, *(f"error {name} 3" for name, missing in absent.items() if missing)]
