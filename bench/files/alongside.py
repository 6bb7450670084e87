"""Programs that travel beside the workloads, in a checkout and in a wheel alike; imported when asked for."""

import hashlib
import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from bench.errors import BadInput, CannotRun
from bench.files.config import places

# a model's architecture → the folder in workloads/ that holds its tokens, its weights and its export
_FOLDERS = {"intent_lstm": "intent"}
_SEALED = (".py", ".npz", ".json")


def read_alongside(architecture: str, module: str) -> ModuleType:
    """The module of the program that belongs to this architecture. Raises BadInput where there is none."""
    place = _place(architecture)
    package = f"joulemark_{place.name}"  # a name of its own: it is no part of what is installed as `bench`
    if package not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            package, place / "__init__.py", submodule_search_locations=[str(place)]
        )
        if spec is None or spec.loader is None:
            raise CannotRun(f"{place}: nothing to import there; restore it from version control")
        found = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(found)
        sys.modules[package] = found
    return importlib.import_module(f"{package}.{module}")


def alongside_sha256(architecture: str) -> str:
    """The sha256 of the program and its weights: others make other files."""
    seal = hashlib.sha256()
    for file in sorted(f for f in _place(architecture).iterdir() if f.suffix in _SEALED):
        seal.update(f"{file.name} {hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return seal.hexdigest()


def _place(architecture: str) -> Path:
    if architecture not in _FOLDERS:
        known = ", ".join(_FOLDERS)
        raise BadInput(
            f"no program here turns a sentence into {architecture!r}'s inputs; there is one for {known}"
        )
    place = places().workloads / _FOLDERS[architecture]
    if not (place / "__init__.py").is_file():
        raise CannotRun(f"{place}: nothing to import there; restore it from version control")
    return place
