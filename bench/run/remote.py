"""A process that loads a device, and its parent's end: one JSON object a line each way."""

import json
import select
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from bench.errors import CannotRun
from bench.files.config import inherited_with
from bench.loading.child import child
from bench.sensing.ending import end

_ANSWER_WITHIN_S = 120.0  # starting CUDA and making its matrices takes seconds, on a slow disk a minute
_END_WITHIN_S = 10.0


class Remote:
    """The other process."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def ask(self, order: Mapping[str, object], within_s: float = _ANSWER_WITHIN_S) -> Mapping[str, Any]:
        """Its answer to one order. Raises CannotRun with its reason, or where it has died or gives no answer."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it died: the answer that does not come says how
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
        return self.answer(within_s)

    def answer(self, within_s: float = _ANSWER_WITHIN_S) -> Mapping[str, Any]:
        """The next line that it says. Raises CannotRun as `ask`."""
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], within_s)[0]:
            raise CannotRun(f"the process that loads the device gave no answer within {within_s:g} s")
        line = self._process.stdout.readline()
        if not line:
            raise CannotRun(f"the process that loads the device ended with exit code {self._process.wait()}")
        said = dict(json.loads(line))
        if "failed" in said:
            raise CannotRun(str(said["failed"]))
        return said


@contextmanager
def remote(module: str, **variables: str) -> Iterator[Remote]:
    """`python -m MODULE` with these environment variables beside ours; it ends with the block."""

    def start() -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-P", "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=inherited_with(**variables),
        )

    with child(start, lambda process: end(process, _END_WITHIN_S)) as process:
        yield Remote(process)
