"""The parent's end of the sampler process: opens it, marks edges, collects what the sensors said."""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from types import MappingProxyType, TracebackType
from typing import Any, Self

from bench.errors import BadInput, CannotRun, SensorLost, UnknownName
from bench.files.codec import build
from bench.files.registry import meter_names
from bench.loading.child import signals_held
from bench.nouns import Check, Domain, Meters, Observation, Passport, Source
from bench.sensing.ending import end
from bench.sensing.spool import SpoolColumn, SpoolReader, open_spool

EDGE_POLL_S = 0.005
EDGE_S = 0.15  # longer than the slowest tick known, 100 ms (arXiv:2312.02741, table 2; checked 2026-11-21)
_LATENESS_OVER_S = 0.001
_OPEN_WITHIN_S = 60.0  # the first call to a GPU driver can take many seconds without persistence mode
_ANSWER_WITHIN_S = 30.0
_END_WITHIN_S = 2.0
_TAIL_BYTES = 2000


class Sampler:
    """Sensors that are read by a process of their own, from `__enter__` to `close`."""

    def __init__(
        self,
        meters: Meters,
        period_s: float,
        *,
        lateness_over_s: float = _LATENESS_OVER_S,
        passports: Mapping[tuple[str, str | None], Passport] | None = None,
    ) -> None:
        known = meter_names()
        for name in meters:
            if name not in known:
                raise UnknownName("meter", name, known)
        if not 0.001 <= period_s <= 60:
            raise BadInput(f"sample period: expected 0.001 to 60 s, found {period_s!r}")
        self._meters = {name: dict(options) for name, options in meters.items()}
        self._period_s = period_s
        self._lateness_over_s = lateness_over_s
        self._passports = passports or {}  # (device, driver) → what known steps have shown of it before
        self._process: subprocess.Popen[bytes] | None = None
        self._rest = b""
        self._at_end = False
        self._columns: dict[int, SpoolColumn] = {}
        self._lost: dict[Domain, str] = {}
        self._gathered: list[Observation] = []
        self._sources: tuple[Source, ...] = ()
        self._checks: tuple[Check, ...] = ()

    def __enter__(self) -> Self:
        self._spool, self._stderr = open_spool(), open_spool()
        self._reader = SpoolReader(self._spool)
        with ExitStack() as undo:  # nothing that was opened outlives a start that fails
            undo.callback(self.close)
            with signals_held():
                self._process = self._started()
            self._send(
                {
                    "meters": self._meters,
                    "period_s": self._period_s,
                    "lateness_over_s": self._lateness_over_s,
                    "spool": self._spool,
                    "parent": os.getpid(),
                }
            )
            self._opened(self._await("opened", _OPEN_WITHIN_S))
            undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def sources(self) -> tuple[Source, ...]:
        """Every domain that was found, the excluded ones after those that are read."""
        return self._sources

    @property
    def checks(self) -> tuple[Check, ...]:
        """What each meter said of this machine: lines for `doctor`."""
        return self._checks

    @property
    def lost(self) -> Mapping[Domain, str]:
        """Domains whose sensor died so far, and why."""
        self._listen(0.0)
        return MappingProxyType(self._lost)

    @property
    def observations(self) -> tuple[Observation, ...]:
        """What was read and not yet handed out by `collect`: what is left after it raised."""
        return tuple(self._gathered)

    @property
    def pid(self) -> int | None:
        """The sampler process, for whoever measures what it costs."""
        return self._process.pid if self._process else None

    def mark(self) -> None:
        """Polls at once and closely until the slowest counter has ticked: a window's edge is here."""
        self.burst(EDGE_S, EDGE_POLL_S)

    def burst(self, duration_s: float, period_s: float) -> None:
        """Polls every `period_s` for `duration_s`. A dead process shows at the next `collect`."""
        try:
            self._send({"do": "burst", "duration_s": duration_s, "period_s": period_s})
        except SensorLost:
            return

    def collect(self) -> tuple[Observation, ...]:
        """Everything since the last call in time order, with one full poll made after this call.

        Raises SensorLost when the process has died; what it had read lies in `observations`, and sensors
        that died alone are in `lost`.
        """
        try:
            self._send({"do": "collect"})
            self._await("collected", _ANSWER_WITHIN_S)
        except SensorLost:
            self._listen(0.0)
            self._gather()
            raise
        self._gather()
        found, self._gathered = tuple(self._gathered), []
        return found

    def close(self) -> None:
        """Ends the process; a second call does nothing."""
        process, self._process = self._process, None
        if process is None:
            return
        end(process, _END_WITHIN_S)
        os.close(self._spool)
        os.close(self._stderr)

    def _started(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            # -P: a folder called `bench` in the working directory is not this package
            [sys.executable, "-P", "-m", "bench.sensing.sampler_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            pass_fds=(self._spool,),
            start_new_session=True,  # Ctrl-C is not for it; and where sessions share the cores, it has a share
        )

    def _opened(self, found: Mapping[str, Any]) -> None:
        sources = build(tuple[Source, ...], found["sources"], "the sampler's sources")
        self._sources = tuple(
            replace(s, passport=self._passports.get((s.device, s.driver), s.passport)) for s in sources
        )
        self._checks = build(tuple[Check, ...], found["checks"], "the sampler's checks")

    def _send(self, command: Mapping[str, object]) -> None:
        process = self._running()
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(command).encode() + b"\n")
            process.stdin.flush()
        except (BrokenPipeError, ValueError):
            raise self._died(process) from None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise SensorLost("the sampler is not running: use it inside `with`")
        return self._process

    def _await(self, event: str, within_s: float) -> Any:
        """The body of the first `event`; what comes before it is taken note of."""
        process, until_s = self._running(), time.monotonic() + within_s
        while True:
            for found in self._listen(max(0.0, until_s - time.monotonic())):
                if event in found:
                    return found[event]
                if "failed" in found:
                    raise (BadInput if found["exit_code"] == BadInput.exit_code else CannotRun)(found["failed"])
            if self._at_end:
                raise self._died(process)
            if time.monotonic() > until_s:
                raise SensorLost(f"the sampler process did not answer within {within_s:g} s: a driver may hang")

    def _listen(self, within_s: float) -> list[Mapping[str, Any]]:
        """The events that have arrived, after waiting for at most `within_s`."""
        process = self._process
        if process is None or self._at_end:
            return []
        assert process.stdout is not None
        handle = process.stdout.fileno()
        while select.select((handle,), (), (), within_s)[0]:
            piece = os.read(handle, 65_536)
            if not piece:
                self._at_end = True
                break
            self._rest += piece
            within_s = 0.0
        *lines, self._rest = self._rest.split(b"\n")
        events = [json.loads(line) for line in lines]
        for event in events:
            if "column" in event:
                number, domain, name, kind = event["column"]
                self._columns[number] = SpoolColumn(domain, name, kind)
            elif "lost" in event:
                self._lost[event["lost"]] = event["reason"]
        return events

    def _gather(self) -> None:
        self._gathered += self._reader.read_on(self._columns)
        self._gathered.sort(key=lambda one: one.t_ns)

    def _died(self, process: subprocess.Popen[bytes]) -> SensorLost:
        with suppress(subprocess.TimeoutExpired):
            process.wait(_END_WITHIN_S)
        size = os.fstat(self._stderr).st_size
        tail = os.pread(self._stderr, _TAIL_BYTES, max(0, size - _TAIL_BYTES)).decode(errors="replace").strip()
        said = f": {tail.splitlines()[-1]}" if tail else ""
        return SensorLost(f"the sampler process ended with exit code {process.returncode}{said}")
