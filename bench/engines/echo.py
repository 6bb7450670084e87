"""A stand-in for tests and demonstrations: no model, durations in proportion to the work, failures on demand.

LoadSpec.path carries what is to happen, `"per_output_token_s=0.001,fail_request=prompt-3"`:

    load_s, per_request_s, per_prompt_token_s, per_output_token_s, per_audio_window_s, per_video_second_s
                       how long things take; source tokens count as prompt, target tokens as output
    busy               1: the time is spent computing, not asleep
    short_tokens       so many output tokens fewer than asked are delivered
    weight_bytes_per_step
                       so much a decoding step is said to read
    device             the UUID of the board that it pretends to run on, "GPU-…", unless the CPU is asked for
    fail_load          a reason for which the model cannot be loaded
    fail_request       the id of a request that fails
"""

import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from bench import __version__
from bench.errors import BadInput, CannotRun, UnknownName
from bench.nouns import Check, Loaded, LoadSpec, Outcome, Request, Session, Usage
from bench.nouns.words import Device
from bench.units import NS_PER_S

_DEFAULT_S = {
    "load_s": 0.0,
    "per_request_s": 1e-3,
    "per_prompt_token_s": 0.0,
    "per_output_token_s": 0.0,
    "per_audio_window_s": 0.0,
    "per_video_second_s": 0.0,
}
_TEXTS = ("device", "fail_load", "fail_request")
_COUNTS = ("busy", "short_tokens", "weight_bytes_per_step")


def open_engine() -> "EchoEngine":
    """The engine, on the real clock."""
    return EchoEngine()


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoEngine:
    """No library: it counts and waits."""

    clock_ns: Callable[[], int] = time.monotonic_ns
    sleep: Callable[[float], None] = time.sleep

    def check(self) -> Check:
        """Always there."""
        return Check(name="echo", status="ok", reason="runs no model: for tests and demonstrations")

    def version(self) -> str:
        """Joulemark's own version."""
        return __version__

    @contextmanager
    def load(self, spec: LoadSpec) -> Iterator[Session]:
        """A session that takes as long as LoadSpec.path says. Raises CannotRun where that asks for it."""
        script = _script(spec.path)
        if script.texts.get("fail_load"):
            raise CannotRun(f"echo was told not to load: {script.texts['fail_load']}")
        session = _Session(self, spec, script, _device(spec, script))
        session.spend(self.clock_ns(), script.seconds["load_s"])
        yield session


@dataclass(frozen=True, slots=True)
class _Script:
    seconds: Mapping[str, float]
    counts: Mapping[str, int]
    texts: Mapping[str, str]


class _Session:
    """Counts exactly what is asked, and waits."""

    def __init__(self, engine: EchoEngine, spec: LoadSpec, script: _Script, device: Device) -> None:
        self._engine = engine
        self._script = script
        self._batches = itertools.count()
        self._loaded = Loaded(
            engine="echo",
            engine_version=engine.version(),
            precision=spec.precision,
            weights=spec.weights,
            device=device,
            device_name="echo",
            parameters=spec.model.parameters,
            notes=("no model ran: the engine 'echo' only waits",),
            facts={**script.seconds, **script.counts, **script.texts},
        )

    @property
    def loaded(self) -> Loaded:
        """What was said to be loaded."""
        return self._loaded

    def stage(self, requests: Sequence[Request]) -> tuple[Request, ...]:
        """The same requests."""
        return tuple(requests)

    def run(self, batch: Sequence[Request]) -> Sequence[Outcome]:
        """Takes as long as the batch's longest request."""
        start_ns = self._engine.clock_ns()
        first_ns = self.spend(start_ns, max(self._until_first_s(r.asked) for r in batch))
        end_ns = self.spend(start_ns, max(self._whole_s(r.asked) for r in batch))
        batch_id = next(self._batches)
        failing = self._script.texts.get("fail_request")
        return [
            Outcome(
                request_id=request.id,
                batch_id=batch_id,
                start_ns=start_ns,
                first_output_ns=first_ns,
                end_ns=end_ns,
                requested=request.asked,
                achieved=Usage(requests=0) if request.id == failing else self._achieved(request.asked),
                error="echo was told to fail it" if request.id == failing else None,
            )
            for request in batch
        ]

    def spend(self, start_ns: int, duration_s: float) -> int:
        """Waits until `duration_s` after the start; the time at which it returns."""
        until_ns = start_ns + round(duration_s * NS_PER_S)
        while (now_ns := self._engine.clock_ns()) < until_ns:
            if not self._script.counts["busy"]:
                self._engine.sleep((until_ns - now_ns) / NS_PER_S)
        return now_ns

    def _until_first_s(self, asked: Usage) -> float:
        seconds = self._script.seconds
        given = (asked.prompt_tokens or 0) + (asked.source_tokens or 0)
        first = 1 if _output(asked) else 0
        return seconds["per_prompt_token_s"] * given + seconds["per_output_token_s"] * first

    def _whole_s(self, asked: Usage) -> float:
        seconds = self._script.seconds
        after_first = max(_output(asked) - 1, 0)
        return (
            self._until_first_s(asked)
            + seconds["per_request_s"]
            + seconds["per_output_token_s"] * after_first
            + seconds["per_audio_window_s"] * (asked.audio_windows or 0)
            + seconds["per_video_second_s"] * (asked.video_s or 0.0)
        )

    def _achieved(self, asked: Usage) -> Usage:
        short = self._script.counts["short_tokens"]
        delivered = {
            name: max(count - short, 0)
            for name in ("output_tokens", "target_tokens")
            if (count := getattr(asked, name)) is not None
        }
        return replace(asked, requests=1, **delivered)


def _device(spec: LoadSpec, script: _Script) -> Device:
    """What it pretends to run on. Raises CannotRun where a board is asked for and none was named."""
    named = script.texts.get("device", "cpu")
    if spec.device == "cuda" and named == "cpu":
        raise CannotRun("echo has no board to pretend on: name one, --weights-path device=GPU-…, or device=cpu")
    return "cpu" if spec.device == "cpu" else named


def _output(asked: Usage) -> int:
    return (asked.output_tokens or 0) + (asked.target_tokens or 0)


def _script(path: str | None) -> _Script:
    seconds, counts, texts = dict(_DEFAULT_S), dict.fromkeys(_COUNTS, 0), dict[str, str]()
    for item in filter(None, (path or "").split(",")):
        name, _, value = item.partition("=")
        try:
            if name in seconds:
                seconds[name] = float(value)
            elif name in _COUNTS:
                counts[name] = int(value)
            elif name in _TEXTS:
                texts[name] = value
            else:
                raise UnknownName("option of echo", name, [*seconds, *_COUNTS, *_TEXTS])
        except ValueError as error:
            raise BadInput(f"echo: expected a number for {name}, found {value!r}") from error
    return _Script(seconds, counts, texts)
