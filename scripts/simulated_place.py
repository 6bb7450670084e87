"""A simulated server on a simulated board, and the environment in which joulemark sees both."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sim.build import NvmlSim, build_nvml
from sim.served import simulated_server

BOARD = "GPU-00000000-0000-0000-0000-0000000051ed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the server answers, and what a process must find in its environment to read the board."""

    url: str
    environment: Mapping[str, str]


@contextmanager
def simulated_place(physics: Sequence[str]) -> Iterator[Place]:
    """`physics`: the server's own options (`python -m sim.server --help`)."""
    with TemporaryDirectory() as name, simulated_server(Path(name), *physics) as server:
        folder = Path(name) / "boards"
        folder.mkdir()
        board = NvmlSim(build_nvml(Path(name)), folder)
        declared = (f"uuid {BOARD}", "name SIMULATED board", *server.statements)
        seen = board.environment(declared, head=server.head)
        yield Place(url=server.url, environment={**os.environ, **seen, "JOULEMARK_METERS": "nvml"})
