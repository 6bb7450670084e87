"""Fakes that the tests share: a clock that moves only when told, a counter that ticks, an engine's session."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench.errors import SensorLost
from bench.nouns import (
    Cell,
    FieldPassport,
    Loaded,
    Observation,
    Outcome,
    Passport,
    Reading,
    Request,
    Run,
    RunSpec,
    Source,
    Timing,
    Trace,
    Usage,
    Window,
)
from bench.units import NS_PER_S

WHOLE = FieldPassport(update_s=0.1, window_s=0.1, lag_s=0.0, origin="published")
GPU = Source(
    domain="gpu:0", meter="nvml", boundary="gpu", basis="measured", device="GPU-1", device_name="Fake",
    fields=("counter", "instant"), gain_ratio_95=0.05, power_limit_w=700.0, driver="595.1",
    passport=Passport(fields={"counter": WHOLE, "instant": WHOLE}),
)  # fmt: skip
HOST = Source(
    domain="host", meter="host_model", boundary="host", basis="modelled", device="cpu-model",
    fields=("value", "low", "high"), details={"tick_s": 0.01, "threads": 2},
)  # fmt: skip
LOADED = Loaded(
    engine="echo", engine_version="1", precision="fp32", weights="synthetic", device="GPU-1",
    device_name="Fake", parameters=1,
)  # fmt: skip


def seconds(value: float) -> int:
    """Nanoseconds."""
    return round(value * NS_PER_S)


def ticking(power_w, start_s: float, end_s: float, *, tick_s: float = 0.1, poll_s: float = 0.02, domain="gpu:0"):
    """Looks at a counter that ticks every `tick_s`; `power_w(t)` is the truth, a function of seconds."""
    readings, energy_j, shown_j, next_tick = [], 0.0, 0.0, start_s
    t, fine = start_s, 0.001
    while t < end_s:
        energy_j += power_w(t) * fine
        if t >= next_tick:
            shown_j, next_tick = energy_j, next_tick + tick_s
        if round((t - start_s) / fine) % round(poll_s / fine) == 0:
            readings.append(Reading(seconds(t), domain, "counter", "energy", shown_j))
        t = round(t + fine, 6)
    return tuple(readings)


@dataclass
class FakeClock:
    """Time that moves only by sleeping and working."""

    now_ns: int = 0

    def clock_ns(self) -> int:
        return self.now_ns

    def sleep(self, duration_s: float) -> None:
        self.now_ns += seconds(duration_s)


@dataclass
class FakeRecorder:
    """Records idle and busy watts of one GPU against a fake clock; can lose it at a given second."""

    clock: FakeClock
    session: "FakeSession"
    idle_w: float = 70.0
    busy_w: float = 400.0
    lose_at_s: float | None = None
    die: bool = False
    marks: list[int] = field(default_factory=list)
    sources: tuple[Source, ...] = (GPU,)
    lost: Mapping[str, str] = field(default_factory=dict)
    _from_ns: int = 0

    def mark(self) -> None:
        self.marks.append(self.clock.now_ns)

    def collect(self) -> Sequence[Observation]:
        if self.die:
            raise SensorLost("killed")

        def truth(t: float) -> float:
            return self.busy_w if any(a <= seconds(t) < b for a, b in self.session.busy) else self.idle_w

        end_s = self.clock.now_ns / NS_PER_S
        if self.lose_at_s is not None and end_s > self.lose_at_s:
            end_s = self.lose_at_s
            self.lost = {"gpu:0": "GPU is lost"}
        from_ns, self._from_ns = self._from_ns, self.clock.now_ns
        return tuple(one for one in ticking(truth, 0.0, end_s) if one.t_ns >= from_ns)


@dataclass
class FakeSession:
    """Every batch takes `batch_s`; counts the asked work as done."""

    clock: FakeClock
    batch_s: float = 0.5
    busy: list[tuple[int, int]] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)
    loaded: Loaded = LOADED

    def stage(self, requests: Sequence[Request]) -> tuple[Request, ...]:
        return tuple(requests)

    def run(self, batch: Sequence[Request]) -> Sequence[Outcome]:
        start_ns = self.clock.now_ns
        self.clock.sleep(self.batch_s)
        self.busy.append((start_ns, self.clock.now_ns))
        self.ran += [r.id for r in batch]
        return [
            Outcome(
                request_id=r.id,
                batch_id=7,
                start_ns=start_ns,
                first_output_ns=None,
                end_ns=self.clock.now_ns,
                requested=r.asked,
                achieved=r.asked,
            )
            for r in batch
        ]

    @contextmanager
    def loading(self, load_s: float = 3.0) -> Iterator["FakeSession"]:
        self.clock.sleep(load_s)
        yield self


def spec(workload: str = "prompt-32-8", batch: int = 1, **timing: float) -> RunSpec:
    """A cell of the echo engine."""
    return RunSpec(
        cell=Cell(engine="echo", model="mistral-160m", precision="fp32", workload=workload, batch=batch),
        family="causal-lm", weights="synthetic", weights_path=None, hardware="fake-machine",
        engine_version="1", timing=Timing(**timing), workload_sha256="0" * 64,
    )  # fmt: skip


def window(phase: str, label: str, start_s: float, end_s: float) -> Window:
    """A window between two seconds."""
    return Window(phase=phase, label=label, start_ns=seconds(start_s), end_ns=seconds(end_s))


def run_of(observations=(), windows=(), outcomes=(), *, sources=(GPU,), run_id="r1", faults=(), **asked) -> Run:
    """A run with just what a test needs."""
    return Run(
        id=run_id, spec=spec(**asked), started_at="2026-11-21T00:00:00Z", environment={}, sources=sources,
        loaded=LOADED, trace=Trace(observations=tuple(observations), windows=tuple(windows)),
        outcomes=tuple(outcomes), faults=faults,
    )  # fmt: skip


def outcome(start_s: float, end_s: float, **work: float) -> Outcome:
    """One request that did what was asked."""
    usage = Usage(requests=1, **work)
    return Outcome(
        request_id="a", batch_id=0, start_ns=seconds(start_s), first_output_ns=None, end_ns=seconds(end_s),
        requested=usage, achieved=usage,
    )  # fmt: skip
