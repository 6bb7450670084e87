"""What each board answers, found by trying every call once: nothing is concluded from its name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import pynvml

from bench.meters.nvml.classes import module_passport, published_passport
from bench.nouns import Fact, Source
from bench.physics import gains
from bench.units import S_PER_NS, W_PER_MW

Handle: TypeAlias = Any  # a ctypes pointer that only pynvml understands

GAIN_RATIO_95 = gains.GAIN_RATIO_95["nvml"]
PROCESS_COUNT, READ_S = "process_count", "read_s"
POWER_FIELD_IDS = {"instant": pynvml.NVML_FI_DEV_POWER_INSTANT, "average": pynvml.NVML_FI_DEV_POWER_AVERAGE}
_SHARED = {
    pynvml.NVML_GPU_VIRTUALIZATION_MODE_VGPU: "a vGPU: its power is not told apart from its neighbours'",
    pynvml.NVML_GPU_VIRTUALIZATION_MODE_HOST_VGPU: "shared with virtual machines whose work is not seen here",
    pynvml.NVML_GPU_VIRTUALIZATION_MODE_HOST_VSGA: "shared with virtual machines whose work is not seen here",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbedBoard:
    """What a board answered when every call was tried once. No handle: it cannot be measured."""

    source: Source
    handle: Handle | None = None
    scope: int = pynvml.NVML_POWER_SCOPE_GPU
    conditions: tuple[str, ...] = ()
    remedy: str = ""


def process_ids(handle: Handle) -> frozenset[int]:
    """The processes that hold a compute context on the board, as NVML numbers them."""
    return frozenset(int(p.pid) for p in pynvml.nvmlDeviceGetComputeRunningProcesses(handle))


def _allocated_bytes(handle: Handle) -> float:
    """The memory that processes hold, without what driver and firmware reserve.

    Drivers differ in whether `used` holds the reserve too (NVML API reference R525 and R590, nvmlMemory_v2_t;
    checked 2026-11-21), so it is told from what is free.
    """
    memory = pynvml.nvmlDeviceGetMemoryInfo(handle, version=pynvml.nvmlMemory_v2)
    return float(memory.total - memory.free - memory.reserved)


def _held_back_s(handle: Handle, policy: int, field_id: int) -> float:
    """For how long (s) the board has been held back so far: a running total, so that nothing lies between looks.

    The call is deprecated in NVML 13; the field values of the same counters have had these ids, and nanoseconds,
    since they began. Those of single slowdowns (NVML_FI_DEV_CLOCKS_EVENT_REASON_*_SLOWDOWN) are other fields in
    other drivers (251 to 253, then 269 to 271: nvml.h of CUDA 12 and 13; checked 2026-11-21), and are left alone.
    """
    try:
        return float(pynvml.nvmlDeviceGetViolationStatus(handle, policy).violationTime) * S_PER_NS
    except (pynvml.NVMLError_NotSupported, pynvml.NVMLError_FunctionNotFound):
        value = pynvml.nvmlDeviceGetFieldValues(handle, (field_id,))[0]
        if value.nvmlReturn != pynvml.NVML_SUCCESS:
            raise pynvml.NVMLError(value.nvmlReturn) from None
        return number(value) * S_PER_NS


CONDITIONS: Mapping[str, Callable[[Handle], float]] = {
    "event_reasons": lambda h: float(pynvml.nvmlDeviceGetCurrentClocksEventReasons(h)),
    "thermal_slowdown_s": lambda h: _held_back_s(
        h, pynvml.NVML_PERF_POLICY_THERMAL, pynvml.NVML_FI_DEV_PERF_POLICY_THERMAL
    ),
    "power_cap_s": lambda h: _held_back_s(h, pynvml.NVML_PERF_POLICY_POWER, pynvml.NVML_FI_DEV_PERF_POLICY_POWER),
    "temperature_c": lambda h: float(pynvml.nvmlDeviceGetTemperature(h, pynvml.NVML_TEMPERATURE_GPU)),
    "sm_clock_mhz": lambda h: float(pynvml.nvmlDeviceGetClockInfo(h, pynvml.NVML_CLOCK_SM)),
    "utilisation_ratio": lambda h: pynvml.nvmlDeviceGetUtilizationRates(h).gpu / 100,
    "memory_used_bytes": lambda h: float(pynvml.nvmlDeviceGetMemoryInfo(h).used),
    "memory_allocated_bytes": _allocated_bytes,
    "power_limit_w": lambda h: pynvml.nvmlDeviceGetEnforcedPowerLimit(h) * W_PER_MW,
    PROCESS_COUNT: lambda h: float(len(process_ids(h))),
}


def probe(index: int, driver: str) -> ProbedBoard:
    """The board at `index` of NVML's order, every call tried once."""
    try:
        handle = pynvml.nvmlDeviceGetHandleByIndex(index)
        device, name = str(pynvml.nvmlDeviceGetUUID(handle)), _name(handle)
    except pynvml.NVMLError as error:
        reason = f"NVML does not open it: {said(error.value)}"
        return _excluded(index, f"nvml-{index}", "", driver, reason, {}, "see `nvidia-smi`")
    details: dict[str, Fact] = {"nvml_index": index, **_memory(handle)}
    sliced = _sliced(handle, details)
    if sliced:
        return _excluded(index, device, name, driver, sliced[0], details, sliced[1])
    scope, fields = _energy_fields(handle, details)
    if not fields:
        tried = "; ".join(f"{call}: {details[call]}" for call in ("counter", "instant", "average", "usage"))
        reason = f"neither the energy counter nor any power field answers ({tried})"
        remedy = "a driver that supports them; a GPU in confidential-computing mode must be set ready first"
        return _excluded(index, device, name, driver, reason, details, remedy)
    conditions = tuple(name for name, call in CONDITIONS.items() if _answers(details, name, handle, call))
    limit_w = CONDITIONS["power_limit_w"](handle) if "power_limit_w" in conditions else None
    module = scope == pynvml.NVML_POWER_SCOPE_MODULE
    if module:  # the board's own limit bounds the board, not the CPU beside it
        conditions = tuple(name for name in conditions if name != "power_limit_w")
        details["gpu_power_limit_w"], limit_w = limit_w, _module_limit_w(handle)
    source = Source(
        domain=f"module:{index}" if module else f"gpu:{index}",
        meter="nvml",
        boundary="platform" if module else "gpu",
        basis="measured",
        device=device,
        device_name=name,
        fields=fields,
        gain_ratio_95=GAIN_RATIO_95,
        power_limit_w=limit_w,
        driver=driver,
        details=details,
        passport=module_passport(fields) if module else published_passport(name, fields),
    )
    return ProbedBoard(source=source, handle=handle, scope=scope, conditions=(*conditions, READ_S))


