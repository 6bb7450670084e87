"""A flow of like requests to one model, and what one of them takes on average: every length and language priced.

Lengths differ from request to request, what a model takes for a length is known with one error for all of them:
each point of the lengths' distribution is priced by the same `answer` as a single estimate, and keeps its
interval.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from bench.errors import BadInput
from bench.estimators.answer import Answer, times
from bench.estimators.answering import Known, answer
from bench.estimators.growth import Growth
from bench.estimators.lengths import Lengths, coarser
from bench.estimators.likely import Likely
from bench.estimators.wanted import Wanted
from bench.nouns.estimates import Range
from bench.phrases import Phrase

InputKind = Literal["audio_seconds", "characters", "input_tokens"]
INPUTS: tuple[InputKind, ...] = ("audio_seconds", "characters", "input_tokens")
UNKNOWN = "unknown"  # the share of a language that nobody named
_PARTS_OF_TWO = 16  # where two lengths vary, each against each
_NEAR_ONE = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """`wanted` holds the model and its machine; lengths come here. `shares`: of languages, by their codes.

    `requests` are those of the first month, `counted` the files that lengths and shares were counted from, None
    where they are taken as known. Raises BadInput.
    """

    name: str
    wanted: Wanted
    requests: Likely
    growth: Growth = field(default_factory=Growth)
    input_kind: InputKind | None = None
    input_lengths: Lengths | None = None
    output_tokens: Lengths | None = None
    shares: Mapping[str, float] = field(default_factory=dict)
    counted: int | None = None

    def __post_init__(self) -> None:
        ceiling = self.growth.ceiling
        if ceiling is not None and ceiling.p50 < self.requests.p50:
            raise BadInput(
                Phrase(
                    "a ceiling of {top:g} lies below the {first:g} requests that it starts with; needed is more",
                    top=ceiling.p50,
                    first=self.requests.p50,
                )
            )
        whole = math.fsum(self.shares.values())
        if any(not 0 <= share <= 1 for share in self.shares.values()) or (
            self.shares and abs(whole - 1) > _NEAR_ONE
        ):
            said = ", ".join(f"{name} {share:g}" for name, share in self.shares.items())
            raise BadInput(
                Phrase(
                    "shares of languages add up to {whole:.6g} ({said}); needed are shares from 0 to 1 that add "
                    "up to 1",
                    whole=whole,
                    said=said,
                )
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """A flow with the joules of its requests: (weight, joules) of every length and language.

    `usual` is the answer at the middle length; `at_mean_j` what the mean length alone would have cost;
    `outside_ratio` the share of requests that lie outside what was measured.
    """

    flow: Flow
    parts: tuple[tuple[float, Range], ...]
    usual: Answer
    at_mean_j: float
    device_s: Range | None
    outside_ratio: float
    notes: tuple[str, ...]

    @property
    def mean_j(self) -> Range:
        """Joules of a request on average over lengths and languages; its error is one and the same for all."""
        return _mean([(weight, one) for weight, one in self.parts])


def price(flow: Flow, known: Known) -> Priced:
    """Prices every length and language of a flow. Raises BadInput, UnknownName: what is not known is refused."""
    middle, notes = _middle(flow, known)
    found = [(weight, _answered(flow, wanted, weight, known)) for weight, wanted in _requests(flow)]
    held = [(weight, one.device_s) for weight, one in found if one.device_s is not None]
    outside = math.fsum(weight for weight, one in found if any("outside" in note for note in one.notes))
    return Priced(
        flow=flow,
        parts=tuple((weight, one.energy_j) for weight, one in found),
        usual=middle,
        at_mean_j=math.fsum(w * answer(one, known).energy_j.value for w, one in _at_mean(flow)),
        device_s=_mean(held) if len(held) == len(found) else None,
        outside_ratio=min(1.0, outside),
        notes=notes,
    )


def _answered(flow: Flow, wanted: Wanted, weight: float, known: Known) -> Answer:
    try:
        return answer(wanted, known)
    except BadInput as error:
        if flow.input_kind is None or flow.input_lengths is None or len(flow.input_lengths.points) < 2:
            raise
        length = getattr(wanted, flow.input_kind)
        raise BadInput(
            Phrase(
                "{kind} of {length:.6g}, {weight:.2g} of all requests ({words}): {error}; or say the longest "
                "there are, most = …",
                kind=flow.input_kind,
                length=length,
                weight=weight,
                words=flow.input_lengths.words,
                error=error,
            )
        ) from error


def _middle(flow: Flow, known: Known) -> tuple[Answer, tuple[str, ...]]:
    """The answer at the median lengths, and its notes in every language."""
    found = [answer(_with(flow, one, lambda lengths: lengths.quantile(0.5)), known) for _, one in _spoken(flow)]
    return found[0], tuple(dict.fromkeys(note for one in found for note in one.notes))


def _at_mean(flow: Flow) -> Iterator[tuple[float, Wanted]]:
    for share, wanted in _spoken(flow):
        yield share, _with(flow, wanted, lambda lengths: lengths.mean)


def _requests(flow: Flow) -> Iterator[tuple[float, Wanted]]:
    """Every kind of request with its weight; the weights add up to 1."""
    first, second = flow.input_lengths, flow.output_tokens
    if first is not None and second is not None and len(first.points) > 1 and len(second.points) > 1:
        first, second = coarser(first, _PARTS_OF_TWO), coarser(second, _PARTS_OF_TWO)
    for share, wanted in _spoken(flow):
        for input_weight, length in first.points if first is not None else ((1.0, None),):
            for output_weight, tokens in second.points if second is not None else ((1.0, None),):
                yield share * input_weight * output_weight, _of(flow, wanted, length, tokens)


def _spoken(flow: Flow) -> Iterator[tuple[float, Wanted]]:
    """The model asked in each language, where characters tell languages apart: sound and tokens are the same."""
    if flow.input_kind != "characters" or not flow.shares:
        yield 1.0, flow.wanted
        return
    whole = math.fsum(flow.shares.values())
    for language, share in flow.shares.items():
        if share > 0:
            yield share / whole, replace(flow.wanted, language="" if language == UNKNOWN else language)


def _with(flow: Flow, wanted: Wanted, at: Callable[[Lengths], float]) -> Wanted:
    return _of(
        flow,
        wanted,
        None if flow.input_lengths is None else at(flow.input_lengths),
        None if flow.output_tokens is None else at(flow.output_tokens),
    )


def _of(flow: Flow, wanted: Wanted, length: float | None, tokens: float | None) -> Wanted:
    said: dict[str, float] = {}
    if flow.input_kind is not None and length is not None:
        said[flow.input_kind] = length
    if tokens is not None:
        said["output_tokens"] = tokens
    return replace(wanted, **said)  # type: ignore[arg-type]  # names of fields, of numbers


def _mean(parts: list[tuple[float, Range]]) -> Range:
    """The mean of ranges whose errors are one and the same: of lows, of values, of highs."""
    sums = [times(one, weight) for weight, one in parts]
    return Range(
        low=math.fsum(one.low for one in sums),
        value=math.fsum(one.value for one in sums),
        high=math.fsum(one.high for one in sums),
    )
