"""Peers beside the sensors: told of each window's edges, and what they said as readings.

       begin            mark                                 mark         end
         |<─ approach ───>|<────────── a window ──────────────>|<── rest ──>|
         |<───────────────────── a peer's span ───────────────────────────>|

A peer never comes into a figure of ours. One that fails falls silent, for good, and its record says why.
"""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Any, Protocol, Self

from bench.errors import BadInput, BrokenResults, CannotRun
from bench.files.codec import build
from bench.files.config import inherited
from bench.files.registry import load_witness
from bench.loading.child import signals_held
from bench.nouns import Observation, PeerEnergy, Reading, WitnessRecord
from bench.nouns.witnesses import peer_field
from bench.sensing.spool import open_spool

_OPEN_WITHIN_S = 120.0  # heavy libraries, read from a cold disk
_ANSWER_WITHIN_S = 30.0
_END_WITHIN_S = 2.0
_TAIL_BYTES = 2000
# A peer has to see every GPU, under NVML's numbers: these two would hide some and number the others afresh.
_HIDING = ("CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES")


class Watch(Protocol):
    """Peers, as those who draw a window's edges see them."""

    @property
    def records(self) -> tuple[WitnessRecord, ...]:
        """Who watches, and who fell silent."""
        ...

    def begin(self) -> None:
        """A window is about to begin. Returns once every peer watches."""
        ...

    def end(self) -> None:
        """The window has ended. Returns once every peer has said what it took."""
        ...

    def collect(self) -> tuple[Observation, ...]:
        """What they said since the last call, in time order."""
        ...


class Nobody:
    """No peer at all."""

    records: tuple[WitnessRecord, ...] = ()

    def begin(self) -> None:
        """Nobody is told."""

    def end(self) -> None:
        """Nobody is asked."""

    def collect(self) -> tuple[Observation, ...]:
        """Nothing was said."""
        return ()


NOBODY = Nobody()


def merged(seen: Sequence[Observation], said: Sequence[Observation]) -> tuple[Observation, ...]:
    """What the sensors saw and what peers said, in time order."""
    return tuple(sorted((*seen, *said), key=lambda one: one.t_ns)) if said else tuple(seen)


def require_witnesses(names: Sequence[str]) -> None:
    """Raises UnknownName for a peer that nobody knows, CannotRun for one whose library is not here."""
    if len(set(names)) < len(names):
        raise BadInput(f"each witness once: found {', '.join(names)}")
    for name in names:
        check = load_witness(name).check()
        if check.status == "missing":
            raise CannotRun(f"the witness {name!r} can't watch here: {check.reason}; {check.remedy}")


class Witnesses:
    """Peers, each in a process of its own, from `__enter__` on."""

    def __init__(self, names: Sequence[str], *, answer_within_s: float = _ANSWER_WITHIN_S) -> None:
        require_witnesses(names)
        self._names = tuple(names)
        self._within_s = answer_within_s
        self._peers: tuple[_Peer, ...] = ()
        self._said: list[Reading] = []

    def __enter__(self) -> Self:
        with ExitStack() as undo:  # nothing that was opened outlives a start that fails
            undo.callback(self.close)
            for name in self._names:
                with signals_held():  # not one of them is started and unknown
                    self._peers = (*self._peers, _Peer(name, self._within_s))
            for peer in self._peers:
                peer.await_opened()
            undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def records(self) -> tuple[WitnessRecord, ...]:
        """Who watches, and who fell silent."""
        return tuple(peer.record for peer in self._peers)

    def begin(self) -> None:
        """A window is about to begin. Returns once every peer watches."""
        self._tell("begin")
        for peer in self._peers:
            peer.await_begun()

    def end(self) -> None:
        """The window has ended. Returns once every peer has said what it took."""
        self._tell("end")
        for peer in self._peers:
            self._said += peer.await_ended()

    def collect(self) -> tuple[Observation, ...]:
        """What they said since the last call, in time order."""
        said, self._said = sorted(self._said, key=lambda one: one.t_ns), []
        return tuple(said)

    def close(self) -> None:
        """Ends every peer; a second call does nothing."""
        for peer in self._peers:
            peer.close()

    def _tell(self, what: str) -> None:
        for peer in self._peers:
            peer.tell(what)


