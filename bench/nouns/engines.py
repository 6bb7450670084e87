"""How a model is loaded and run."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Literal, Protocol

from bench.nouns.sensors import Check
from bench.nouns.words import Fact, Weights
from bench.nouns.work import ModelSpec, Outcome, Request


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What was really loaded. `precision` is the one that runs; `notes` say how it differs from the ask."""

    engine: str
    engine_version: str
    precision: str
    weights: Weights
    device: str  # "GPU-<uuid>" or "cpu"
    device_name: str
    parameters: int
    notes: tuple[str, ...] = ()
    facts: Mapping[str, Fact] = field(default_factory=dict)


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


class Engine(Protocol):
    """A way of running models: one file in bench/engines/."""

    def check(self) -> Check:
        """Whether it can run here. Never raises, loads no model."""
        ...

    def version(self) -> str:
        """The version of the library that does the work, without importing it."""
        ...

    def load(self, spec: LoadSpec) -> AbstractContextManager[Session]: ...


class Load(Protocol):
    """A device that can be kept busy for a while: the known steps under which its sensor is found out."""

    def keep_busy(self, duration_s: float) -> tuple[int, int]:
        """Draws power for that long; the monotonic moments (ns) of its first and last instant of work."""
        ...
