"""What making the hardware emitted, spread over the time that it serves.

M = TE × TS × RS: total embodied emissions, share of the expected life, share of the hardware.
Source: SCI specification 1.1, "Embodied emissions" (github.com/Green-Software-Foundation/sci at 29cab98, SPEC.md;
published as ISO/IEC 21031:2024); checked 2026-11-22.
"""

from dataclasses import dataclass

from bench.errors import BadInput
from bench.nouns import Range
from bench.phrases import Phrase

# Figures in print of one and the same board lie up to this factor from those kept here, most of it from how its
# memory is counted. One end, for an H100 of 80 GB: 1312 kg for a baseboard of eight, so 164 kg, against 273 kg.
# Source: NVIDIA, HGX H100 Product Carbon Footprint Summary, https://images.nvidia.com/aem-dam/Solutions/documents/
# HGX-H100-PCF-Summary.pdf, by way of EcoLogits' docs/methodology/llm_inference.md at 5be90da (164 kg a GPU; the
# summary itself was not reached); the other end is a model of its components. Checked 2026-11-22.
SPREAD_RATIO = 2.2
_G_PER_KG = 1_000.0
_S_PER_YEAR = 365.25 * 86_400  # a Julian year


@dataclass(frozen=True, slots=True, kw_only=True)
class Embodied:
    """A board with its share of the host, or a share of a host alone: kg CO2 equivalent, and years of service.

    Raises BadInput.
    """

    name: str
    kg: Range
    lifetime_y: Range
    rests_on: tuple[str, ...]  # the figures with their sources and licences

    def __post_init__(self) -> None:
        if self.kg.low < 0:
            raise BadInput(
                Phrase("{name}: {kg} kg embodied; needed is 0 or more", name=self.name, kg=self.kg.words)
            )
        if self.lifetime_y.low <= 0:
            raise BadInput(
                Phrase(
                    "{name}: a life of {lifetime_y} years; needed is more than 0",
                    name=self.name,
                    lifetime_y=self.lifetime_y.words,
                )
            )


def embodied_g(hardware: Embodied, device_s: Range) -> Range:
    """Grams that fall on `device_s` seconds of the hardware: linear over its life. Raises BadInput.

    For requests give the seconds that they held it, divided by how many shared it; for a machine that was kept
    running give all of them: hours that nobody used it are part of its service too.
    """
    if device_s.low < 0:
        raise BadInput(
            Phrase(
                "{hardware}: {device_s} s of it; needed is 0 or more",
                hardware=hardware.name,
                device_s=device_s.words,
            )
        )
    kg, life = hardware.kg, hardware.lifetime_y
    per_kg = _G_PER_KG / _S_PER_YEAR
    return Range(
        low=per_kg * kg.low * device_s.low / life.high,
        value=per_kg * kg.value * device_s.value / life.value,
        high=per_kg * kg.high * device_s.high / life.low,
    )
