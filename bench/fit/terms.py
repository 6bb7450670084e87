"""What each family's energy is a sum of: the terms of the convention, and the units of its rates."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from bench.nouns import Family, Usage


class Worked(Protocol):
    """A window, with what was done in it."""

    @property
    def usage(self) -> Usage:
        """As the engine counts it."""

    @property
    def shared(self) -> Mapping[str, float]:
        """As it follows from lengths and times (`bench.physics.sharing`)."""


@dataclass(frozen=True, slots=True)
class Term:
    """One term: its name, what it multiplies (a field of Usage, or an amount that requests share), its unit."""

    name: str
    usage: str
    unit: str

    def amount(self, row: Worked) -> float | None:
        """How much of this term's work a window holds; None when the engine did not count it."""
        found = row.shared.get(self.name) if self.usage == SHARED else getattr(row.usage, self.usage)
        return None if found is None else float(found)


SHARED = "shared"
DECODE_STEP, BATCH_PASS = "decode_step", "batch_pass"
TOGETHER = (DECODE_STEP, BATCH_PASS)  # what requests under way at once share, each by its part
REQUEST = "request"
_REQUEST = Term(REQUEST, "requests", "J")
_PER_REQUEST = Term("request", "requests", "J/request")
_STEP, _PASS = Term(DECODE_STEP, SHARED, "J/step"), Term(BATCH_PASS, SHARED, "J/pass")

# In order of what the data must show first: when two can't be told apart, the later one is given up.
TERMS: Mapping[Family, tuple[Term, ...]] = {
    "causal-lm": (
        Term("output_token", "output_tokens", "J/token"),
        Term("prompt_token", "prompt_tokens", "J/token"),
        _REQUEST,
    ),
    "translation": (
        Term("target_token", "target_tokens", "J/token"),
        Term("source_token", "source_tokens", "J/token"),
        _REQUEST,
    ),
    "speech": (
        Term("audio_window", "audio_windows", "J/audio_window"),
        Term("output_token", "output_tokens", "J/token"),
        _REQUEST,
    ),
    "video": (Term("video_second", "video_s", "J/video_s"), _REQUEST),
    "classifier": (_REQUEST,),
    "api": (_REQUEST,),
}

# Terms that stand in a fit only where the data show them: where windows that were left out are predicted better.
SHOWN: Mapping[Family, tuple[Term, ...]] = {
    "causal-lm": (
        Term("cached_token", "cached_tokens", "J/token"),
        Term("context_token", SHARED, "J/(token·token)"),
        _STEP,
        Term("prompt_token_sq", SHARED, "J/token²"),
        _PASS,
    ),
    "translation": (_STEP, _PASS),
    "speech": (_STEP, _PASS),
    "classifier": (_PASS,),
}

# Gross energy of a workload per unit of what it delivers; derived, printed, never summed.
RATES: Mapping[Family, tuple[Term, ...]] = {
    "causal-lm": (Term("output_token", "output_tokens", "J/token"), _PER_REQUEST),
    "translation": (
        Term("target_token", "target_tokens", "J/token"),
        Term("request", "requests", "J/request"),
    ),
    "speech": (Term("audio_second", "audio_s", "J/audio_s"), _PER_REQUEST),
    "video": (Term("video_second", "video_s", "J/video_s"),),
    "classifier": (_PER_REQUEST,),
    "api": (_PER_REQUEST,),
}
