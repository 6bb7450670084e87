"""YAML of others, read as text with its lines: no tags, no aliases, no guessing what a word may mean.

A scalar stays the text that it is until a reader asks for a number or a day, so that the country NO is not false
and 08:30 no number in base 60 (YAML 1.1 says both; yaml.org/spec/1.2.2, 10.3, says neither; checked 2026-11-22).
Refused with their line: aliases (nine lines of them expand to gigabytes), tags, keys that stand twice, a second
document, nesting beyond any such file. PyYAML is imported when the first file is read, never before.
"""

import importlib
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from bench.errors import BadDeclaration, BadInput, CannotRun

_MOST_BYTES = 16 * 1024**2  # chosen: a century of daily counts is a tenth of it
_DEEPEST = 16  # chosen: these files nest four deep
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"[-+]?\d{1,18}", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 2000, 2100  # chosen: a count of another century is a slip of the pen


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A value with its place: a text, its named nodes, or a list of them. `path` is as regions.france.pue."""

    file: str
    line: int
    path: str
    value: "str | Mapping[str, Node] | tuple[Node, ...]"
    quoted: bool = False

    def wrong(self, needed: str) -> BadDeclaration:
        """The error that names the place, what stands there, and what is needed."""
        return BadDeclaration(
            self.file, self.line, f"{self.path or 'the file'} is {self._words}; needed is {needed}"
        )

    @property
    def empty(self) -> bool:
        """Whether nothing stands there: a key without a value, ~ or null."""
        return isinstance(self.value, str) and not self.quoted and self.value in ("", "~", "null", "Null", "NULL")

    def named(self, known: Iterable[str] | None = None) -> "Mapping[str, Node]":
        """Its nodes by their names. Raises BadDeclaration; where a name is not among `known`, with the nearest."""
        if not isinstance(self.value, Mapping):
            raise self.wrong("names with values")
        if known is not None:
            options = list(known)
            for name, node in self.value.items():
                if name not in options:
                    raise BadDeclaration(
                        self.file, node.line, f"{node.path} is not known; {nearest(name, options)}"
                    )
        return self.value

    def of(self, name: str) -> "Node":
        """The node of that name. Raises BadDeclaration where it is missing, with the nearest that is there."""
        held = self.named()
        if name not in held:
            near = get_close_matches(name, held, n=1, cutoff=0.6)
            hint = f"; is {near[0]!r} in line {held[near[0]].line} meant?" if near else ""
            raise BadDeclaration(self.file, self.line, f"{_under(self.path, name)} is missing{hint}")
        return held[name]

    def listed(self) -> "tuple[Node, ...]":
        """Its nodes in their order. Raises BadDeclaration."""
        if not isinstance(self.value, tuple):
            raise self.wrong("a list")
        return self.value

    def text(self) -> str:
        """The text as it stands, "" where nothing does. Raises BadDeclaration for names or a list."""
        if not isinstance(self.value, str):
            raise self.wrong("text")
        return "" if self.empty else self.value

    def number(self, least: float, most: float) -> float:
        """A finite number between the two. Raises BadDeclaration, for one in quotes too."""
        needed = f"a number of {least:g} to {most:g}"
        if not isinstance(self.value, str) or not _NUMBER.fullmatch(self.value):
            raise self.wrong(needed)
        if self.quoted:
            raise self.wrong(f"{needed}, without its quotes")
        found = float(self.value)
        if not math.isfinite(found) or not least <= found <= most:
            raise self.wrong(needed)
        return found

    def whole(self, most: int) -> int:
        """A whole number from 0. Raises BadDeclaration, for one in quotes too."""
        needed = f"a whole number of 0 to {most}"
        if not isinstance(self.value, str) or not _WHOLE.fullmatch(self.value):
            raise self.wrong(needed)
        if self.quoted:
            raise self.wrong(f"{needed}, without its quotes")
        found = int(self.value)
        if not 0 <= found <= most:
            raise self.wrong(needed)
        return found

    def day(self) -> date:
        """A day, in quotes or not. Raises BadDeclaration; a time of day has a zone, and is refused too."""
        needed = f"a day as 2026-11-21, of {_FIRST_YEAR} to {_LAST_YEAR}"
        if not isinstance(self.value, str) or not _DAY.fullmatch(self.value):
            raise self.wrong(needed)
        try:
            found = date.fromisoformat(self.value)
        except ValueError as error:
            raise self.wrong(f"{needed} ({error})") from error
        if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
            raise self.wrong(needed)
        return found

    @property
    def _words(self) -> str:
        if isinstance(self.value, str):
            return "empty" if self.empty else f"{self.value!r:.60}"
        return "a list" if isinstance(self.value, tuple) else "names with values"


def read_yaml(path: Path) -> Node:
    """The one document of a file. Raises BadInput, BadDeclaration with the line; CannotRun without PyYAML."""
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}; name a YAML file") from error
    return parse_yaml(data, str(path))


def parse_yaml(data: bytes, file: str) -> Node:
    """The one document in these bytes, UTF-8. `file` is what errors call it. Raises as read_yaml does."""
    if len(data) > _MOST_BYTES:
        raise BadInput(f"{file}: more than {_MOST_BYTES // 1024**2} MiB; needed is a smaller file")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{file}: no text in UTF-8 (byte {error.start}); save it as UTF-8") from error
    try:
        yaml = importlib.import_module("yaml")
    except ModuleNotFoundError as error:
        raise CannotRun("YAML is read with PyYAML: pip install 'joulemark[yaml]'") from error
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the first is there where libyaml is
    try:
        return _document(yaml.parse(text, Loader=loader), file)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        said = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise BadDeclaration(file, mark.line + 1 if mark else None, f"no YAML: {said}") from error


def nearest(name: str, options: Iterable[str]) -> str:
    """What a wrong name may have meant, else which there are."""
    listed = list(options)
    near = get_close_matches(name, listed, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"known are {', '.join(listed)}"


def _document(events: Iterator[Any], file: str) -> Node:
    found: Node | None = None
    for event in events:
        kind = _kind(event)
        if kind == "DocumentStart" and found is not None:
            raise BadDeclaration(file, event.start_mark.line + 1, "a second document; needed is one a file")
        if kind in ("StreamStart", "StreamEnd", "DocumentStart", "DocumentEnd"):
            continue
        found = _node(event, events, file, "", 0)
    if found is None:
        raise BadDeclaration(file, None, "nothing in it; needed are names with values")
    return found


def _node(event: Any, events: Iterator[Any], file: str, path: str, depth: int) -> Node:
    line, kind = event.start_mark.line + 1, _kind(event)
    if kind == "Alias":
        raise BadDeclaration(file, line, f"{path or 'the file'} is an alias (*{event.anchor}); write it out")
    if event.tag is not None:
        raise BadDeclaration(file, line, f"{path or 'the file'} has the tag {event.tag!r:.60}; leave tags out")
    if depth > _DEEPEST:
        raise BadDeclaration(file, line, f"nested more than {_DEEPEST} deep; is it the right file?")
    if kind == "Scalar":
        return Node(file=file, line=line, path=path, value=event.value, quoted=event.style in ("'", '"'))
    if kind == "SequenceStart":
        listed: list[Node] = []
        while _kind(event := next(events)) != "SequenceEnd":
            listed.append(_node(event, events, file, f"{path}[{len(listed)}]", depth + 1))
        return Node(file=file, line=line, path=path, value=tuple(listed))
    named: dict[str, Node] = {}
    while _kind(event := next(events)) != "MappingEnd":
        at = event.start_mark.line + 1
        key = _node(event, events, file, path, depth + 1)
        if not isinstance(key.value, str):
            raise BadDeclaration(file, at, f"a name under {path or 'the file'} is no text")
        under = _under(path, key.value)
        if key.value in named:
            raise BadDeclaration(
                file, at, f"{under} stands twice, in line {named[key.value].line} too; leave one of them"
            )
        # what has a name stands in its line: the parser puts a list, and nothing, into the line after
        named[key.value] = replace(_node(next(events), events, file, under, depth + 1), line=at)
    return Node(file=file, line=line, path=path, value=named)


def _under(path: str, name: str) -> str:
    return f"{path}.{name}"[:120] if path else name[:120]


def _kind(event: Any) -> str:
    return type(event).__name__.removesuffix("Event")
