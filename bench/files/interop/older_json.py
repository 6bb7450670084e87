"""A request of the older calculator in a file, as its API takes it."""

import json
from pathlib import Path

from bench.errors import BadInput
from bench.phrases import Phrase

_MOST_BYTES = 1_000_000  # chosen: a thousand times such a request


def read_older_json(path: Path) -> object:
    """The JSON of a file, not yet looked at. Raises BadInput naming file and line."""
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise BadInput(
            Phrase("{path}: cannot be read ({why}); needed is a JSON file", path=path, why=error.strerror)
        ) from error
    if len(content) > _MOST_BYTES:
        raise BadInput(
            Phrase("{path}: more than {most:g} bytes; needed is one request", path=path, most=_MOST_BYTES)
        )
    try:
        return json.loads(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise BadInput(Phrase("{path}: not UTF-8; save it as UTF-8", path=path)) from error
    except json.JSONDecodeError as error:
        raise BadInput(
            Phrase(
                "{path}:{line}: no JSON ({why}); needed are the objects region, hardware, profile",
                path=path,
                line=error.lineno,
                why=error.msg,
            )
        ) from error
    except RecursionError as error:
        raise BadInput(
            Phrase("{path}: objects inside objects without end; needed are three", path=path)
        ) from error
