"""Watts per hardware thread by microarchitecture, and watts per GiB of memory: tables with their sources.

Stdlib only and light: the sampler's process imports it.
"""

import csv
from collections.abc import Mapping
from pathlib import Path

from bench.errors import BadDeclaration
from bench.files.config import places
from bench.files.data_rows import read_rows
from bench.physics.host_power import WattRow
from bench.units import BYTES_PER_GIB

_BYTES_PER_GB = 1e9
_W_PER_KW = 1e3


def read_watt_rows(path: Path | None = None) -> tuple[WattRow, ...]:
    """Every row of cpu_watts.csv, the flagged ones too. Raises BadDeclaration naming the line."""
    return read_rows(path or places().data / "cpu_watts.csv", _watt_row, "a row of watts")


def _watt_row(row: Mapping[str, str]) -> WattRow:
    return WattRow(
        microarchitecture=row["microarchitecture"],
        vendor=row["vendor"],
        min_w=float(row["min_w_per_thread"]),
        max_w=float(row["max_w_per_thread"]),
        gib_per_chip=float(row["gb_per_chip"]) * _BYTES_PER_GB / BYTES_PER_GIB,
        scope=row["scope"],
        flag=row["notes"].strip(),
    )


def read_memory_w_per_gib(path: Path | None = None) -> float:
    """Watts per GiB of memory. Raises BadDeclaration.

    kWh/(GB·h) × 1000 W/kW = W/GB, and × 2³⁰ ÷ 10⁹ = W/GiB: 0.000392 becomes 0.420906795008.
    """
    path = path or places().data / "memory_watts.csv"
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row.get("quantity") == "memory" and row.get("unit") == "kWh/GB/h":
                return float(row["value"]) * _W_PER_KW * BYTES_PER_GIB / _BYTES_PER_GB
    raise BadDeclaration(str(path), None, "expected a row 'memory' in kWh/GB/h")
