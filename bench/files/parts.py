"""The parts of a sealed run as bytes: readings, windows, outcomes. The same values are the same bytes."""

import csv
import gzip
import io
import json
import math
import zlib
from collections.abc import Iterable
from pathlib import Path

from bench.errors import BrokenResults
from bench.files.codec import build, lean
from bench.nouns import Condition, Observation, Outcome, Reading, Window

_READING_COLUMNS = ("t_ns", "domain", "field", "kind", "value")
_WINDOW_COLUMNS = ("phase", "label", "start_ns", "end_ns")


def readings_bytes(observations: Iterable[Observation]) -> bytes:
    """The content of readings.csv.gz."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(_READING_COLUMNS)
    for one in observations:
        if isinstance(one, Reading):
            rows.writerow((one.t_ns, one.domain, one.field, one.kind, repr(one.value)))
        else:
            rows.writerow((one.t_ns, one.domain, one.name, "condition", repr(one.value)))
    # no name, no time: the same readings are the same bytes
    return gzip.compress(text.getvalue().encode(), compresslevel=9, mtime=0)


def windows_bytes(windows: Iterable[Window]) -> bytes:
    """The content of windows.csv."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(_WINDOW_COLUMNS)
    rows.writerows((w.phase, w.label, w.start_ns, w.end_ns) for w in windows)
    return text.getvalue().encode()


def outcomes_bytes(outcomes: Iterable[Outcome]) -> bytes:
    """The content of outcomes.jsonl."""
    return "".join(json.dumps(lean(o), sort_keys=True) + "\n" for o in outcomes).encode()


def read_readings(path: Path) -> tuple[Observation, ...]:
    """All observations of readings.csv.gz. Raises BrokenResults with file and line."""
    try:
        text = gzip.decompress(read_bytes(path)).decode()
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise BrokenResults(f"{path}: not a whole gzip of text ({error})") from error
    found: list[Observation] = []
    for number, row in enumerate(_rows(path, text, _READING_COLUMNS), start=2):
        try:
            t_ns, domain, name, kind, text_value = row
            value = float(text_value)
            if not math.isfinite(value):
                raise ValueError(f"value {text_value!r}")
            if int(t_ns).bit_length() > 63:
                raise ValueError(f"t_ns {t_ns!r}")
            if kind == "condition":
                found.append(Condition(int(t_ns), domain, name, value))
            elif kind in ("energy", "power"):
                found.append(Reading(int(t_ns), domain, name, kind, value))  # type: ignore[arg-type]
            else:
                raise ValueError(f"kind {kind!r}")
        except ValueError as error:
            raise BrokenResults(f"{path}:{number}: not a reading ({error})") from error
    return tuple(found)


def read_windows(path: Path) -> tuple[Window, ...]:
    """All windows of windows.csv. Raises BrokenResults with file and line."""
    found = []
    for number, row in enumerate(_rows(path, _text(path), _WINDOW_COLUMNS), start=2):
        try:
            phase, label, start_ns, end_ns = row
            data = {"phase": phase, "label": label, "start_ns": int(start_ns), "end_ns": int(end_ns)}
        except ValueError as error:
            raise BrokenResults(f"{path}:{number}: not a window ({error})") from error
        found.append(build(Window, data, f"{path}:{number}"))
        if found[-1].end_ns < found[-1].start_ns:
            raise BrokenResults(f"{path}:{number}: the window ends before it begins")
    return tuple(found)


def read_outcomes(path: Path) -> tuple[Outcome, ...]:
    """All outcomes of outcomes.jsonl. Raises BrokenResults with file and line."""
    found = []
    for number, line in enumerate(_text(path).splitlines(), start=1):
        try:
            data = json.loads(line, parse_constant=refuse_constant)
        except (ValueError, RecursionError) as error:
            raise BrokenResults(f"{path}:{number}: not valid JSON ({error})") from error
        found.append(build(Outcome, data, f"{path}:{number}"))
    return tuple(found)


def _text(path: Path) -> str:
    try:
        return read_bytes(path).decode()
    except UnicodeDecodeError as error:
        raise BrokenResults(f"{path}: not UTF-8 text ({error})") from error


def _rows(path: Path, text: str, columns: tuple[str, ...]) -> list[list[str]]:
    try:
        rows = list(csv.reader(io.StringIO(text)))
    except csv.Error as error:
        raise BrokenResults(f"{path}: not a table of {','.join(columns)} ({error})") from error
    if not rows or tuple(rows[0]) != columns:
        raise BrokenResults(f"{path}:1: expected the columns {','.join(columns)}")
    return rows[1:]


def refuse_constant(text: str) -> float:
    """Nothing: NaN and Infinity are no JSON, and no figure of ours. Raises ValueError."""
    raise ValueError(f"{text} is no number")


def read_bytes(path: Path) -> bytes:
    """A file's content. Raises BrokenResults when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise BrokenResults(f"{path}: cannot be read ({error.strerror})") from error
