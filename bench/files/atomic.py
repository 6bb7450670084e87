"""Writes that are whole or not there: a reader never sees half a file, whatever kills the writer."""

import os
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Puts `content` at `path` in one step and returns once it would survive a power loss."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.partial")
    with beside.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
