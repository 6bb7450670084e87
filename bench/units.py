"""Exact conversion factors between units, and counts in words. Nothing here is measured: nothing has an error.

Source: the SI brochure, 9th edition (BIPM 2019), tables 4 and 7; checked 2026-11-21.
"""

J_PER_KWH = 3_600_000.0
J_PER_WH = 3_600.0
J_PER_MJ = 1e-3  # millijoule, the unit of NVML's energy counter
J_PER_UJ = 1e-6  # microjoule, the unit of Linux powercap
MJ_PER_J = 1e3  # millijoules again
W_PER_MW = 1e-3  # milliwatt, the unit of NVML's power fields
W_PER_UW = 1e-6  # microwatt, the unit of Linux powercap's limits
S_PER_MS = 1e-3
MS_PER_S = 1e3
S_PER_NS = 1e-9
NS_PER_S = 1_000_000_000
S_PER_MIN = 60.0
S_PER_H = 3_600.0
BYTES_PER_GIB = 1024**3
BYTES_PER_MIB = 1024**2
BYTES_PER_KIB = 1024


def counted(number: int, noun: str, plural: str = "") -> str:
    """A count as people say it: 1 run, 2 runs; `plural` where an s does not make it."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
