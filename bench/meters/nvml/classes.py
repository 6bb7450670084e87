"""How NVIDIA's power sensors look at the time, by family of boards: what others found with an external meter.

Source: Yang, Adamek, Armour, "Part-time Power Measurements", arXiv:2312.02741 (SC24), table 2, over 70 boards;
checked 2026-11-21. `average` is by NVML's own words the mean of a second (nvml.h, NVML_FI_DEV_POWERAVERAGE).
A class says how long the looks are; what a board really does is found in place, and goes first.
"""

import re
from collections.abc import Mapping

from bench.nouns import FieldPassport, Passport
from bench.physics.passport import AVERAGE


def _looks(update_s: float, window_s: float) -> FieldPassport:
    return FieldPassport(update_s=update_s, window_s=window_s, lag_s=0.0, origin="published")


# (name of the board, its short look, what nvmlDeviceGetPowerUsage is: "instant" on GA100 and older)
_CLASSES: tuple[tuple[str, FieldPassport, str], ...] = (
    (r"GH200|GB200", _looks(0.1, 0.02), "average"),
    (r"\b(H100|H200|H800|H20)\b", _looks(0.1, 0.025), "average"),
    (r"\b(A100|A800|A30)\b", _looks(0.1, 0.025), "instant"),
    (r"\bV100\b|Titan V\b|\b(P100|P40|P4)\b|GTX 10\d\d", _looks(0.02, 0.01), "instant"),
    (r"\bT4\b|RTX 20\d\d|GTX 16\d\d|Quadro RTX|Titan RTX", _looks(0.1, 0.1), "instant"),
    (r"RTX 30\d\d|RTX A\d000|\b(A40|A10|A16|A2)\b", _looks(0.1, 0.1), "average"),
)


def published_passport(name: str, fields: tuple[str, ...]) -> Passport:
    """What is published of boards of this name; a field of which nothing is has none here."""
    known: dict[str, FieldPassport] = {"average": AVERAGE}
    for pattern, instant, usage in _CLASSES:
        if re.search(pattern, name, re.IGNORECASE):
            known |= {"instant": instant, "usage": instant if usage == "instant" else AVERAGE}
            break
    return Passport(fields=_kept(known, fields))


def module_passport(fields: tuple[str, ...]) -> Passport:
    """What is published of a module's power, whatever the board: its CPU is looked at for 10 ms in 100 (GH200)."""
    return Passport(fields=_kept({"instant": _looks(0.1, 0.01), "average": AVERAGE}, fields))


def _kept(known: Mapping[str, FieldPassport], fields: tuple[str, ...]) -> Mapping[str, FieldPassport]:
    return {field: known[field] for field in fields if field in known}
