"""Cells as people write them, ENGINE/MODEL:PRECISION/WORKLOAD and levels after "@"."""

import math
import re
from dataclasses import replace

from bench.errors import BadInput
from bench.nouns import Cell

GRAMMAR = "ENGINE/MODEL:PRECISION/WORKLOAD[@batch=8,concurrency=8,rate=30,load=NAME,device=cpu]"
EXAMPLE = "transformers/mistral-7b:bf16/prompt-512-128@batch=8"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")
_LEVELS = ("batch", "concurrency", "rate", "load", "device")
_DEVICES = ("cpu", "cuda")
_MOST_DIGITS = 9  # of a batch or of users: no machine holds more, and Python reads no number of thousands


def parse_cell(text: str) -> Cell:
    """The cell that the text spells. Checks its shape; whether the names exist is the catalogue's business.

    A model may hold "/" and ":" of its own (an endpoint's names do): the engine ends at the first "/", the
    workload begins after the last one, and the precision after the last ":" between them.
    """
    body, at, tail = text.strip().partition("@")
    engine, first, rest = body.partition("/")
    middle, second, workload = rest.rpartition("/")
    model, colon, precision = middle.rpartition(":")
    if not (first and second):
        raise _bad(text, "expected two '/': one after the engine, one before the workload")
    if not colon:
        raise _bad(text, f"no precision: expected ':fp32', ':fp16' or ':bf16' after the model, found {middle!r}")
    for what, name in (("engine", engine), ("precision", precision), ("workload", workload)):
        if not _NAME.fullmatch(name):
            raise _bad(text, f"the {what} is {name!r}")
    if not model or model != model.strip():
        raise _bad(text, f"the model is {model!r}")
    plain = Cell(engine=engine, model=model, precision=precision, workload=workload)
    return _leveled(plain, text, tail) if at else plain


def _leveled(cell: Cell, text: str, tail: str) -> Cell:
    """The cell with the levels after "@"."""
    seen = set()
    for part in tail.split(","):
        name, _, value = part.partition("=")
        if name not in _LEVELS:
            raise _bad(text, f"after '@' only {', '.join(_LEVELS)} are known, found {name!r}")
        if name in seen:
            raise _bad(text, f"{name} is given twice")
        seen.add(name)
        if name == "load":
            if not _NAME.fullmatch(value):
                raise _bad(text, f"load is {value!r}, expected the name of a scenario")
            cell = replace(cell, load=value)
        elif name == "device":
            if value not in _DEVICES:
                raise _bad(text, f"device is {value!r}, expected cpu or cuda (none: a GPU where there is one)")
            cell = replace(cell, device=value)  # type: ignore[arg-type]
        elif name == "rate":
            cell = replace(cell, rate=_rate(text, value))
        else:
            cell = replace(cell, **{name: _count(text, name, value)})  # type: ignore[arg-type]
    if len(seen & {"concurrency", "rate", "load"}) > 1:
        raise _bad(text, "concurrency, rate and load each say how requests are sent: give one of them")
    return cell


def _count(text: str, name: str, value: str) -> int:
    if len(value) > _MOST_DIGITS:
        raise _bad(text[:80], f"{name} has {len(value)} digits, expected {_MOST_DIGITS} at most")
    if not (value.isascii() and value.isdigit() and int(value) >= 1):
        raise _bad(text, f"{name} is {value!r}, expected a whole number of at least 1")
    return int(value)


def _rate(text: str, value: str) -> float:
    try:
        rate = float(value)
    except ValueError:
        rate = math.nan
    if not (math.isfinite(rate) and rate > 0):
        raise _bad(text, f"rate is {value!r}, expected requests a second, more than 0")
    return rate


def _bad(text: str, why: str) -> BadInput:
    return BadInput(f"cell {text!r}: {why}; a cell is {GRAMMAR}, for example {EXAMPLE}")
