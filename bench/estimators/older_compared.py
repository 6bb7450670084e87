"""One request of the older calculator three ways: as it was computed there, as it should be, as measured here.

Seconds, energy and grams of one request; watts, throughput, PUE and grid are taken as it says them in every row.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bench.estimators.older_api import OlderRequest
from bench.estimators.prefill import ON_GPUS, ON_TWO_THREADS, PrefillRatio
from bench.estimators.rivals import corrected_input, squared_input
from bench.nouns.estimates import Range, exactly
from bench.phrases import Phrase

# The call in the calculator's own README (github.com/LaurealDente/env5001 at ee2eddf; checked 2026-11-22)
README_EXAMPLE: Mapping[str, Mapping[str, object]] = {
    "region": {"pue": 1.2, "carbon_intensity": 55},
    "hardware": {"power_gpu": 400, "power_cpu": 100, "eta_cpu": 0.2},
    "profile": {"name": "test", "input_size": 1000, "output_size": 200, "throughput": 60, "count": 1},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One way to compute it. A formula without an interval has its value at all three places."""

    key: str
    name: Phrase
    because: Phrase
    duration_s: Range
    energy_kwh: Range
    carbon_g: Range

    @property
    def has_interval(self) -> bool:
        """Whether it says how far off it may be."""
        return self.energy_kwh.low < self.energy_kwh.high


def compared(request: OlderRequest) -> tuple[Compared, ...]:
    """The ways, the older one first. Raises BadInput."""
    work = (request.input_size, request.output_size, request.server.tokens_per_s)
    return (
        _row(
            request,
            "older_formula",
            Phrase("as it was computed there"),
            Phrase("seconds = (in² + out) ÷ throughput: the prompt's tokens squared"),
            exactly(squared_input.duration_s(*work)),
        ),
        _row(
            request,
            "as_meant",
            Phrase("as it should be"),
            Phrase(
                "seconds = (in ÷ {ratio:g} + out) ÷ throughput: the mending that its authors left in a comment",
                ratio=corrected_input.PREFILL_RATIO,
            ),
            exactly(corrected_input.duration_s(*work)),
        ),
        *_measured(request),
    )


def _measured(request: OlderRequest) -> Iterator[Compared]:
    for key, name, one in (
        ("measured_on_gpus", Phrase("as measured on GPUs"), ON_GPUS),
        ("measured_here", Phrase("as measured here"), ON_TWO_THREADS),
    ):
        because = Phrase(
            "a prompt is read {value:g} ({low:g} to {high:g}) times as fast as an answer is written: {where}",
            value=one.ratio.value,
            low=one.ratio.low,
            high=one.ratio.high,
            where=Phrase(one.measured_on),
        )
        yield _row(request, key, name, because, _seconds(request, one))


def _seconds(request: OlderRequest, prefill: PrefillRatio) -> Range:
    """Decoding, and reading as fast as it was measured: the faster, the less."""
    speed, ratio = request.server.tokens_per_s, prefill.ratio
    low, value, high = (
        request.output_size / speed + request.input_size / (speed * one)
        for one in (ratio.high, ratio.value, ratio.low)
    )
    return Range(low=low, value=value, high=high)


def _row(request: OlderRequest, key: str, name: Phrase, because: Phrase, duration_s: Range) -> Compared:
    energy = [request.server.energy_kwh(one) for one in duration_s]
    grams = [one * request.server.grid_g_per_kwh for one in energy]
    return Compared(
        key=key,
        name=name,
        because=because,
        duration_s=duration_s,
        energy_kwh=Range(low=energy[0], value=energy[1], high=energy[2]),
        carbon_g=Range(low=grams[0], value=grams[1], high=grams[2]),
    )
