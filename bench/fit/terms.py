"""What each family's energy is a sum of: the terms of the convention, and the units of its rates."""

from collections.abc import Mapping
from dataclasses import dataclass

from bench.nouns import Family, Usage


@dataclass(frozen=True, slots=True)
class Term:
    """One term: its name, the field of Usage that it multiplies, its unit."""

    name: str
    usage: str
    unit: str

    def amount(self, usage: Usage) -> float | None:
        """How much of this term's work `usage` holds; None when the engine did not count it."""
        found = getattr(usage, self.usage)
        return None if found is None else float(found)


_REQUEST = Term("request", "requests", "J")
_PER_REQUEST = Term("request", "requests", "J/request")

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
