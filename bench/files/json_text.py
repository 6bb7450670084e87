"""JSON as Joulemark writes and reads it: the same values are the same bytes, and a NaN is no number."""

import json
from pathlib import Path
from typing import Any

from bench.errors import BrokenResults
from bench.files.parts import read_bytes, refuse_constant


def json_bytes(data: Any) -> bytes:
    """The one way JSON is written: sorted keys, one space an indent, a last newline, no NaN."""
    text = json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()


def read_json(path: Path) -> Any:
    """The JSON value of a file. Raises BrokenResults when it can't be read or doesn't parse."""
    try:
        return json.loads(read_bytes(path), parse_constant=refuse_constant)
    except (ValueError, RecursionError) as error:  # ValueError: what does not parse, is no UTF-8, has no end
        raise BrokenResults(f"{path}: not valid JSON ({error})") from error
