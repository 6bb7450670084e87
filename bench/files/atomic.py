"""Writes that are whole or not there: a reader never sees half a file, whatever kills the writer."""

import os
from contextlib import suppress
from pathlib import Path

from bench.errors import BadInput


def write_whole(path: Path, content: bytes) -> None:
    """Puts `content` at `path` in one step and returns once it would survive a power loss.

    Raises BadInput where it cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(beside, content)
        beside.replace(path)
        _keep(path.parent)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise BadInput(
            f"{path}: cannot be written ({error.strerror}); choose a folder with room, where you may write"
        ) from error


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())


def _keep(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
