"""The simulated server's command line: every number of the physics, its habits, and faults."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import MISSING, dataclass, fields
from pathlib import Path

from sim.exchanges import Habits
from sim.scheduler import Physics
from sim.server_faults import KINDS, Fault, parsed


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What one server process is to be."""

    port: int
    folder: Path  # the truth log and the board's file
    loaded: bool
    cache_block: int
    cache_sequences: int
    memory_bytes: int
    physics: Physics
    habits: Habits
    faults: tuple[Fault, ...]


def options_of(arguments: Sequence[str]) -> Options:
    """Parsed arguments; ends the process with words where they are wrong."""
    parser = _parser()
    said = parser.parse_args(arguments)
    given = json.loads(Path(said.physics).read_text()) if said.physics else {}
    given |= {f.name: v for f in fields(Physics) if (v := getattr(said, f.name)) is not None}
    try:
        return Options(
            port=said.port, folder=said.folder, loaded=not said.unloaded, cache_block=said.cache_block,
            cache_sequences=said.cache_sequences, memory_bytes=said.memory_bytes, physics=Physics(**given),
            habits=Habits(**{f.name: getattr(said, f.name) for f in fields(Habits)}),
            faults=tuple(map(parsed, said.fault)),
        )  # fmt: skip
    except (ValueError, TypeError) as error:
        parser.error(str(error))


def _parser() -> argparse.ArgumentParser:
    faults = "\n".join(f"  {kind:13} {'/'.join(stages):25} {what}" for kind, (stages, what) in KINDS.items())
    parser = argparse.ArgumentParser(
        prog="python -m sim.server", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="A simulated inference server of known physics. Ends with its standard input.",
        epilog=f"faults, the first stage where none is given (kind:stage=S,every=N,rate=R,ids=A+B,...):\n{faults}",
    )  # fmt: skip
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--folder", type=Path, required=True, help="for truth.jsonl and board.bin")
    parser.add_argument("--physics", help="a JSON file; the options below win")
    parser.add_argument("--unloaded", action="store_true", help="the first request loads the weights")
    parser.add_argument("--cache-block", type=int, default=1, help="tokens; llama-server 1, vLLM 16")
    parser.add_argument("--cache-sequences", type=int, default=16)
    parser.add_argument("--memory-bytes", type=int, default=2_000_000_000, help="of the board's process")
    parser.add_argument("--fault", action="append", default=[], help="may be repeated; see below")
    for of in (Physics, Habits):
        group = parser.add_argument_group(of.__name__.lower())
        for one in fields(of):
            name = f"--{one.name.replace('_', '-')}"
            default = None if of is Physics else one.default
            assert one.default is not MISSING
            if isinstance(one.default, bool):
                group.add_argument(name, action="store_true")
            else:
                group.add_argument(name, type=type(one.default), default=default, help=f"{one.default}")
    return parser
