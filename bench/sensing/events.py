"""How a child process talks to its parent: one JSON object a line on stdout, and nothing else there."""

import json
import os
from collections.abc import Callable, Mapping
from typing import Any

Emit = Callable[[Mapping[str, Any]], None]


def claim_stdout() -> Emit:
    """Keeps stdout for events and returns what writes one; whatever a library prints goes to stderr."""
    handle = os.dup(1)
    os.dup2(2, 1)

    def emit(event: Mapping[str, Any]) -> None:
        line = memoryview(json.dumps(event).encode() + b"\n")
        while line:
            line = line[os.write(handle, line) :]

    return emit
