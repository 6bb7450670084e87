"""What the host's power is modelled from: the watts of its microarchitecture, and what a vCPU is of it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from bench.errors import BadInput
from bench.files.cpu import Cpu
from bench.files.cpu_watts import read_memory_w_per_gib, read_watt_rows
from bench.nouns import Fact, Source
from bench.physics.host_power import (
    HostPower,
    MemoryTerm,
    RowChoice,
    Span,
    choose_rows,
    host_power,
    span_of,
)
from bench.units import BYTES_PER_GIB

NAME, DOMAIN = "host_model", "host"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """All that the counters are computed from, and in words what it rests on."""

    power: HostPower
    reason: str
    source: Source


def model_of(cpu: Cpu, memory_bytes: int, options: Mapping[str, str]) -> Model:
    """The model of this machine's threads and memory. Raises BadInput for an option that says nothing known."""
    microarchitecture = options.get("microarchitecture") or cpu.microarchitecture
    declared = options.get("vcpu_is")
    if declared not in (None, "thread", "core", "unverified"):
        raise BadInput(f"host_model: vcpu_is is {declared!r}; it must be thread, core or unverified")
    choice = choose_rows(read_watt_rows(), cpu.vendor, microarchitecture)
    per_vcpu, vcpu_words = threads_per_vcpu(cpu, declared, options.get("vcpu_is_verified", "true") == "true")
    term = MemoryTerm(
        memory_gib=memory_bytes / BYTES_PER_GIB,
        w_per_gib=read_memory_w_per_gib(),
        gib_per_chip=span_of(choice, lambda row: row.gib_per_chip),
        chip_threads=_chip_threads(options),
    )
    power = host_power(choice, cpu.threads, per_vcpu, term)
    reason = f"{choice.reason}; {vcpu_words}"
    details = _details(cpu, microarchitecture, choice, per_vcpu, term, power)
    return Model(
        power=power,
        reason=reason,
        source=Source(
            domain=DOMAIN,
            meter=NAME,
            boundary="host",
            basis="modelled",
            device="cpu-model",
            device_name=cpu.name,
            fields=("value", "low", "high"),
            reason=reason,
            details=details,
        ),
    )


def threads_per_vcpu(cpu: Cpu, declared: str | None, verified: bool) -> tuple[Span, str]:
    """How many hardware threads' watts one logical CPU draws, and why.

    A guest's own topology is not believed: a hypervisor may show siblings where there are none, or hide them.
    """
    if declared in ("thread", "core") and verified:
        count = 1.0 if declared == "thread" else 2.0
        return Span(count, count, count), f"a vCPU is a {declared} (hardware profile)"
    if declared == "thread":
        return Span(1.0, 1.0, 2.0), "a vCPU is believed to be a thread, unverified: the interval spans both"
    if declared == "core":
        return Span(1.0, 2.0, 2.0), "a vCPU is believed to be a core, unverified: the interval spans both"
    if cpu.hypervisor is False and declared is None:
        if cpu.siblings > 1:
            return Span(1.0, 1.0, 1.0), "bare metal with SMT on: a logical CPU is a thread"
        if cpu.smt == "off":
            return Span(2.0, 2.0, 2.0), "bare metal with SMT off: a logical CPU has a whole core"
    return Span(1.0, 1.5, 2.0), "whether a vCPU is a thread or a core is unverified: the interval spans both"


def _details(
    cpu: Cpu,
    microarchitecture: str | None,
    choice: RowChoice,
    per_vcpu: Span,
    term: MemoryTerm,
    power: HostPower,
) -> dict[str, Fact]:
    spans = {
        "idle_w": power.idle_w,
        "slope_w_per_busy_vcpu": power.slope_w,
        "memory_w": power.memory_w,
        "threads_per_vcpu": per_vcpu,
        "min_w_per_thread": span_of(choice, lambda row: row.min_w),
        "slope_w_per_thread": span_of(choice, lambda row: row.slope_w),
        "gib_per_chip": term.gib_per_chip,
    }
    details: dict[str, Fact] = {
        f"{name}_{end}": getattr(span, end) for name, span in spans.items() for end in ("low", "value", "high")
    }
    return details | {
        "formula": "J = idle_w * seconds + slope_w_per_busy_vcpu * busy_s",
        "threads": cpu.threads,
        "memory_gib": term.memory_gib,
        "memory_w_per_gib": term.w_per_gib,
        "chip_threads": term.chip_threads,
        "microarchitecture": microarchitecture,
        "cpu_vendor": cpu.vendor,
        "cpu_family": cpu.family,
        "cpu_model": cpu.model,
        "cpu_stepping": cpu.stepping,
        "hypervisor": cpu.hypervisor,
        "rows_of_value": ", ".join(map(str, choice.own)) or "median of the span",
        "rows_of_span": ", ".join(map(str, choice.span)),
        "tick_s": 1.0 / os.sysconf("SC_CLK_TCK"),
    }


def _chip_threads(options: Mapping[str, str]) -> int | None:
    text = options.get("chip_threads")
    if not text:
        return None
    if not text.isdigit() or int(text) == 0:
        raise BadInput(f"host_model: chip_threads is {text!r}; it must be a whole number above 0")
    return int(text)
