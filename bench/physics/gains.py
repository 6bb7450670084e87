"""How far boards and packages differ from a reference by a factor: half-widths that hold 95 % of them.

NVML: five RTX 3090 from -5.5 to +1.7 %, an A100 by -4.6 % (arXiv:2312.02741, section 4.4; checked 2026-11-21).
RAPL: close on Intel since Haswell, where it measures (Hackenberg et al. 2015, doi:10.1109/IPDPSW.2015.70),
modelled on AMD Zen 2 and partly blind to what the data cost (Schöne et al., arXiv:2108.00808), and for DRAM off
by an offset that differs between systems (Desrochers, Paradis, Weaver, MEMSYS 2016,
http://web.eece.maine.edu/~vweaver/projects/rapl/rapl_validation.html). None of them gives the spread between
boards (checked 2026-11-21), so its half-width is a cautious choice, not a measurement: twice that of NVIDIA's.
"""

from collections.abc import Mapping
from types import MappingProxyType

GAIN_RATIO_95: Mapping[str, float] = MappingProxyType({"nvml": 0.05, "rapl": 0.10})  # by the meter's file
