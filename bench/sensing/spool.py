"""Observations as 18 bytes each, in a file that two processes share: one appends, the other reads on.

    int64 t_ns | uint16 column | float64 value          little endian, no padding

A column's number stands for (domain, name, kind); the writer announces each number once, elsewhere.
"""

import os
import struct
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bench.nouns import Condition, Observation, Reading

_ROW = struct.Struct("<qHd")
_FLUSH_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class SpoolColumn:
    """What a row's value is. Kind: "energy", "power" or "condition"."""

    domain: str
    name: str
    kind: str


class SpoolWriter:
    """The appending end. Rows wait in memory until `flush`, or until a few hundred have gathered."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._rows = bytearray()
        self._columns: dict[tuple[str, str, str], int] = {}
        self.written = 0

    def append(self, one: Observation) -> SpoolColumn | None:
        """Adds a row; the column, when it is a new one that has yet to be announced."""
        key: tuple[str, str, str]
        if isinstance(one, Reading):
            key = (one.domain, one.field, one.kind)
        else:
            key = (one.domain, one.name, "condition")
        number = self._columns.get(key)
        fresh = number is None
        if number is None:
            number = self._columns[key] = len(self._columns)
        self._rows += _ROW.pack(one.t_ns, number, one.value)
        if len(self._rows) >= _FLUSH_BYTES:
            self.flush()
        return SpoolColumn(*key) if fresh else None

    def flush(self) -> None:
        """Hands every row to the file."""
        rows = memoryview(self._rows)
        while rows:
            done = os.write(self._handle, rows)
            self.written += done
            rows = rows[done:]
        self._rows = bytearray()


class SpoolReader:
    """The reading end. It never moves the file's offset: that belongs to the writer."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._offset = 0

    def read_on(self, columns: Mapping[int, SpoolColumn]) -> list[Observation]:
        """Every whole row since the last call; a row whose column is unknown ends it."""
        found: list[Observation] = []
        size = os.fstat(self._handle).st_size
        rows = os.pread(self._handle, size - self._offset, self._offset)
        for t_ns, number, value in _ROW.iter_unpack(rows[: len(rows) // _ROW.size * _ROW.size]):
            column = columns.get(number)
            if column is None:
                break
            self._offset += _ROW.size
            if column.kind == "condition":
                found.append(Condition(t_ns, column.domain, column.name, value))
            else:
                kind: Literal["energy", "power"] = "energy" if column.kind == "energy" else "power"
                found.append(Reading(t_ns, column.domain, column.name, kind, value))
        return found


def open_spool() -> int:
    """A file without a name, in memory where the system can: no disk stirs while energy is measured."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("joulemark-readings", os.MFD_CLOEXEC)
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
