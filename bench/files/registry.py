"""Names → plug-ins: a file in bench/meters, engines or witnesses is one, and so is an entry point of those names.

A plug-in's libraries are imported when it is asked for, never before.
"""

import importlib
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, cast

from bench.errors import NoEngine, UnknownName
from bench.nouns import Check, Engine, Found, Witness

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

_PACKAGE = Path(__file__).resolve().parent.parent
_KINDS = {"meters": "meter", "engines": "engine", "witnesses": "witness"}


def meter_names() -> tuple[str, ...]:
    """Every meter that can be opened, this package's and others'."""
    return _names("meters")


def engine_names() -> tuple[str, ...]:
    """Every engine that can be loaded, this package's and others'."""
    return _names("engines")


def witness_names() -> tuple[str, ...]:
    """Every peer that can watch beside our meters, this package's and others'."""
    return _names("witnesses")


def open_meter_plugin(name: str, options: Mapping[str, str]) -> Found:
    """The meters that the plug-in finds here. A missing library is a missing sensor, and a check says so."""
    try:
        module = _module("meters", name)
    except ImportError as error:
        _raise_if_ours(error)
        reason = f"its library is missing: {error}"
        check = Check(name=name, status="missing", reason=reason, remedy="pip install --upgrade joulemark")
        return Found(checks=(check,))
    return cast(Found, module.open_meters(options))


def load_engine(name: str) -> Engine:
    """The engine called `name`, no model loaded. Raises UnknownName, or NoEngine with the mending command."""
    try:
        module = _module("engines", name)
    except ImportError as error:
        _raise_if_ours(error)
        raise NoEngine(
            f"the engine {name!r} needs a library that is not here ({error}): pip install 'joulemark[{name}]'"
        ) from error
    return cast(Engine, module.open_engine())


def load_witness(name: str) -> Witness:
    """The peer called `name`, not started. Raises UnknownName. Its library is imported when it is opened."""
    return cast(Witness, _module("witnesses", name).open_witness())


def _raise_if_ours(error: ImportError) -> None:
    """Raises the error again where it is a fault of this package, not a library that is missing."""
    if error.name and error.name.partition(".")[0] == "bench":
        raise error


def _names(folder: str) -> tuple[str, ...]:
    return tuple(sorted({*_own(folder), *_outside(folder)}))


def _outside(folder: str) -> Mapping[str, "EntryPoint"]:
    """Other distributions' plug-ins by name. Their metadata take time and memory to read: imported late."""
    from importlib import metadata

    return {entry.name: entry for entry in metadata.entry_points(group=f"bench.{folder}")}


def _own(folder: str) -> frozenset[str]:
    """The stems in the folder; those that begin with an underscore are no plug-ins."""
    here = _PACKAGE / folder
    stems = {path.stem for path in here.glob("*.py")} | {path.parent.name for path in here.glob("*/__init__.py")}
    return frozenset(stem for stem in stems if not stem.startswith("_"))


def _module(folder: str, name: str) -> ModuleType:
    if name in _own(folder):
        return importlib.import_module(f"bench.{folder}.{name}")
    entry = _outside(folder).get(name)
    if entry is not None:
        return cast(ModuleType, entry.load())
    raise UnknownName(_KINDS[folder], name, _names(folder))