def _name(handle: Handle) -> str:
    """The board's name; a name that is no UTF-8 is no reason to lose the board."""
    try:
        return str(pynvml.nvmlDeviceGetName(handle))
    except UnicodeDecodeError as error:
        return bytes(error.object).split(b"\0")[0].decode("utf-8", "replace")


def _memory(handle: Handle) -> dict[str, Fact]:
    """The board's memory, all and free, for planning, and how fast it can be; nothing where NVML does not say."""
    try:
        memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
    except pynvml.NVMLError as error:
        return {"memory": said(error.value)}
    details: dict[str, Fact] = {"memory_total_bytes": int(memory.total), "memory_free_bytes": int(memory.free)}
    try:
        bits = pynvml.nvmlDeviceGetMemoryBusWidth(handle)
        clock_mhz = pynvml.nvmlDeviceGetMaxClockInfo(handle, pynvml.NVML_CLOCK_MEM)
    except pynvml.NVMLError as error:
        return details | {"memory_speed": said(error.value)}
    # two transfers a clock (CUDA C++ Best Practices Guide, theoretical bandwidth; checked 2026-11-21);
    # that gives the published figures of the T4 (320 GB/s), the A10 (600), the A100-80 (2039) and the H100 (3352)
    return details | {"memory_bytes_per_s": 2 * clock_mhz * 1e6 * bits / 8}


def _sliced(handle: Handle, details: dict[str, Fact]) -> tuple[str, str] | None:
    """Why the board's sensors do not belong to the work done here, and what helps; None for a whole board."""
    try:
        if pynvml.nvmlDeviceGetMigMode(handle)[0] == pynvml.NVML_DEVICE_MIG_ENABLE:
            reason = "MIG is on: counter and power are the whole board's, not the slice's"
            return reason, "switch MIG off (`sudo nvidia-smi -mig 0`) or use a whole GPU"
    except pynvml.NVMLError as error:
        details["mig"] = said(error.value)
    try:
        mode = pynvml.nvmlDeviceGetVirtualizationMode(handle)
    except pynvml.NVMLError as error:
        details["virtualization"] = said(error.value)
        return None
    details["virtualization"] = "passed through" if mode == 1 else "none" if mode == 0 else f"mode {mode}"
    if mode in _SHARED:
        return _SHARED[mode], "use a machine that has a whole GPU to itself"
    return None


