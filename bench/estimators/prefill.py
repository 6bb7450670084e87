"""How much faster a prompt is read than an answer is written, as it was measured.

    ratio of a request  =  (prompt tokens ÷ time to first token) × time of an output token

Its time to the first token holds the first token and what an engine does beside, so that reading alone is faster
still; the ratio grows with the prompt, and with what a device computes for each byte that its memory gives.
Requests that share a batch are not in it. A spread is the 5 %, 50 % and 95 % of the ratios, of one weight each.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.errors import BadInput
from bench.estimators.rivals.figure import positive
from bench.nouns.estimates import Range

_QUANTILES = (0.05, 0.5, 0.95)
_FEWEST = 20  # below, 5 % of them is less than one: chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefillRatio:
    """A measured ratio with its spread, where it was measured, and by whom."""

    ratio: Range
    measured_on: str
    source: str
    licence: str

    def __post_init__(self) -> None:
        positive("a prefill-to-decode ratio", self.ratio.low)


def ratio_of(*, prompt_tokens: float, first_s: float, token_s: float) -> float:
    """One request's ratio, from its seconds to the first token and for each token after it. Raises BadInput."""
    tokens = positive("prompt_tokens", prompt_tokens)
    return tokens / positive("first_s", first_s) * positive("token_s", token_s)


def spread_of(ratios: Sequence[float]) -> Range:
    """Their 5 %, 50 % and 95 %, lines between neighbours. Raises BadInput for fewer than twenty."""
    if len(ratios) < _FEWEST:
        raise BadInput(f"{len(ratios)} ratios; needed are {_FEWEST} for their 5 % and 95 %")
    ordered = sorted(ratios)
    low, value, high = (_quantile(ordered, share) for share in _QUANTILES)
    return Range(low=low, value=value, high=high)


def _quantile(ordered: Sequence[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


# `python scripts/prefill_ratio.py lopez_llamacpp.csv` computes it from the published rows.
ON_GPUS = PrefillRatio(
    ratio=Range(low=19.4, value=48.6, high=108.0),
    measured_on="an NVIDIA A2, a GB10 and a workstation's GPU, llama.cpp, one request at a time, prompts of 75 to "
    "945 tokens, 3 models in 7 precisions (252 cells)",
    source="github.com/alejandroldz/LLM-Energy-Benchmark at a078028, TTFT and TPOT (checked 2026-11-22)",
    licence="MIT",
)
# `python scripts/prefill_ratio.py results/examples/cpu-2-threads` computes it from the sealed runs.
ON_TWO_THREADS = PrefillRatio(
    ratio=Range(low=13.5, value=16.6, high=29.6),
    measured_on="two threads of an EPYC virtual machine, transformers, a 160 M Mistral with synthetic weights, "
    "prompts of 32 and 256 tokens",
    source="Joulemark, the sealed runs of results/examples/cpu-2-threads (2026-11-21)",
    licence="Apache-2.0",
)
