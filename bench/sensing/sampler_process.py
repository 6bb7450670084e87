"""The process that polls the sensors, and does nothing else: `python -m bench.sensing.sampler_process`.

A process of its own, because an engine may hold Python's lock for seconds. It imports no model library.
Its parent speaks JSON lines to its stdin, and reads JSON lines from its stdout:

    → {"meters": {NAME: OPTIONS}, "period_s", "lateness_over_s", "spool", "parent"}
    ← {"opened": {"sources", "checks"}}   or   {"failed": REASON, "exit_code": 2}
    → {"do": "burst", "duration_s", "period_s"}      poll at once, then closely for a moment
    → {"do": "collect"}                              poll at once, then hand everything over
    ← {"column": [NUMBER, DOMAIN, NAME, KIND]}       before the first reading of that column is handed over
    ← {"lost": DOMAIN, "reason"}                     one sensor died; the others go on
    ← {"collected": BYTES}

It ends when its stdin closes or its parent is gone, so that no orphan is left.
"""

import json
import os
import select
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.errors import JoulemarkError, SensorLost
from bench.files.codec import plain
from bench.files.registry import open_meter_plugin
from bench.nouns import Check, Condition, Meter, Meters, Source
from bench.sensing.events import Emit, claim_stdout
from bench.sensing.priority import hasten
from bench.sensing.recorder import period_s
from bench.sensing.spool import SpoolWriter
from bench.units import NS_PER_S, S_PER_NS

_STDIN = 0
_HOUSEKEEPING_NS = NS_PER_S  # flush, look after the parent, report lateness


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the parent asked for when it started this process."""

    meters: Meters
    period_s: float
    lateness_over_s: float
    spool: int
    parent: int


def main() -> int:
    """Polls until the parent closes stdin; 0, or the exit code of what went wrong."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then closes stdin
    emit = claim_stdout()
    lines = Lines(_STDIN)
    first = lines.wait()
    if first is None:
        return 0
    order = Order(**json.loads(first))
    try:
        meters, sources, checks = _open(order.meters)
    except JoulemarkError as error:
        emit({"failed": str(error), "exit_code": error.exit_code})
        return error.exit_code
    checks = (*checks, _own_check(hasten()))
    emit({"opened": {"sources": plain(sources), "checks": plain(checks)}})
    try:
        Poller(meters, order, emit, lines).run()
    finally:
        for meter in meters:
            meter.close()
    return 0


class Poller:
    """Meters, read at absolute deadlines: a late poll never shifts the ones after it."""

    def __init__(self, meters: Sequence[Meter], order: Order, emit: Emit, lines: "Lines") -> None:
        self._meters = list(meters)
        self._order = order
        self._emit = emit
        self._lines = lines
        self._spool = SpoolWriter(order.spool)
        self._columns = 0
        needed_s = period_s([meter.source for meter in meters], order.period_s)
        self._pace = PollPace(round(needed_s * NS_PER_S), time.monotonic_ns())
        self._late_ns = 0
        self._housekeeping_ns = time.monotonic_ns()

    def run(self) -> None:
        """Polls and obeys until there is nobody left to poll for."""
        while True:
            wait_s = (self._pace.due_ns - time.monotonic_ns()) * S_PER_NS
            if select.select((_STDIN,), (), (), max(0.0, wait_s))[0]:
                if not self._obey():
                    return
                if time.monotonic_ns() < self._pace.due_ns:
                    continue
            now_ns = time.monotonic_ns()
            self._note_lateness(now_ns - self._pace.due_ns, now_ns)
            self._poll()
            now_ns = time.monotonic_ns()
            self._pace.next(now_ns)
            if now_ns >= self._housekeeping_ns and not self._keep_house(now_ns):
                return

    def _obey(self) -> bool:
        """Whether to go on, after every command that has arrived."""
        commands = self._lines.arrived()
        if commands is None:
            return False
        for line in commands:
            command = json.loads(line)
            if command["do"] == "collect":
                self._poll()
                self._spool.flush()
                self._emit({"collected": self._spool.written})
            else:
                now_ns = time.monotonic_ns()
                self._pace.hurry(now_ns, float(command["duration_s"]), float(command["period_s"]))
        return True

    def _poll(self) -> None:
        for meter in tuple(self._meters):
            try:
                found = meter.read()
            except SensorLost as error:
                self._meters.remove(meter)
                self._emit({"lost": meter.source.domain, "reason": str(error)})
                meter.close()
                continue
            for one in found:
                self._append(one)

    def _append(self, one: Any) -> None:
        column = self._spool.append(one)
        if column is not None:
            self._emit({"column": [self._columns, column.domain, column.name, column.kind]})
            self._columns += 1

    def _note_lateness(self, late_ns: int, now_ns: int) -> None:
        """Late polls one by one; the latest of the others once a second, so that silence means nothing."""
        if late_ns * S_PER_NS > self._order.lateness_over_s:
            self._append(Condition(now_ns, "sampler", "lateness_s", late_ns * S_PER_NS))
        else:
            self._late_ns = max(self._late_ns, late_ns)

    def _keep_house(self, now_ns: int) -> bool:
        """Whether the parent is still there; meanwhile nothing waits in memory for more than a second."""
        self._housekeeping_ns = now_ns + _HOUSEKEEPING_NS
        self._append(Condition(now_ns, "sampler", "lateness_s", self._late_ns * S_PER_NS))
        self._late_ns = 0
        self._spool.flush()
        return os.getppid() == self._order.parent