def _energy_fields(handle: Handle, details: dict[str, Fact]) -> tuple[int, tuple[str, ...]]:
    """The scope of the board's power, and every field that tells its energy."""
    fields = []
    if _answers(details, "counter", handle, pynvml.nvmlDeviceGetTotalEnergyConsumption):
        fields.append("counter")
    scope, power = _power_fields(handle, details, module_too=not fields)
    fields += power
    if not power and _answers(details, "usage", handle, pynvml.nvmlDeviceGetPowerUsage):
        fields.append("usage")
        details["usage"] = "nvmlDeviceGetPowerUsage: instant on GA100 and older, a 1 s average on newer boards"
    return scope, tuple(fields)


def _power_fields(handle: Handle, details: dict[str, Fact], *, module_too: bool) -> tuple[int, list[str]]:
    """The scope under which power answers, and the fields that do.

    The module's power holds a CPU and its memory beside the GPU on Grace boards, so it is no witness for a
    counter, and is taken only where there is nothing else. It is then the platform's, never the GPU's.
    """
    fields = _answering(handle, pynvml.NVML_POWER_SCOPE_GPU, details)
    if fields or not module_too:
        return pynvml.NVML_POWER_SCOPE_GPU, fields
    fields = _answering(handle, pynvml.NVML_POWER_SCOPE_MODULE, details)
    if not fields:
        return pynvml.NVML_POWER_SCOPE_GPU, fields
    details["power_scope"] = "module: on Grace boards it holds the CPU and its memory too"
    return pynvml.NVML_POWER_SCOPE_MODULE, fields


def _answering(handle: Handle, scope: int, details: dict[str, Fact]) -> list[str]:
    fields = []
    for name, field_id in POWER_FIELD_IDS.items():
        try:
            code = pynvml.nvmlDeviceGetFieldValues(handle, ((field_id, scope),))[0].nvmlReturn
        except pynvml.NVMLError as error:
            code = error.value
        if code == pynvml.NVML_SUCCESS:
            fields.append(name)
            details.pop(name, None)
        else:
            details[name] = said(code)
    return fields


def _module_limit_w(handle: Handle) -> float | None:
    """The module's own power limit; None where NVML does not say."""
    asked = ((pynvml.NVML_FI_DEV_POWER_CURRENT_LIMIT, pynvml.NVML_POWER_SCOPE_MODULE),)
    try:
        value = pynvml.nvmlDeviceGetFieldValues(handle, asked)[0]
    except pynvml.NVMLError:
        return None
    return number(value) * W_PER_MW if value.nvmlReturn == pynvml.NVML_SUCCESS else None


def _answers(details: dict[str, Fact], name: str, handle: Handle, call: Callable[[Handle], object]) -> bool:
    try:
        call(handle)
    except pynvml.NVMLError as error:
        details[name] = said(error.value)
        return False
    return True


def number(value: Any) -> float:
    """The number in a field value, by its own declared type (nvml.h, nvmlValueType_t)."""
    if value.valueType == pynvml.NVML_VALUE_TYPE_DOUBLE:
        return float(value.value.dVal)
    if value.valueType in (pynvml.NVML_VALUE_TYPE_UNSIGNED_LONG, pynvml.NVML_VALUE_TYPE_UNSIGNED_LONG_LONG):
        return float(value.value.ullVal)
    return float(value.value.uiVal)


def _excluded(
    index: int,
    device: str,
    name: str,
    driver: str,
    reason: str,
    details: Mapping[str, Fact],
    remedy: str,
) -> ProbedBoard:
    source = Source(
        domain=f"gpu:{index}",
        meter="nvml",
        boundary="gpu",
        basis="excluded",
        device=device,
        device_name=name,
        driver=driver,
        reason=reason,
        details=details,
    )
    return ProbedBoard(source=source, remedy=remedy)


def said(code: int) -> str:
    """NVML's own words for an error code."""
    return str(pynvml.NVMLError(code))
