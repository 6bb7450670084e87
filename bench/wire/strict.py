"""JSON as a server may send it → values that every later step can hold, or a ValueError that names why not.

`json` alone takes NaN and Infinity, which are no JSON (RFC 8259, 6; checked 2026-11-21), fails with a
RecursionError on deep nesting, and gives whole numbers that no float holds and halves of surrogate pairs that no
file holds.
"""

import json
import math
import re
import sys
from typing import Any, NoReturn

_DEEPEST = 100  # chosen: pages of real servers nest to about fifteen
_LARGEST = int(sys.float_info.max)
_HALVES = re.compile("[\ud800-\udfff]")
_REPLACEMENT = "\ufffd"


def strict_json(text: bytes | str) -> Any:
    """The value; halves of surrogate pairs become U+FFFD. Raises ValueError with the reason."""
    plain = text.decode("utf-8-sig") if isinstance(text, bytes) else text
    try:
        return _sound(json.loads(plain, parse_constant=_constant), 0)
    except RecursionError as error:
        raise ValueError(_deep()) from error


def _sound(value: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        raise ValueError(_deep())
    if isinstance(value, str):
        return _HALVES.sub(_REPLACEMENT, value)
    if isinstance(value, dict):
        return {_HALVES.sub(_REPLACEMENT, name): _sound(one, depth + 1) for name, one in value.items()}
    if isinstance(value, list):
        return [_sound(one, depth + 1) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a number is too large")
    if type(value) is int and abs(value) > _LARGEST:
        raise ValueError("a whole number is too long")
    return value


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _deep() -> str:
    return f"nested more than {_DEEPEST} deep"
