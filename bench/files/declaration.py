"""TOML files as tables that know their file and lines: a wrong key, type or unit names where it stands."""

import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

from bench.errors import BadDeclaration

T = TypeVar("T")
_HEADER = re.compile(r"^\s*\[{1,2}\s*([^\]]+?)\s*\]{1,2}")
_KEY = re.compile(r"^\s*([A-Za-z0-9_\-.\"']+)\s*=")
# a unit that ends a key, and what people write instead of it
_UNITS = ("_w", "_j", "_s", "_ns", "_gib", "_gb", "_mib", "_ratio", "_tokens", "_hz", "_kwh", "_g", "_bytes")


class _Missing:
    pass


_MISSING = _Missing()


class Table:
    """One TOML table. Every key is taken once; `finish` refuses those that nobody took."""

    def __init__(self, file: str, data: Mapping[str, object], lines: Mapping[str, int], path: str = "") -> None:
        self.file = file
        self._data = data
        self._lines = lines
        self._path = path
        self._taken: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._data

    def text(self, key: str, default: str | _Missing = _MISSING, *, one_of: Iterable[str] = ()) -> str:
        """The string under `key`; `default` when it is absent."""
        value = self._take(key, str, "a string in quotes", default)
        options = tuple(one_of)
        if options and value not in options:
            near = get_close_matches(value, options, n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise self.wrong(key, f"expected one of {', '.join(options)}, found {value!r}{hint}")
        return value

    def optional_text(self, key: str) -> str | None:
        """The string under `key`, or None when it is absent."""
        return self.text(key) if key in self._data else None

    def number(
        self,
        key: str,
        default: float | _Missing = _MISSING,
        *,
        least: float | None = None,
        most: float | None = None,
    ) -> float:
        """The finite number under `key`, within its bounds."""
        value = self._take(key, float, "a number", default)
        self._bounds(key, value, least, most)
        return value

    def optional_number(self, key: str, *, least: float | None = None) -> float | None:
        """The number under `key`, or None when it is absent."""
        return self.number(key, least=least) if key in self._data else None

    def integer(
        self,
        key: str,
        default: int | _Missing = _MISSING,
        *,
        least: int | None = None,
        most: int | None = None,
    ) -> int:
        """The whole number under `key`, within its bounds."""
        value = self._take(key, int, "a whole number", default)
        self._bounds(key, value, least, most)
        return value

    def optional_integer(self, key: str, *, least: int | None = None) -> int | None:
        """The whole number under `key`, or None when it is absent."""
        return self.integer(key, least=least) if key in self._data else None

    def flag(self, key: str, default: bool | _Missing = _MISSING) -> bool:
        """True or false."""
        return self._take(key, bool, "true or false", default)

    def texts(self, key: str, default: tuple[str, ...] | _Missing = _MISSING) -> tuple[str, ...]:
        """A list of strings."""
        return self._list(key, str, "a list of strings", default)

    def integers(self, key: str, default: tuple[int, ...] | _Missing = _MISSING) -> tuple[int, ...]:
        """A list of whole numbers."""
        return self._list(key, int, "a list of whole numbers", default)

    def numbers(self, key: str) -> tuple[float, ...]:
        """A list of finite numbers, whole ones among them."""
        value = self._take(key, list, "a list of numbers", _MISSING)
        for item in value:
            if isinstance(item, bool) or not isinstance(item, (int, float)) or not math.isfinite(item):
                raise self.wrong(key, f"expected a list of finite numbers, found {_said(item)} in it")
        return tuple(map(float, value))

    def free(self, key: str) -> dict[str, object]:
        """A table whose keys belong to somebody else (a library's own configuration); {} when absent."""
        self._taken.add(key)
        value = self._data.get(key, {})
        if not isinstance(value, dict):
            raise self.wrong(key, f"expected a table, found {_said(value)}")
        return dict(value)

    def table(self, key: str) -> "Table":
        """The sub-table under `key`; an empty one when it is absent."""
        self._taken.add(key)
        value = self._data.get(key, {})
        if not isinstance(value, dict):
            raise self.wrong(key, f"expected a table, found {_said(value)}")
        return Table(self.file, value, self._lines, self._at(key))

    def tables(self, key: str) -> tuple["Table", ...]:
        """The list of tables under `key` ([[key]]); none when it is absent."""
        self._taken.add(key)
        value = self._data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.wrong(key, f"expected a list of tables ([[{key}]]), found {_said(value)}")
        return tuple(Table(self.file, item, self._lines, f"{self._at(key)}[{i}]") for i, item in enumerate(value))

    def keys(self) -> tuple[str, ...]:
        """The keys of this table, in the file's order."""
        return tuple(self._data)

    def line(self, key: str) -> int | None:
        """The line on which `key` stands, as far as the file shows it."""
        return self._lines.get(self._at(key)) or self._lines.get(self._path)

    def wrong(self, key: str, message: str) -> BadDeclaration:
        """The error for `key`; the caller raises it."""
        return BadDeclaration(self.file, self.line(key), f"{self._at(key)}: {message}")

    def only(self, *keys: str) -> None:
        """Raises BadDeclaration for the first key that is none of these, before any of them is read."""
        self._refuse_others(sorted(keys), set(keys))

    def finish(self) -> None:
        """Raises BadDeclaration for the first key that nobody took."""
        self._refuse_others(sorted(self._taken), self._taken)

    def _refuse_others(self, known: list[str], allowed: set[str]) -> None:
        for key in self._data:
            if key in allowed:
                continue
            near = get_close_matches(key, known, n=1, cutoff=0.5) or _same_quantity(key, known)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
            raise self.wrong(key, f"unknown key; {hint}")

    def _at(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key

    def _take(self, key: str, kind: type[T], expected: str, default: object) -> T:
        self._taken.add(key)
        if key not in self._data:
            if isinstance(default, _Missing):
                unit = _same_quantity(key, list(self._data))
                found = f"; found {unit[0]!r} in its place" if unit else ""
                raise BadDeclaration(
                    self.file,
                    self._lines.get(self._path),
                    f"{self._at(key)}: missing, expected {expected}{found}",
                )
            return default  # type: ignore[return-value]
        value = self._data[key]
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        wrong_bool = isinstance(value, bool) and kind is not bool
        if wrong_bool or not isinstance(value, kind):
            raise self.wrong(key, f"expected {expected}, found {_said(value)}")
        if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
            raise self.wrong(key, f"expected a finite number, found {value!r}")
        return value

    def _list(self, key: str, kind: type[T], expected: str, default: object) -> tuple[T, ...]:
        if key not in self._data and isinstance(default, tuple):
            self._taken.add(key)
            return default
        value = self._take(key, list, expected, _MISSING)
        for item in value:
            if not isinstance(item, kind) or (isinstance(item, bool) and kind is not bool):
                raise self.wrong(key, f"expected {expected}, found {_said(item)} in it")
        return tuple(value)

    def _bounds(self, key: str, value: float, least: float | None, most: float | None) -> None:
        if least is not None and value < least:
            raise self.wrong(key, f"expected at least {least}, found {value}")
        if most is not None and value > most:
            raise self.wrong(key, f"expected at most {most}, found {value}")


def read_table(path: Path) -> Table:
    """The whole TOML file as one table. Raises BadDeclaration when it does not parse."""
    try:
        content = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadDeclaration(str(path), None, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadDeclaration(str(path), None, f"is not UTF-8 text ({error.reason})") from error
    try:
        data = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        raise BadDeclaration(str(path), int(found[1]) if found else None, f"not valid TOML: {error}") from error
    return Table(str(path), data, _lines(content))


def _lines(content: str) -> dict[str, int]:
    """Dotted key → line number. [[list]] entries are numbered from 0: list[0].key."""
    lines: dict[str, int] = {}
    counts: dict[str, int] = {}
    prefix = ""
    for number, line in enumerate(content.splitlines(), start=1):
        if header := _HEADER.match(line):
            name = header[1].replace('"', "").replace(" ", "")
            if line.lstrip().startswith("[["):
                index = counts[name] = counts.get(name, -1) + 1
                name = f"{name}[{index}]"
            prefix = name
            lines.setdefault(name, number)
        elif key := _KEY.match(line):
            name = key[1].strip("\"'")
            lines.setdefault(f"{prefix}.{name}" if prefix else name, number)
    return lines


def _same_quantity(key: str, others: list[str]) -> list[str]:
    """Keys that name the same quantity in another unit: tdp_w for tdp_kw or tdp."""
    return [o for o in others if _stem(o) == _stem(key)]


def _stem(key: str) -> str:
    for unit in (*_UNITS, "_kw", "_mw", "_mj", "_wh", "_ms", "_min", "_kb", "_mb"):
        if key.endswith(unit):
            return key[: -len(unit)]
    return key


def _said(value: object) -> str:
    names = {
        str: "the string",
        bool: "",
        int: "the number",
        float: "the number",
        list: "a list",
        dict: "a table",
    }
    name = names.get(type(value), type(value).__name__)
    return name if isinstance(value, (list, dict)) else f"{name} {value!r}".strip()
