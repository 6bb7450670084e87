"""The modelled power of a host: idle watts and watts per busy thread, each with a low and a high end.

    power = idle_w + slope_w × busy vCPUs        idle_w = min × threads + memory        slope_w = max − min

The source of the rows averages over servers (SPECpower; see bench/data/cpu_watts.csv), so how far one server
lies from its microarchitecture's row is unseen. The scatter between the same vendor's microarchitectures
stands in for it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.stats import mean, median


@dataclass(frozen=True, slots=True, kw_only=True)
class WattRow:
    """Whole-server wall watts over all hardware threads: memory, disk and power supply are inside."""

    microarchitecture: str
    vendor: str  # as in CPUID
    min_w: float  # per hardware thread, idle
    max_w: float  # per hardware thread, fully used
    gib_per_chip: float
    scope: str  # which file of the source
    flag: str  # why it must not become a number; empty: nothing known against it

    @property
    def slope_w(self) -> float:
        """Watts that one busy hardware thread adds."""
        return self.max_w - self.min_w

    def __str__(self) -> str:
        return f"{self.microarchitecture} ({self.scope.split(' file', 1)[0]})"


@dataclass(frozen=True, slots=True)
class Span:
    """A best value between its bounds."""

    low: float
    value: float
    high: float

    def times(self, other: "Span") -> "Span":
        """The product of two spans of non-negative numbers, end by end."""
        return Span(self.low * other.low, self.value * other.value, self.high * other.high)

    def plus(self, other: "Span") -> "Span":
        """The sum, end by end: the ends are bounds, not deviations."""
        return Span(self.low + other.low, self.value + other.value, self.high + other.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChoice:
    """The rows that a CPU's watts rest on: `own` gives the value (empty: the median of `span`)."""

    own: tuple[WattRow, ...]
    span: tuple[WattRow, ...]
    reason: str


def choose_rows(rows: Sequence[WattRow], vendor: str | None, microarchitecture: str | None) -> RowChoice:
    """The CPU's own rows within its vendor's span; for a CPU unknown or flagged, the span of every row."""
    trusted = tuple(row for row in rows if not row.flag)
    own = tuple(row for row in rows if row.microarchitecture == microarchitecture)
    flags = [row.flag for row in own if row.flag]
    if microarchitecture is None:
        reason = "this CPU's id is in no table, so the interval spans every microarchitecture's watts"
    elif not own:
        reason = f"no watts are published for {microarchitecture}, so the interval spans every other row"
    elif flags:
        reason = f"the watts of {microarchitecture} are doubted ({flags[0]}), so the interval spans every row"
    else:
        same = tuple(row for row in trusted if row.vendor == vendor) or trusted
        return RowChoice(
            own=own,
            span=same + tuple(row for row in own if row not in same),
            reason=f"watts of {microarchitecture}; the interval spans the same vendor's microarchitectures",
        )
    return RowChoice(own=(), span=trusted, reason=reason)


def span_of(choice: RowChoice, quantity: Callable[[WattRow], float]) -> Span:
    """One quantity of the rows: the least and most of the span, the mean of the own rows between them."""
    spread = [quantity(row) for row in choice.span]
    value = mean([quantity(row) for row in choice.own]) if choice.own else median(spread)
    return Span(min(spread), value, max(spread))


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryTerm:
    """Memory beyond what the watts per thread already hold. `chip_threads` None: not known."""

    memory_gib: float
    w_per_gib: float
    gib_per_chip: Span
    chip_threads: int | None


def memory_power(term: MemoryTerm, hardware_threads: Span) -> Span:
    """Watts of the memory above gib_per_chip × machine threads ÷ chip threads.

    With chip threads unknown: none at the low end, all of it at the high end, half of it as the value.
    """
    every_w = term.memory_gib * term.w_per_gib
    if term.chip_threads is None:
        return Span(0.0, every_w / 2, every_w)

    def beyond_w(gib_per_chip: float, threads: float) -> float:
        held_gib = gib_per_chip * threads / term.chip_threads if term.chip_threads else 0.0
        return max(0.0, term.memory_gib - held_gib) * term.w_per_gib

    held, threads = term.gib_per_chip, hardware_threads
    return Span(
        beyond_w(held.high, threads.high),
        beyond_w(held.value, threads.value),
        beyond_w(held.low, threads.low),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPower:
    """power = idle_w + slope_w × busy vCPUs, at each end."""

    idle_w: Span
    slope_w: Span
    memory_w: Span  # inside idle_w


def host_power(choice: RowChoice, vcpus: int, threads_per_vcpu: Span, term: MemoryTerm) -> HostPower:
    """The model of a machine with `vcpus` logical CPUs, each worth `threads_per_vcpu` hardware threads."""
    hardware_threads = threads_per_vcpu.times(Span(vcpus, vcpus, vcpus))
    memory_w = memory_power(term, hardware_threads)
    return HostPower(
        idle_w=span_of(choice, lambda row: row.min_w).times(hardware_threads).plus(memory_w),
        slope_w=span_of(choice, lambda row: row.slope_w).times(threads_per_vcpu),
        memory_w=memory_w,
    )