class _Peer:
    """The parent's end of one peer's process. After its first fault it says nothing more."""

    def __init__(self, name: str, within_s: float) -> None:
        self._name = name
        self._within_s = within_s  # in which it has to answer once it is open
        self._version = ""
        self._fault: str | None = None
        self._begun_ns = 0
        self._sums_j: dict[tuple[str, str], float] = {}  # (domain, field) → J over all windows so far
        self._rest = b""
        self._stderr = open_spool()
        self._process: subprocess.Popen[bytes] | None = subprocess.Popen(
            # -P: a folder called `bench` in the working directory is not this package
            [sys.executable, "-P", "-m", "bench.sensing.witness_process", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env=inherited(without=_HIDING),
            start_new_session=True,  # Ctrl-C is not for it; and what it starts itself can be ended with it
        )

    @property
    def record(self) -> WitnessRecord:
        """Who it is, and why it fell silent."""
        return WitnessRecord(name=self._name, version=self._version, fault=self._fault)

    def tell(self, what: str) -> None:
        """Sends a command. A dead process is found out when it should answer."""
        if self._process is None:
            return
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps({"do": what}).encode() + b"\n")
            self._process.stdin.flush()

    def await_opened(self) -> None:
        """Waits until it has been started."""
        answer = self._answer(_OPEN_WITHIN_S)
        self._version = answer["opened"] if answer else ""

    def await_begun(self) -> None:
        """Waits until it watches."""
        answer = self._answer(self._within_s)
        self._begun_ns = answer["begun"] if answer else 0

    def await_ended(self) -> list[Reading]:
        """Two readings of each domain: a counter as it stood when it began, and when it was told to end."""
        answer = self._answer(self._within_s)
        if answer is None:
            return []
        try:
            said = build(tuple[PeerEnergy, ...], answer["energies"], "energies")
        except BrokenResults as error:  # no number, or one without end
            self._fall_silent(str(error))
            return []
        return [reading for one in said for reading in self._counted(one, answer["ended"])]

    def close(self) -> None:
        """Ends the process; a second call does nothing."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(BrokenPipeError):  # it is dead already, which is what is wanted
            process.stdin.close()
        try:
            process.wait(0.0 if self._fault else _END_WITHIN_S)
        except subprocess.TimeoutExpired:
            _end(process)
        process.stdout.close()
        os.close(self._stderr)

    def _counted(self, one: PeerEnergy, ended_ns: int) -> tuple[Reading, Reading]:
        domain, field = one.domain, peer_field(self._name, one.basis)
        before_j = self._sums_j.get((domain, field), 0.0)
        after_j = self._sums_j[domain, field] = before_j + one.energy_j
        return (
            Reading(self._begun_ns, domain, field, "energy", before_j),
            Reading(ended_ns, domain, field, "energy", after_j),
        )

    def _answer(self, within_s: float) -> Mapping[str, Any] | None:
        """What it says next; None once it has fallen silent."""
        if self._process is None:
            return None
        line = self._line(self._process, within_s)
        if line is None:
            return None
        found: Mapping[str, Any] = json.loads(line)
        if "failed" in found:
            self._fall_silent(str(found["failed"]))
            return None
        return found

    def _line(self, process: subprocess.Popen[bytes], within_s: float) -> bytes | None:
        assert process.stdout is not None
        handle, until_s = process.stdout.fileno(), time.monotonic() + within_s
        while b"\n" not in self._rest:
            if not select.select((handle,), (), (), max(0.0, until_s - time.monotonic()))[0]:
                self._fall_silent(f"it did not answer within {within_s:g} s")
                return None
            piece = os.read(handle, 65_536)
            if not piece:
                self._fall_silent(self._last_words(process))
                return None
            self._rest += piece
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def _fall_silent(self, why: str) -> None:
        """Its first fault is its last word: what is left of it disturbs the machine for nothing."""
        self._fault = why
        self.close()

    def _last_words(self, process: subprocess.Popen[bytes]) -> str:
        _end(process)
        size = os.fstat(self._stderr).st_size
        tail = os.pread(self._stderr, _TAIL_BYTES, max(0, size - _TAIL_BYTES)).decode(errors="replace").strip()
        said = f": {tail.splitlines()[-1]}" if tail else ""
        return f"its process ended with exit code {process.returncode}{said}"


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends a process and those that it has started: they outlive it where it crashed."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
