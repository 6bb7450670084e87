"""How a model is loaded and run."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias, runtime_checkable
from urllib.parse import urlsplit

from bench.nouns.sensors import Check
from bench.nouns.words import Device, Fact, Family, Weights, is_gpu
from bench.nouns.work import ModelSpec, Outcome, Request

# Options that change what is known of a request's work, or how long it is waited for; all others change the work.
_NO_WORK = frozenset({"about", "timeout_s", "precision", "family", "weights", "answer"})
_USUAL_PATHS = ("", "/v1")  # where servers have their pages: of no other work than their own
_LONGEST = 60  # characters of an option's value that a version holds as they are


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A running server, as the user named it. No key is in it: keys come from the environment."""

    url: str  # without user, password and query
    options: Mapping[str, str] = field(default_factory=dict)  # the engine's own, as they were typed
    # where its energy is read: a GPU's UUID, "cpu", or "elsewhere": on a machine whose sensors are not at hand
    device: str = "cpu"
    setup: str = ""  # how it was started, by the user's own label: "max-batch-8"

    def told(self, version: str) -> str:
        """Who serves, what is asked of it and how it was started: two of them are never averaged or mixed up."""
        named = [f"{name}={_short(value)}" for name, value in sorted(self._work().items())]
        return ", ".join((version, *named, *([f"setup {self.setup}"] if self.setup else [])))

    def _work(self) -> dict[str, str]:
        """What was typed that changes a request's work; the address's own path is a part of it."""
        work = {name: value for name, value in self.options.items() if name not in _NO_WORK}
        below = urlsplit(self.url).path.rstrip("/")
        if below not in _USUAL_PATHS or "path" in work:
            work["path"] = below + work.get("path", "")
        return work


def _short(value: str) -> str:
    """An option's value on one line; of a long one its beginning, and a sum that tells it from others."""
    line = " ".join(value.split())
    if line == value and len(line) <= _LONGEST:
        return line
    return f"{line[:_LONGEST]}…#{hashlib.sha256(value.encode()).hexdigest()[:8]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadSpec:
    """How a model is to be loaded."""

    model: ModelSpec
    precision: str
    weights: Weights
    path: str | None = None  # hub id or local folder when weights are pretrained
    seed: int = 0
    threads: int | None = None
    device: Literal["auto", "cpu", "cuda"] = "auto"
    endpoint: Endpoint | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What was really loaded. `precision` is the one that runs; `notes` say how it differs from the ask."""

    engine: str
    engine_version: str
    precision: str
    weights: Weights
    device: Device
    device_name: str
    parameters: int
    notes: tuple[str, ...] = ()
    facts: Mapping[str, Fact] = field(default_factory=dict)

    @property
    def on_gpu(self) -> bool:
        """Whether the work is done on a graphics board."""
        return is_gpu(self.device)

    @property
    def threads(self) -> int | None:
        """How many threads the engine was given, by its own facts; None: it records none."""
        found = self.facts.get("threads")
        return found if isinstance(found, int) and not isinstance(found, bool) else None


class Session(Protocol):
    """A loaded model."""

    @property
    def loaded(self) -> Loaded: ...
    def stage(self, requests: Sequence[Request]) -> tuple[Request, ...]:
        """The requests, ready to run: texts as tokens, clips in memory. Outside every window."""
        ...

    def run(self, batch: Sequence[Request]) -> Sequence[Outcome]:
        """Does exactly the asked work and returns only once the device has finished."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The text of one answer, cut where the model ended it. None: whether it did is not known."""

    text: str
    ended: bool | None = None


@runtime_checkable
class Telling(Session, Protocol):
    """A session that keeps what it answered to labelled requests, and makes text of it after all windows."""

    def forget(self) -> None:
        """Lets go of what was kept so far: of a warm-up no outcome is kept either."""
        ...

    def told(self) -> Sequence[Told | None]:
        """For every outcome since the last call, in order, its text; None where none was kept. Outside windows."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a running server says of itself and of the model it was asked for, before any work."""

    version: str  # the server's name and version: "vllm 0.11.0"
    model: str  # as the server spells it
    precision: str  # "served" where it does not say
    family: Family
    parameters: int = 0  # 0: not said
    # options of which one has to say, by {text}, where a request's text goes; (): the engine knows that itself
    templates: tuple[str, ...] = ()
    facts: Mapping[str, Fact] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


Send: TypeAlias = Callable[[Request, int], Awaitable[bool]]  # (request, the moment meant) → was it answered


@runtime_checkable
class Served(Session, Protocol):
    """A model behind a server: requests may overlap."""

    def drive(self, play: Callable[[Send], Awaitable[None]]) -> None:
        """Runs `play` with a way of sending; returns when all it sent has been answered or given up."""
        ...

    def take(self) -> Sequence[Outcome]:
        """The outcomes of what was sent since the last call, in the order of sending. Outside every window."""
        ...

    def change(self) -> str | None:
        """How the server is another than when the session began, asked after a cell's last window."""
        ...


class Engine(Protocol):
    """A way of running models: one file in bench/engines/."""

    def check(self) -> Check:
        """Whether it can run here. Never raises, loads no model."""
        ...

    def version(self) -> str:
        """The version of the library that does the work, without importing it."""
        ...

    def load(self, spec: LoadSpec) -> AbstractContextManager[Session]: ...


@runtime_checkable
class PreparingEngine(Engine, Protocol):
    """An engine whose library reads a format of its own: a model is converted once, and kept."""

    def prepare(self, spec: LoadSpec) -> None:
        """Makes what `load` will read, if it is not there yet; before every window, in a process of its own.

        Raises CannotRun where there is no room for it.
        """
        ...


@runtime_checkable
class ServingEngine(Engine, Protocol):
    """An engine whose model runs in a server of its own."""

    def identify(self, endpoint: Endpoint, model: str) -> Identity:
        """Asks the server who it is. Raises CannotRun where it does not answer, UnknownName for the model."""
        ...


class Load(Protocol):
    """A device that can be kept busy for a while: the known steps under which its sensor is found out."""

    def keep_busy(self, duration_s: float) -> tuple[int, int]:
        """Draws power for that long; the monotonic moments (ns) of its first and last instant of work."""
        ...
