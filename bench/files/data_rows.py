"""Tables of bench/data: each line made into a value, and a bad one named with its file and number."""

import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from bench.errors import BadDeclaration, BadInput
from bench.phrases import Phrase

_T = TypeVar("_T")


def read_rows(path: Path, made: Callable[[Mapping[str, str]], _T], what: str) -> tuple[_T, ...]:
    """Every row of the table. Raises BadDeclaration with file and line where one is not `what`."""
    found: list[_T] = []
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, strict=True)
        try:
            found.extend(made(row) for row in rows)
        except (csv.Error, KeyError, TypeError, ValueError, AttributeError, BadInput) as error:
            raise BadDeclaration(
                str(path), rows.line_num, Phrase("not {what}: {error}", what=what, error=error)
            ) from error
    return tuple(found)