@dataclass(slots=True)
class PollPace:
    """When the next poll is due: a steady grid, and for moments a finer one."""

    period_ns: int
    start_ns: int
    due_ns: int = 0
    _fine_ns: int = 1
    _fine_start_ns: int = 0
    _fine_until_ns: int = 0

    def __post_init__(self) -> None:
        self.due_ns = self.start_ns

    def next(self, now_ns: int) -> None:
        """The first point of the grid that is still to come: what was missed is not made up for."""
        self.due_ns = _after(now_ns, self.start_ns, self.period_ns)
        if now_ns < self._fine_until_ns:
            self.due_ns = min(self.due_ns, _after(now_ns, self._fine_start_ns, self._fine_ns))

    def hurry(self, now_ns: int, duration_s: float, period_s: float) -> None:
        """Polls at once, and every `period_s` for `duration_s`."""
        self._fine_ns = max(1, round(period_s * NS_PER_S))
        self._fine_start_ns = now_ns
        self._fine_until_ns = now_ns + round(duration_s * NS_PER_S)
        self.due_ns = now_ns


def _after(now_ns: int, start_ns: int, period_ns: int) -> int:
    return start_ns + ((now_ns - start_ns) // period_ns + 1) * period_ns


class Lines:
    """Whole lines from a pipe, without ever waiting for more than has arrived."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._rest = b""

    def wait(self) -> bytes | None:
        """The first line; None when the pipe closes before it."""
        while b"\n" not in self._rest:
            piece = os.read(self._handle, 65_536)
            if not piece:
                return None
            self._rest += piece
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def arrived(self) -> list[bytes] | None:
        """The lines that are there; None once the pipe is closed. Waits when nothing has arrived."""
        piece = os.read(self._handle, 65_536)
        if not piece:
            return None
        *lines, self._rest = (self._rest + piece).split(b"\n")
        return lines


def _open(
    asked: Meters,
) -> tuple[tuple[Meter, ...], tuple[Source, ...], tuple[Check, ...]]:
    found = [open_meter_plugin(name, options) for name, options in asked.items()]
    meters = tuple(meter for one in found for meter in one.meters)
    excluded = tuple(source for one in found for source in one.excluded)
    checks = tuple(check for one in found for check in one.checks)
    return meters, (*(meter.source for meter in meters), *excluded), checks


def _own_check(priority: str) -> Check:
    reason = f"polls from a process of its own, at {priority} priority"
    if priority != "ordinary":
        return Check(name="sampler", status="ok", reason=reason)
    remedy = "leave a core free, or grant CAP_SYS_NICE: else polls come milliseconds late when every core is busy"
    return Check(name="sampler", status="ok", reason=reason, remedy=remedy)


if __name__ == "__main__":
    sys.exit(main())
