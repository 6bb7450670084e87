"""Frozen nouns ⇄ plain JSON values, by their annotations; unknown and missing keys are told apart."""

import dataclasses
import math
import types
import typing
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from bench.errors import BrokenResults

T = TypeVar("T")
_MOST_BITS = 63  # nanoseconds and counts are 64-bit numbers wherever they come from


def plain(value: object) -> Any:
    """The value as JSON can hold it: dataclasses become objects, tuples lists, paths their text."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return str(value) if isinstance(value, Path) else value


def lean(value: object) -> Any:
    """`plain`, less the fields that are None or hold their default: for long lists of small values."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        kept = {}
        for f in dataclasses.fields(value):
            one = getattr(value, f.name)
            if one is not None and not _is_default(f, one):
                kept[f.name] = lean(one)
        return kept
    return plain(value)


def _is_default(field: "dataclasses.Field[Any]", value: object) -> bool:
    if field.default_factory is not dataclasses.MISSING:
        return bool(value == field.default_factory())
    return field.default is not dataclasses.MISSING and bool(value == field.default)


def build(kind: type[T], data: object, where: str) -> T:
    """A frozen value of `kind` from what `plain` or `lean` made. Raises BrokenResults naming the key."""
    return typing.cast(T, _build(kind, data, where))


def _build(kind: Any, data: Any, where: str) -> Any:
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _dataclass(kind, data, where)
    origin, args = get_origin(kind), get_args(kind)
    if origin is tuple:
        if not isinstance(data, list):
            raise BrokenResults(f"{where}: expected a list, found {data!r:.80}")
        if len(args) == 2 and args[1] is ...:
            return tuple(_build(args[0], item, f"{where}[{i}]") for i, item in enumerate(data))
        if len(data) != len(args):
            raise BrokenResults(f"{where}: expected {len(args)} values, found {len(data)}")
        return tuple(_build(a, item, f"{where}[{i}]") for i, (a, item) in enumerate(zip(args, data, strict=True)))
    if origin in (Mapping, dict) or origin is getattr(typing, "Mapping", None):
        if not isinstance(data, dict):
            raise BrokenResults(f"{where}: expected an object, found {data!r:.80}")
        return {k: _build(args[1], v, f"{where}.{k}") for k, v in data.items()}
    if origin is Sequence:
        return tuple(_build(args[0], item, f"{where}[{i}]") for i, item in enumerate(data))
    if origin in (typing.Union, types.UnionType):
        return _union(args, data, where)
    if origin is typing.Literal:
        if data not in args:
            raise BrokenResults(f"{where}: expected one of {args}, found {data!r:.80}")
        return data
    if kind is Path:
        return Path(data)
    if kind is float and isinstance(data, (int, float)) and not isinstance(data, bool):
        return _finite(data, where)
    if kind is int and isinstance(data, int) and data.bit_length() > _MOST_BITS:
        raise BrokenResults(f"{where}: expected a whole number of {_MOST_BITS + 1} bits, found a longer one")
    if isinstance(kind, type) and (not isinstance(data, kind) or (isinstance(data, bool) and kind is not bool)):
        raise BrokenResults(f"{where}: expected {kind.__name__}, found {data!r:.80}")
    return data


def _finite(data: int | float, where: str) -> float:
    """The number; 1e999 is none."""
    if (isinstance(data, int) and data.bit_length() > 1023) or not math.isfinite(data):
        raise BrokenResults(f"{where}: expected a finite number, found one without end")
    return float(data)


def _union(args: tuple[Any, ...], data: Any, where: str) -> Any:
    if data is None and type(None) in args:
        return None
    options = [a for a in args if a is not type(None)]
    for option in options:
        if option in (str, int, float, bool) and type(data) is option:
            return data
    if len(options) == 1 or not isinstance(data, (str, int, float, bool)):
        return _build(options[0], data, where)
    raise BrokenResults(f"{where}: expected one of {options}, found {data!r:.80}")


def _dataclass(kind: Any, data: Any, where: str) -> Any:
    if not isinstance(data, dict):
        raise BrokenResults(f"{where}: expected an object, found {data!r:.80}")
    hints, known = _hints(kind), kind.__dataclass_fields__
    if strange := sorted(set(data) - set(known)):
        raise BrokenResults(f"{where}: unknown key {strange[0]!r}")
    values = {}
    for name, f in known.items():
        if name in data:
            values[name] = _build(hints[name], data[name], f"{where}.{name}")
        elif f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING:
            if _optional(hints[name]):
                values[name] = None
                continue
            raise BrokenResults(f"{where}: {name!r} is missing")
    return kind(**values)


@cache
def _hints(kind: Any) -> Mapping[str, Any]:
    """A dataclass's annotations, resolved once: a run holds thousands of values of one kind."""
    return typing.get_type_hints(kind)


def _optional(hint: Any) -> bool:
    return get_origin(hint) in (typing.Union, types.UnionType) and type(None) in get_args(hint)
