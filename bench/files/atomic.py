"""Writes that are whole or not there: a reader never sees half a file, whatever kills the writer."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.errors import BadInput


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Holds `folder` for one writer until the block, or its process, ends. Raises BadInput when another has it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".running").open("w") as mark:
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            said = f"{folder}: another run is under way there; wait for it, or choose another --out"
            raise BadInput(said) from error
        yield


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
