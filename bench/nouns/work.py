"""What is asked and what was done: requests, outcomes, models, machines."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Literal

from bench.nouns.calibration import MeasuredFigure
from bench.nouns.words import Cause, Domain, Fact, Family, Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Functional units, as counted by the engine. None: the engine cannot count it."""

    requests: int | None = None
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    output_tokens: int | None = None
    source_tokens: int | None = None
    target_tokens: int | None = None
    audio_s: float | None = None
    audio_windows: int | None = None  # Whisper's padded 30 s windows
    video_s: float | None = None

    def __add__(self, other: "Usage") -> "Usage":
        def both(name: str) -> int | float | None:
            a: int | float | None = getattr(self, name)
            b: int | float | None = getattr(other, name)
            return b if a is None else a if b is None else a + b

        return Usage(**{f.name: both(f.name) for f in fields(self)})  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One item of work. Exactly one of token_ids, text, audio or video carries the input."""

    id: str
    token_ids: tuple[int, ...] = ()
    text: str | None = None
    audio: tuple[Path, ...] = ()  # clips played one after the other
    video: Path | None = None
    source_language: str | None = None  # ISO 639-1: "fr", "en", "es", "ar"
    target_language: str | None = None
    asked: Usage = field(default_factory=Usage)  # the work requested; output_tokens is exact, not a cap
    # What a right answer is, where somebody labelled it: a class, a transcript, a translation; of a question the
    # right answers, one a line.
    meant: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one Request became. Its end is taken after the device has finished."""

    request_id: str
    batch_id: int  # requests that ran together share it, and its times
    train_id: int | None = None  # batches that ran back to back, from a chosen phase of the sensor's period on
    start_ns: int
    first_output_ns: int | None  # None: the engine cannot see it
    end_ns: int
    requested: Usage
    achieved: Usage
    error: str | None = None
    cause: Cause | None = None  # what kind of error, where a server was asked
    # A server's requests: latency counts from due_ns, the moment the schedule meant.
    due_ns: int | None = None
    sent_ns: int | None = None  # the last byte of the request was handed over
    output_ns: tuple[int, ...] = ()  # each piece of output, of one token or more
    server: Mapping[str, float] = field(default_factory=dict)  # the server's own times and counts, as it says
    # Of a labelled request: the class or text that came, and the one that was meant. Never of synthetic weights.
    said: str | None = None
    meant: str | None = None
    language: str | None = None  # of a text that was meant: "fr"; of a translation "fr-en"
    ended: bool | None = None  # whether the text came to its end within its tokens; None: that is not known


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A file in workloads/: requests, in the order in which they are sent, cycled when they run out."""

    name: str
    family: Family
    requests: tuple[Request, ...]
    phase: Phase = "work"  # "prepare" for the extraction of a sound track
    description: str = ""
    source: str = ""
    licence: str = ""
    notes: tuple[str, ...] = ()  # "target length from character ratios", "seeded token ids", …
    facts: Mapping[str, Fact] = field(default_factory=dict)
    voice: str = ""  # "synthetic": speech that a program spoke


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """A file in bench/models/: an architecture, not a checkpoint."""

    name: str
    family: Family
    title: str
    parameters: int  # counted by building the architecture
    active_parameters: int  # those that one token passes through; the same unless a mixture of experts
    architecture: str  # "mistral", "phi3", "gpt_oss", "m2m_100", "whisper"
    config: Mapping[str, object]  # the engine library's own names
    engines: tuple[str, ...]
    precisions: tuple[str, ...]
    hub: str | None
    licence: str
    source: str
    tokenizer: str | None = None  # a tokenizer that ships in a package; None: seeded ids
    max_context_tokens: int | None = None
    languages: Mapping[str, str] = field(default_factory=dict)  # ISO 639-1 → the model's own code; {}: any
    precisions_by_engine: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # where they are others
    included: bool = False  # its trained weights travel with Joulemark: it is never run on synthetic ones

    def precisions_on(self, engine: str) -> tuple[str, ...]:
        """The precisions in which `engine` runs it; an engine that only pretends to has them all."""
        if engine in self.engines:
            return self.precisions_by_engine.get(engine, self.precisions)
        return tuple(
            dict.fromkeys((*self.precisions, *(p for ps in self.precisions_by_engine.values() for p in ps)))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A declared number with its unit in its name elsewhere, and its source always beside it."""

    value: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HardwareProfile:
    """A file in hardware_profiles/: a machine or a board. A number without a source is absent."""

    name: str
    title: str
    kind: Literal["vm", "gpu", "machine"]
    accelerator: str | None = None
    accelerator_count: float = 0.0  # a sixth of a board is possible
    figures: Mapping[str, Figure] = field(default_factory=dict)  # tdp_w, memory_gib, vcpu, …
    texts: Mapping[str, Figure | str] = field(default_factory=dict)
    match: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    generated: bool = False
    # What `joulemark profile` found on such a machine, beside what is declared
    measured: tuple[MeasuredFigure, ...] = ()
    passports: Mapping[Domain, str] = field(default_factory=dict)  # the sealed run of each sensor's known steps
    host_model: Mapping[str, Fact] = field(default_factory=dict)  # the constants of the modelled host
