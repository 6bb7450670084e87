"""What a machine can do at most, and for how many joules: the work that is driven, and the figures found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bench.nouns.learnt import Quantity
from bench.nouns.words import Domain

# Arrays that one element passes through, each once, as STREAM counts them: Copy reads one and writes one, Triad
# reads two and writes one; a line that a cache fetches only to overwrite it is not counted. Source: McCalpin,
# STREAM, https://www.cs.virginia.edu/~mccalpin/papers/bandwidth/node2.html (checked 2026-11-21).
_ARRAYS = {"copy": 2, "triad": 3}
ELEMENT_BYTES = {"fp64": 8, "fp32": 4, "bf16": 2, "fp16": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """Work whose amount is known exactly.

    copy: a = b; triad: a = b + s·c, over `size` elements. matmul: the product of two dense squares of `size` rows.
    """

    kind: Literal["copy", "triad", "matmul"]
    precision: Literal["fp64", "fp32", "bf16", "fp16"]
    size: int

    @property
    def label(self) -> str:
        """As windows and figures call it: "triad", "fp32_matmul"."""
        return f"{self.precision}_matmul" if self.kind == "matmul" else self.kind

    @property
    def unit(self) -> Literal["byte", "FLOP"]:
        """What it is counted in."""
        return "FLOP" if self.kind == "matmul" else "byte"

    @property
    def per_pass(self) -> int:
        """The work of one pass: bytes moved as STREAM counts them, or 2·n³ operations of a dense product.

        Source of the latter: LAPACK Working Note 41, operation counts for the BLAS: m·n·k multiplications and as
        many additions, https://www.netlib.org/lapack/lawn41/node114.html and the next (checked 2026-11-21).
        """
        if self.kind == "matmul":
            return 2 * self.size**3
        return _ARRAYS[self.kind] * self.size * ELEMENT_BYTES[self.precision]

    @property
    def held_bytes(self) -> int:
        """The bytes that its arrays take in memory."""
        arrays, size = (3, self.size**2) if self.kind == "matmul" else (_ARRAYS[self.kind], self.size)
        return arrays * size * ELEMENT_BYTES[self.precision]


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """What a kernel can't exceed, in its unit a second, as it was declared, and where."""

    per_s: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How a device was calibrated: sealed beside its readings, so that every figure can be computed again."""

    device: str  # "cpu", or the domain of a board: "gpu:0"
    hardware: str  # the hardware profile's name
    kernels: tuple[Kernel, ...]
    peaks: Mapping[str, Peak] = field(default_factory=dict)  # label → what was declared of it
    limits: tuple[str, ...] = ()  # what bounds the ceilings besides the device: threads, a quota
    left_out: Mapping[str, str] = field(default_factory=dict)  # label → why it could not be driven


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredFigure:
    """One figure of a profile that was measured: whose, what, and the sealed run that proves it.

    Names: idle_bare, idle_resident (W); LABEL_rate (GB/s, TFLOP/s); LABEL_gross and LABEL_above_idle (J/byte,
    J/FLOP).
    """

    device: str
    domain: Domain | None  # where its joules were read; None: told by the clock alone
    name: str
    quantity: Quantity
    run_id: str
    limited_by: str = ""  # what bounds a rate besides the device: threads, a power limit
    stand_in: str = ""  # what was read in a sensor's place; "": a sensor, or a model of one

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it apart from the others of one run."""
        return self.device, self.domain or "", self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceilings:
    """What a calibration found: figures, and for those that it does not have, why."""

    figures: tuple[MeasuredFigure, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)  # "gpu:0/triad_gross", "triad_rate" → why
