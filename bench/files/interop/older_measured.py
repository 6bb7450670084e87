"""A measurement put under the keys of the older calculators, so that their own formulas give its joules.

    power_w                  mean power while working, all that its boundary holds; eta 1, the CPU's 0
    throughput_tokens_per_s  requests a second × the tokens that the dialect's formula counts of one
        multiplied           in ÷ 100 + out      (its authors' correction; as published, it squares the input)
        divided              (characters in + out) ÷ 4

A file has one GPU for all its profiles: it gets the highest mean power, and a profile that drew less has the rest
in its utilization_rate (multiplied) or in its throughput (divided, which does not read the rate).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bench.errors import BadInput
from bench.estimators.rivals import corrected_input, linear_characters
from bench.files.interop.older_models import OlderModels, OlderPart, OlderProfile
from bench.nouns import Basis, Boundary, Outcome, WindowEnergy
from bench.units import S_PER_NS

Dialect = Literal["multiplied", "divided"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OlderMeasurement:
    """What was measured of one profile: means over its requests, all of them on the machine at once."""

    profile: str
    description: str
    input_tokens: float
    output_tokens: float
    input_characters: int
    output_characters: int
    requests_per_s: float
    power_w: float
    boundary: Boundary
    basis: Basis
    rests_on: tuple[str, ...]  # ids of runs


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkDone:
    """Power and pace of the work windows of one boundary; tokens are means of a request."""

    power_w: float
    requests_per_s: float
    input_tokens: float
    output_tokens: float
    boundary: Boundary
    basis: Basis


def work_done(outcomes: Sequence[Outcome], energies: Sequence[WindowEnergy]) -> WorkDone:
    """What one domain's work windows and the requests inside them say.

    Raises BadInput for windows that are void, of several domains, or hold no request whose tokens were counted.
    """
    works = [one for one in energies if one.phase == "work"]
    kinds = {(one.domain, one.boundary, one.basis) for one in works}
    if len(kinds) != 1:
        raise BadInput(f"work windows of {len(kinds)} domains; needed are those of one boundary and basis")
    energy_j, duration_s, inside = 0.0, 0.0, []
    for one in works:
        if one.energy_j is None:
            raise BadInput(f"work window {one.label} is void ({', '.join(one.reasons)}); measure again")
        energy_j, duration_s = energy_j + one.energy_j, duration_s + (one.end_ns - one.start_ns) * S_PER_NS
        inside += [
            o.achieved for o in outcomes if o.start_ns >= one.start_ns and o.end_ns <= one.end_ns and not o.error
        ]
    told = [
        (one.prompt_tokens, one.output_tokens)
        for one in inside
        if one.prompt_tokens is not None and one.output_tokens is not None
    ]
    if not told or len(told) != len(inside):
        raise BadInput(
            f"{len(inside)} requests, {len(told)} of them with prompt and output tokens; needed are all, and one"
        )
    [(_, boundary, basis)] = kinds
    return WorkDone(
        power_w=energy_j / duration_s,
        requests_per_s=len(told) / duration_s,
        input_tokens=sum(read for read, _ in told) / len(told),
        output_tokens=sum(written for _, written in told) / len(told),
        boundary=boundary,
        basis=basis,
    )


def older_models_of(measured: Sequence[OlderMeasurement], dialect: Dialect) -> OlderModels:
    """A `config_model.yaml` of measurements on one machine; notes say where each is from. Raises BadInput."""
    if not measured:
        raise BadInput("no measurement; needed is one or more")
    names = [one.profile for one in measured]
    if len(set(names)) != len(names):
        raise BadInput(f"two measurements of one profile among {', '.join(names)}; needed is one a profile")
    if len({(one.boundary, one.basis) for one in measured}) != 1:
        raise BadInput("measurements of several boundaries or bases; needed are those of one")
    power_w = max(one.power_w for one in measured)
    if not power_w > 0 or any(one.requests_per_s <= 0 for one in measured):
        raise BadInput("a power or a rate of requests of 0; needed is a measurement of work that was done")
    return OlderModels(
        gpu=OlderPart(power_w=power_w, eta_ratio=1.0),
        cpu=OlderPart(power_w=0.0, eta_ratio=0.0),
        profiles=tuple(_profile(one, one.power_w / power_w, dialect) for one in measured),
        notes=(*_hardware_notes(measured[0], dialect), *map(_note, measured)),
    )


def _profile(one: OlderMeasurement, share: float, dialect: Dialect) -> OlderProfile:
    if dialect == "multiplied":
        read, written = round(one.input_tokens), round(one.output_tokens)
        work, rate = read / corrected_input.PREFILL_RATIO + written, share
    else:
        read, written = one.input_characters, one.output_characters
        work, rate = (read + written) / linear_characters.CHARACTERS_PER_TOKEN / share, 1.0
    return OlderProfile(
        name=one.profile,
        description=one.description,
        input_characters=read,
        output_characters=written,
        throughput_tokens_per_s=work * one.requests_per_s,
        utilization_ratio=rate,
    )


def _hardware_notes(one: OlderMeasurement, dialect: Dialect) -> tuple[str, ...]:
    whole = (
        f"power_w: mean power while working of the boundary {one.boundary}, {one.basis}; eta 1, nothing scaled."
    )
    if dialect == "divided":
        return (whole, "throughput: (characters in + out) / 4, times requests a second.")
    return (
        whole,
        "input_characters and output_characters are tokens, for which this dialect takes them.",
        "throughput: (in / 100 + out) times requests a second: energies are right with the linear input of the "
        "comment in traitement.py, and far too high with input squared.",
    )


def _note(one: OlderMeasurement) -> str:
    return (
        f"{one.profile}: {one.power_w:.4g} W, {one.requests_per_s:.4g} requests/s; runs {', '.join(one.rests_on)}"
    )
