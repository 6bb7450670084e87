"""What stands beside the figures of the runs that were taken: each doubt once, with how many runs it stands in."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

_NUMBER = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """A doubt in words, and how many runs it stands in."""

    kind: str  # flags of one kind are one
    text: str
    runs: int


def kind_of(text: str) -> str:
    """Flags that differ in their figures alone are one."""
    return _NUMBER.sub("#", text)


def merged_flags(flags: Iterable[Flag]) -> tuple[Flag, ...]:
    """The flags of groups that share no run, each once, in the words of the first."""
    found: dict[str, Flag] = {}
    for flag in flags:
        first = found.get(flag.kind)
        found[flag.kind] = flag if first is None else replace(first, runs=first.runs + flag.runs)
    return tuple(found.values())
