"""Where two published documents differ, figure by figure, at the published precision."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bench.stats import same_published


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """One figure or check that does not hold."""

    file: str
    field: str
    expected: Any  # what the readings and outcomes prove
    found: Any  # what the file says


def differences(file: str, expected: Any, found: Any, field: str = "") -> Iterator[Mismatch]:
    """Every leaf in which `found` differs from `expected`; numbers within half of their last digit agree."""
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        for key in sorted(set(expected) | set(found)):
            at = f"{field}.{key}" if field else str(key)
            yield from differences(file, expected.get(key, _ABSENT), found.get(key, _ABSENT), at)
    elif isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            yield Mismatch(file=file, field=f"{field} (entries)", expected=len(expected), found=len(found))
        for index, (one, other) in enumerate(zip(expected, found, strict=False)):
            yield from differences(file, one, other, f"{field}[{index}]")
    elif _number(expected) and _number(found):
        if expected != found and not same_published(_floated(expected), _floated(found)):
            yield Mismatch(file=file, field=field, expected=expected, found=found)
    elif expected != found or isinstance(expected, bool) != isinstance(found, bool):
        yield Mismatch(file=file, field=field, expected=expected, found=found)


_ABSENT = "absent"


def _floated(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:  # JSON's integers have no end
        return float("inf")


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
