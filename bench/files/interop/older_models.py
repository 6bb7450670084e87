"""`config_model.yaml` of the older calculators: watts and shares of GPU and CPU, and profiles of usage.

    hardware:
      gpu: {power_w: 700, eta: 0.85}
      cpu: {power_w: 70, eta: 0.15}
    profiles:
      translation: {description, input_characters, output_characters, throughput_tokens_per_s, utilization_rate}

One shape, two dialects, which no file tells apart (both checked 2026-11-22). `multiplied`, of
github.com/LaurealDente/env5001 at ee2eddf: watts × eta, the GPU's share being what the CPU's leaves of 1 whatever
`gpu.eta` says; a profile may lack its characters, which are taken for tokens. `divided`, of
github.com/lelierre-dev/env5001 at 7069da8: the GPU's watts ÷ eta, the CPU left out, four characters a token, read
and written at the one throughput.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.files.atomic import write_whole
from bench.files.interop.yaml_nodes import Node, read_yaml
from bench.files.interop.yaml_words import comment, number, quoted, word

_PART = ("power_w", "eta")
_LENGTHS = ("input_characters", "output_characters")
_PROFILE = ("description", *_LENGTHS, "throughput_tokens_per_s", "utilization_rate")
_MOST_W, _MOST_CHARACTERS, _MOST_TOKENS_PER_S, _LEAST_TOKENS_PER_S = 1e6, 10**9, 1e9, 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class OlderPart:
    """A GPU or a CPU: watts, and the share of them that a dialect multiplies or divides by."""

    power_w: float
    eta_ratio: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OlderProfile:
    """One kind of usage. None: the file does not say how long its texts are."""

    name: str
    description: str
    input_characters: int | None
    output_characters: int | None
    throughput_tokens_per_s: float
    utilization_ratio: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OlderModels:
    """One `config_model.yaml`. `notes`: what else a file written from it says, a line each."""

    gpu: OlderPart
    cpu: OlderPart
    profiles: tuple[OlderProfile, ...]
    notes: tuple[str, ...] = ()

    def profile(self, name: str) -> OlderProfile | None:
        """The profile of that name, or None."""
        return next((one for one in self.profiles if one.name == name), None)


def read_older_models(path: Path) -> OlderModels:
    """Hardware and profiles of a file. Raises BadInput; BadDeclaration with line, place and the nearest name."""
    root = read_yaml(path)
    root.named(("hardware", "profiles"))
    hardware = root.of("hardware")
    hardware.named(("gpu", "cpu"))
    profiles = root.of("profiles")
    found = tuple(_profile(name, node) for name, node in profiles.named().items())
    if not found:
        raise profiles.wrong("one profile or more")
    return OlderModels(gpu=_part(hardware.of("gpu")), cpu=_part(hardware.of("cpu")), profiles=found)


def older_models_text(models: OlderModels) -> str:
    """The file of them, which the older calculators' own loaders read; notes as comments above."""
    lines = [comment(note) for note in models.notes]
    lines.append("hardware:")
    for name, part in (("gpu", models.gpu), ("cpu", models.cpu)):
        lines += [f"  {name}:", f"    power_w: {number(part.power_w)}", f"    eta: {number(part.eta_ratio)}"]
    lines += ["", "profiles:"]
    for profile in models.profiles:
        lines += _profile_lines(profile)
    return "\n".join([*lines, ""])


def write_older_models(path: Path, models: OlderModels) -> None:
    """Writes the file whole or not at all. Raises BadInput where it cannot be written."""
    write_whole(path, older_models_text(models).encode())


def _part(node: Node) -> OlderPart:
    node.named(_PART)
    return OlderPart(power_w=node.of("power_w").number(0.0, _MOST_W), eta_ratio=node.of("eta").number(0.0, 1.0))


def _profile(name: str, node: Node) -> OlderProfile:
    held = node.named(_PROFILE)
    return OlderProfile(
        name=name,
        description=held["description"].text() if "description" in held else "",
        input_characters=_length(held, "input_characters"),
        output_characters=_length(held, "output_characters"),
        throughput_tokens_per_s=node.of("throughput_tokens_per_s").number(_LEAST_TOKENS_PER_S, _MOST_TOKENS_PER_S),
        utilization_ratio=held["utilization_rate"].number(0.0, 1.0) if "utilization_rate" in held else 1.0,
    )


def _length(held: Mapping[str, Node], name: str) -> int | None:
    return held[name].whole(_MOST_CHARACTERS) if name in held else None


def _profile_lines(profile: OlderProfile) -> list[str]:
    told = {name: getattr(profile, name) for name in _LENGTHS}
    return [
        f"  {word(profile.name)}:",
        f"    description: {quoted(profile.description)}",
        *(f"    {name}: {value}" for name, value in told.items() if value is not None),
        f"    throughput_tokens_per_s: {number(profile.throughput_tokens_per_s)}",
        f"    utilization_rate: {number(profile.utilization_ratio)}",
        "",
    ]
