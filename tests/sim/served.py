"""A simulated server as a process of its own, for as long as a test needs it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from sim.step_truth import Truth, read_truth

_TESTS = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Where it answers, and what a board declares to be its own."""

    url: str
    control_url: str
    pid: int
    truth_path: Path
    statements: tuple[str, ...]
    head: tuple[str, ...]

    def truth(self) -> Truth:
        """What it has done so far."""
        return read_truth(self.truth_path)

    def control(self, method: str, path: str, value: Any = None) -> Any:
        """What the control route answers."""
        data = None if value is None else json.dumps(value).encode()
        with urlopen(Request(self.control_url + path, data=data, method=method), timeout=10) as response:
            return json.load(response)

    def faults(self, *faults: dict[str, Any]) -> None:
        """These faults from now on; requests count from 1 again."""
        self.control("POST", "/faults", list(faults))


@contextmanager
def simulated_server(folder: Path, *arguments: str) -> Iterator[Served]:
    """A running server; its log is complete when this ends."""
    command = [sys.executable, "-m", "sim.server", "--folder", str(folder), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(_TESTS)}
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"the simulated server ended with {process.wait()}; its own words stand above")
        said = json.loads(line)
        try:
            yield Served(
                url=said["url"], control_url=said["control_url"], pid=said["pid"], truth_path=Path(said["truth"]),
                statements=tuple(said["statements"]), head=tuple(said["head"]),
            )  # fmt: skip
        finally:
            process.stdin.close()
            process.wait(timeout=10)
