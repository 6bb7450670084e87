"""Load curves of the served classifier, a server after the other: python -m workloads.intent.curves --out DIR

    variant   × batching      → a server → its levels, by `joulemark run endpoint --engine http`
    fp32,int8   1,8 at once     started     open rates, users who wait, named scenarios
                                and stopped

--plan prints the commands and how long they take, and starts nothing. The same call goes on where it was
interrupted. It ends with 0, or the first exit code of joulemark's that was another; 130 after Ctrl-C.
"""

import argparse
import itertools
import math
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, TypeVar

from bench.loading.child import child

from .serving import NotServedError, Variant, app_command, serving, stop

VARIANTS = ("fp32", "int8", "pruned-50", "pruned-80", "pruned-90", "units-50", "rows", "rows-int8")
"""As export.py builds them: its libraries are not needed to plan (a test holds the two together)."""

AROUND_WINDOW_S, AROUND_CELL_S, AROUND_SERVER_S = 1.0, 3.0, 12.0
"""What a plan adds: the rest around a window; warm-up; starting the server and the command and looking at the
machine. Rough, from watching runs on two cores (2026-11-21): a plan's minutes are not a measurement."""

_ADDRESS = "http://127.0.0.1:PORT"
_INTERRUPTED, _TERMINATED = 130, 143
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The matrix, and how long each of its cells is measured."""

    out: Path
    variants: tuple[str, ...] = ("fp32", "int8")
    max_batch: tuple[int, ...] = (1, 8)
    max_wait_ms: tuple[float, ...] = (5.0,)
    rates: tuple[float, ...] = (50.0, 100.0, 200.0, 400.0)
    concurrency: tuple[int, ...] = (64,)
    load: tuple[str, ...] = ()
    workloads: tuple[str, ...] = ("intent-fr",)
    window_s: float = 4.0
    windows: int = 3
    idle_s: float = 2.0
    port: int = 5055
    cache: Path = Path("out/intent")
    fresh: bool = False
    plan: bool = False


def servers(asked: Asked) -> Iterator[Variant]:
    """Every variant with every batching; where nothing is batched nothing is waited for."""
    for model, most in itertools.product(asked.variants, asked.max_batch):
        for wait_ms in asked.max_wait_ms if most > 1 else (0.0,):
            yield Variant(model=model, max_batch=most, max_wait_ms=wait_ms)


def measure_command(asked: Asked, variant: Variant, address: str) -> tuple[str, ...]:
    """joulemark's command that measures every level of one server that answers at `address`."""
    levels: Mapping[str, Sequence[object]] = {
        "--rate": [f"{rate:g}" for rate in asked.rates],
        "--concurrency": asked.concurrency,
        "--load": asked.load,
        "--workloads": asked.workloads,
    }
    settings = {
        "path": "/api/intent?sentence={text}",
        "family": "classifier",
        "answer": "argmax",
        "about": "/health",
        "weights": "pretrained",
        "precision": variant.model,
        "setup": variant.setup,
    }
    timing = {
        "--window-s": f"{asked.window_s:g}",
        "--windows": asked.windows,
        "--most-windows": asked.windows,
        "--idle-s": f"{asked.idle_s:g}",
    }
    command = [sys.executable, "-m", "bench", "run", "endpoint", "--engine", "http", "--endpoint", address]
    command += ["--model", "intent-lstm", "--out", str(asked.out.resolve())]
    command += [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
    command += [str(part) for name, values in levels.items() for value in values for part in (name, value)]
    command += [str(part) for pair in timing.items() for part in pair]
    return (*command, *(["--fresh"] if asked.fresh else []))


def planned_s(asked: Asked) -> float:
    """Seconds that the matrix takes, roughly."""
    levels = len(asked.rates) + len(asked.concurrency) + len(asked.load)
    cell_s = asked.idle_s + AROUND_CELL_S + asked.windows * (asked.window_s + AROUND_WINDOW_S)
    return sum(levels * len(asked.workloads) * cell_s + AROUND_SERVER_S for _ in servers(asked))


def plan_text(asked: Asked) -> str:
    """What is going to be done, as commands, and for how long."""
    lines = []
    for variant in servers(asked):
        lines.append(f"# {variant.model}, {variant.setup}")
        lines.append(shlex.join(app_command(variant, port=asked.port, cache=asked.cache)) + " &")
        address = _ADDRESS.replace("PORT", str(asked.port or "PORT"))
        lines.append(shlex.join(measure_command(asked, variant, address)))
        lines.append("kill %1\n")
    return "\n".join([*lines, f"# {len(lines) // 4} servers, about {math.ceil(planned_s(asked) / 60)} min"])


def measure(asked: Asked, command_of: Callable[[Asked, Variant, str], Sequence[str]] = measure_command) -> int:
    """Measures server after server; the first exit code that is not 0, or 0. Raises NotServedError."""
    codes = []
    for number, variant in enumerate(all_ := tuple(servers(asked)), start=1):
        sys.stderr.write(f"server {number} of {len(all_)}: {variant.model}, {variant.setup}\n")
        with serving(variant, port=asked.port, cache=asked.cache) as address:
            codes.append(_waited(command_of(asked, variant, address)))
        if codes[-1] == _INTERRUPTED:
            break
    return next((code for code in codes if code), 0)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    asked = _asked(arguments)
    if asked.plan:
        sys.stdout.write(plan_text(asked) + "\n")
        return 0
    signal.signal(signal.SIGTERM, _terminated)
    try:
        code = measure(asked)
    except NotServedError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("interrupted: the server is stopped, the same command goes on from here\n")
        return _INTERRUPTED
    if code == 0:
        sys.stderr.write(f"every level measured: joulemark fit {asked.out} && joulemark report {asked.out}\n")
    return code


def _waited(command: Sequence[str]) -> int:
    """The exit code of the command; one that is under way when we are interrupted is ended first."""

    def start() -> "subprocess.Popen[bytes]":
        return subprocess.Popen(command)

    with child(start, stop) as process:
        return process.wait()


def _terminated(_: int, __: FrameType | None) -> NoReturn:
    raise SystemExit(_TERMINATED)


def _asked(arguments: Sequence[str] | None) -> Asked:
    usual = Asked(out=Path())
    told = argparse.ArgumentParser(
        prog="python -m workloads.intent.curves",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )

    def several(name: str, kind: Callable[[str], T], help_: str) -> None:
        given = getattr(usual, name.removeprefix("--").replace("-", "_"))
        listed = ",".join(f"{one:g}" if isinstance(one, float) else str(one) for one in given)
        told.add_argument(name, type=_list_of(kind), default=given, help=f"{help_} ({listed or 'none'})")

    told.add_argument("--out", type=Path, required=True, help="joulemark's result folder")
    several("--variants", _variant, "of the model, with commas between them")
    several("--max-batch", _whole, "requests that one run of the model answers at most; each is a server")
    several("--max-wait-ms", _least(0.0), "for a batch to fill, from its first request on; each is a server")
    several("--rates", _least(0.001), "requests a second, open; '' for none")
    several("--concurrency", _whole, "users who wait for their answers, closed; '' for none")
    several("--load", str, "named scenarios: two_hundred_users, thirty_per_second")
    several("--workloads", str, "of sentences: intent-fr, intent-en")
    told.add_argument(
        "--window-s", type=_least(0.2), default=usual.window_s, help=f"seconds a work window ({usual.window_s:g})"
    )
    told.add_argument(
        "--windows", type=_whole, default=usual.windows, help=f"work windows a level ({usual.windows})"
    )
    told.add_argument(
        "--idle-s", type=_least(0.4), default=usual.idle_s, help=f"seconds of idle a level ({usual.idle_s:g})"
    )
    told.add_argument(
        "--port", type=int, default=usual.port, help=f"of every server in turn ({usual.port}); 0: any free one"
    )
    told.add_argument("--cache", type=Path, default=usual.cache, help="where the ONNX files are built")
    told.add_argument("--fresh", action="store_true", help="measure again what is finished already")
    told.add_argument("--plan", action="store_true", help="print what it will do and how long; start nothing")
    asked = Asked(**vars(told.parse_args(arguments)))
    if not (asked.rates or asked.concurrency or asked.load):
        told.error("no level: --rates, --concurrency or --load")
    if not (asked.variants and asked.max_batch and asked.max_wait_ms and asked.workloads):
        told.error("--variants, --max-batch, --max-wait-ms and --workloads need one each at least")
    return asked


def _list_of(kind: Callable[[str], T]) -> Callable[[str], tuple[T, ...]]:
    def read(text: str) -> tuple[T, ...]:
        return tuple(dict.fromkeys(kind(part.strip()) for part in text.split(",") if part.strip()))

    return read


def _variant(text: str) -> str:
    if text not in VARIANTS:
        raise argparse.ArgumentTypeError(f"found {text}, there are {', '.join(VARIANTS)}")
    return text


def _whole(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"found {text}, needed a whole number from 1 on")
    return int(text)


def _least(low: float) -> Callable[[str], Any]:
    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and value >= low):
            raise argparse.ArgumentTypeError(f"found {text}, needed a number from {low:g} on")
        return value

    return read


if __name__ == "__main__":
    sys.exit(main())
