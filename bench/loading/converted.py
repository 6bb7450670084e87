"""Models in a library's own format: made once, by a process of its own, and kept under a name that says of what.

CACHE/NAME            whole, or not there: the last step is a rename
CACHE/.NAME.PID       being made; one whose process is gone is cleared away
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO

import psutil

from bench.errors import CannotRun, JoulemarkError
from bench.files.codec import build, plain
from bench.files.config import cache_folder, inherited_with
from bench.loading.child import child
from bench.loading.parent import end_with_parent
from bench.nouns import LoadSpec
from bench.units import BYTES_PER_GIB

_SMALL_FILE_BYTES = 1 << 20  # of larger weights only names, sizes and times are looked at


def place_for(spec: LoadSpec, maker: Mapping[str, str]) -> Path:
    """Where this model's conversion lies: by architecture, weights, seed, precision and the makers' versions."""
    model = spec.model
    what = {
        "architecture": model.architecture,
        "config": dict(model.config),
        "languages": dict(model.languages),
        "precision": spec.precision,
        "weights": spec.weights,
        "seed": spec.seed if spec.weights == "synthetic" else None,
        "path": _path_seal(spec.path or model.hub) if spec.weights == "pretrained" else None,
        "maker": dict(maker),
    }
    seal = hashlib.sha256(json.dumps(what, sort_keys=True, default=str).encode()).hexdigest()
    return cache_folder() / f"{model.name}-{spec.precision}-{seal[:16]}"


def make_once(folder: Path, needed_bytes: int, make: Callable[[Path], None]) -> None:
    """Lets `make` fill a folder that then becomes `folder`; nothing where it is there. Raises CannotRun."""
    if folder.is_dir():
        return
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _clear_abandoned(folder)
        _require_room(folder.parent, needed_bytes)
        half = folder.with_name(f".{folder.name}.{os.getpid()}")
        half.mkdir()
    except OSError as error:
        raise CannotRun(
            f"{folder.parent}: converted models can't be kept there ({error.strerror}); name another folder with "
            "JOULEMARK_CACHE"
        ) from error
    try:
        make(half)
        half.rename(folder)
    except OSError as error:
        if not folder.is_dir():  # else another process was first, with the same content
            raise CannotRun(f"{folder}: could not be written: {error}") from error
    finally:
        shutil.rmtree(half, ignore_errors=True)


def run_apart(module: str, spec: LoadSpec, folder: Path, **more: str) -> None:
    """Runs `python -m module` with this job; it ends with us. Raises CannotRun with the last that it said."""
    typed = replace(spec, model=replace(spec.model, config={}))  # the configuration is the library's, not ours
    told = {"spec": plain(typed), "config": spec.model.config, "folder": str(folder), "more": more}
    job = json.dumps(told)
    # synthetic weights need no hub: a library that asks one all the same is to fail, not to download
    alone = inherited_with(HF_HUB_OFFLINE="1") if spec.weights == "synthetic" else None
    command = [sys.executable, "-P", "-m", module]
    with tempfile.TemporaryFile("w+") as said:

        def start() -> "subprocess.Popen[str]":
            return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=said, stderr=said, text=True, env=alone)

        with child(start, _kill) as process:
            code = _served(process, job)
        if code:
            raise CannotRun(f"{spec.model.name} could not be converted: {_last(said, code)}")


def do_job(convert: Callable[[LoadSpec, Path, Mapping[str, str]], None]) -> None:
    """All of a process that `run_apart` started: `convert` fills the folder, or it ends with the error's words."""
    spec, folder, more = _take_job()
    try:
        convert(spec, folder, more)
    except JoulemarkError as error:
        raise SystemExit(str(error)) from error


def _take_job() -> tuple[LoadSpec, Path, Mapping[str, str]]:
    """The job on stdin; from then on the process ends as soon as its parent does."""
    job = json.loads(sys.stdin.readline())
    end_with_parent()
    typed = build(LoadSpec, job["spec"], "job")
    spec = replace(typed, model=replace(typed.model, config=job["config"]))
    return spec, Path(job["folder"]), job["more"]


def _served(process: "subprocess.Popen[str]", job: str) -> int:
    assert process.stdin is not None
    try:
        process.stdin.write(job + "\n")
        process.stdin.flush()
        return process.wait()
    except BrokenPipeError:
        return process.wait()
    finally:
        try:
            process.stdin.close()
        except BrokenPipeError:  # it died before it read its job
            process.wait()


def _kill(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.wait()
    if process.stdin is not None:
        with suppress(BrokenPipeError):
            process.stdin.close()


def _last(said: IO[str], code: int) -> str:
    said.seek(0)
    lines = [line.strip() for line in said.read().splitlines() if line.strip()]
    if code == -9:
        return "it was killed (signal 9, as the kernel does when memory runs out)"
    return lines[-1] if lines else f"it ended with code {code} and said nothing"


def _require_room(folder: Path, needed_bytes: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed_bytes > free:
        raise CannotRun(
            f"{folder}: the converted model needs {needed_bytes / BYTES_PER_GIB:.1f} GiB there, "
            f"{free / BYTES_PER_GIB:.1f} GiB are free: free some, or name another folder with JOULEMARK_CACHE"
        )


def _clear_abandoned(folder: Path) -> None:
    for half in folder.parent.glob(f".{folder.name}.*"):
        pid = half.name.rpartition(".")[2]
        if pid.isdigit() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(half, ignore_errors=True)


def _path_seal(path: str | None) -> str | None:
    """A hub id as it is; of a folder what tells it from another: names, sizes, times, small files' content."""
    if path is None or not Path(path).exists():
        return path
    place = Path(path).resolve()
    seal = hashlib.sha256(str(place).encode())
    for file in sorted(f for f in place.rglob("*") if f.is_file()) if place.is_dir() else [place]:
        status = file.stat()
        seal.update(f"{file.name} {status.st_size} {status.st_mtime_ns}\n".encode())
        if status.st_size < _SMALL_FILE_BYTES:
            seal.update(file.read_bytes())
    return seal.hexdigest()
