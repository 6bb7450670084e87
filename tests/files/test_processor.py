"""Caches and formats of a processor, from trees like those that kernels show."""

import pytest

from bench.files.processor import cache_bytes, short_formats


def cached(root, cpu, index, level, size, shared):
    folder = root / f"sys/devices/system/cpu/cpu{cpu}/cache/index{index}"
    folder.mkdir(parents=True)
    for name, text in (("level", level), ("size", size), ("shared_cpu_list", shared)):
        (folder / name).write_text(f"{text}\n")


def test_last_level_caches_are_added_once_each(tmp_path):
    """Four CPUs, two L3 of 32 MiB: 64 MiB, whatever lies below them."""
    for cpu in range(4):
        cached(tmp_path, cpu, 0, 1, "32K", str(cpu))
        cached(tmp_path, cpu, 3, 3, "32768K", "0-1" if cpu < 2 else "2-3")

    assert cache_bytes(tmp_path) == 64 * 1024**2


def test_a_machine_that_shows_no_cache_is_none_and_not_nothing(tmp_path):
    assert cache_bytes(tmp_path) is None


@pytest.mark.parametrize(
    ("line", "formats"),
    [
        ("flags\t\t: fpu avx512f avx512_bf16", {"bf16"}),
        ("flags\t\t: amx_bf16 amx_tile avx512_fp16", {"bf16", "fp16"}),
        ("Features\t: fp asimd asimdhp bf16", {"bf16", "fp16"}),
        ("flags\t\t: fpu avx2 f16c", set()),  # f16c converts, and multiplies nothing
    ],
)
def test_formats_are_those_that_the_processor_multiplies(tmp_path, line, formats):
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text(f"processor\t: 0\n{line}\n")

    assert short_formats(tmp_path) == formats
    assert short_formats(tmp_path / "nowhere") == frozenset()
