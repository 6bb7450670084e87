"""How large this processor's caches are, and in which short number formats it computes. Stdlib only and light."""

from pathlib import Path

from bench.files.kernel import text_of

# The kernel's names of instructions that multiply matrices in a format: arch/x86/include/asm/cpufeatures.h, and of
# ARM in arch/arm64/kernel/cpuinfo.c; https://github.com/torvalds/linux (checked 2026-11-21).
_FORMATS = {
    "bf16": frozenset({"avx512_bf16", "amx_bf16", "bf16", "svebf16"}),
    "fp16": frozenset({"avx512_fp16", "amx_fp16", "asimdhp"}),
}
_UNITS = {"K": 1024, "M": 1024**2, "G": 1024**3}
_FIRST_BLOCK_BYTES = 16_384


def cache_bytes(root: Path = Path("/")) -> int | None:
    """The last-level caches of all processors together; None where the kernel does not show them.

    Source: Documentation/ABI/testing/sysfs-devices-system-cpu: cache/index*/{level,size,shared_cpu_list}.
    """
    found: dict[tuple[int, str], int] = {}
    for index in (root / "sys/devices/system/cpu").glob("cpu[0-9]*/cache/index[0-9]*"):
        level, size = text_of(index / "level"), text_of(index / "size")
        if level.isdigit() and size[:-1].isdigit() and size[-1:] in _UNITS:
            shared = text_of(index / "shared_cpu_list") or str(index)
            found[int(level), shared] = int(size[:-1]) * _UNITS[size[-1]]
    last = max((level for level, _ in found), default=0)
    return sum(size for (level, _), size in found.items() if level == last) or None


def short_formats(root: Path = Path("/")) -> frozenset[str]:
    """ "bf16", "fp16": those that the processor multiplies itself; in others it computes by way of fp32."""
    try:
        with (root / "proc/cpuinfo").open(encoding="utf-8", errors="replace") as file:
            block = file.read(_FIRST_BLOCK_BYTES)
    except OSError:
        return frozenset()
    flags = {
        flag
        for line in block.splitlines()
        if line.partition(":")[0].strip() in ("flags", "Features")
        for flag in line.partition(":")[2].split()
    }
    return frozenset(name for name, known in _FORMATS.items() if flags & known)
