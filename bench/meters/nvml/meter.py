"""One board's sensor: its counter, its power fields, and the circumstances that can void a figure."""

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Literal, TypeAlias

import pynvml

from bench.errors import SensorLost
from bench.meters.nvml.probe import (
    CONDITIONS,
    POWER_FIELD_IDS,
    PROCESS_COUNT,
    READ_S,
    Handle,
    ProbedBoard,
    number,
    process_ids,
    said,
)
from bench.nouns import Condition, Observation, Reading, Source
from bench.units import J_PER_MJ, NS_PER_S, S_PER_NS, W_PER_MW

Kind: TypeAlias = Literal["energy", "power"]

# Looks exactly a second apart keep in step with a board that slows down once a second, and never see it. So they
# are 0.95 s apart, each up to 40 % of that early or late, by multiples of the golden ratio, whose fractional
# parts fill every gap evenly (Knuth, The Art of Computer Programming, vol. 3, 6.4, theorem S). A slowdown for
# 0.4 s of every second is then seen by one of any 7 looks in a row, one for 0.1 s by one of 23.
_CONDITION_PERIOD_NS, _EARLY_OR_LATE = 950_000_000, 0.8
_GOLDEN = (math.sqrt(5) - 1) / 2
_CONDITIONS_PER_READ = 2  # a few at a time, so that no single poll waits for all of them
_PATIENCE_NS = 2 * NS_PER_S  # a call that only asks for patience may fail for this long
_TRANSIENT = (
    pynvml.NVML_ERROR_TIMEOUT,
    pynvml.NVML_ERROR_IN_USE,
    pynvml.NVML_ERROR_NO_DATA,
    pynvml.NVML_ERROR_NOT_READY,
)


class NvmlMeter:
    """One board. Readings on every read; each condition about once a second."""

    def __init__(self, board: ProbedBoard, own_pids: frozenset[int], clock_ns: Callable[[], int]) -> None:
        """`own_pids`: processes whose work is measured; theirs is what they start, and what started them."""
        pynvml.nvmlInit()
        self._handle = board.handle
        self._source = board.source
        self._domain = board.source.domain
        self._clock_ns = clock_ns
        self._own_pids = own_pids
        # whoever started us waits; but everything descends from 1, which may be a server in a container
        self._started_us = frozenset(pid for own in own_pids for pid in _chain(own) or ()) - {1}
        self._counter = "counter" in board.source.fields
        self._usage = "usage" in board.source.fields
        self._power = tuple(
            (name, (field_id, board.scope))
            for name, field_id in POWER_FIELD_IDS.items()
            if name in board.source.fields
        )
        self._power_ids = tuple(field for _, field in self._power)
        started_ns = clock_ns()
        self._heard_ns = dict.fromkeys(board.source.fields, started_ns)
        self._started_ns = started_ns
        self._due_ns = dict.fromkeys(board.conditions, started_ns)
        self._looks = dict.fromkeys(board.conditions, 0)
        self._longest_read_ns = 0
        self._closed = False

    @property
    def source(self) -> Source:
        """The board and the fields that answered."""
        return self._source

    def read(self) -> Sequence[Observation]:
        """The counter, the power fields and a few of the conditions that are due."""
        found: list[Observation] = []
        if self._counter:
            self._read_one(found, "counter", "energy", pynvml.nvmlDeviceGetTotalEnergyConsumption, J_PER_MJ)
        if self._power:
            self._read_power(found)
        elif self._usage:
            self._read_one(found, "usage", "power", pynvml.nvmlDeviceGetPowerUsage, W_PER_MW)
        self._read_conditions(found)
        return found

    def close(self) -> None:
        """Lets NVML go; a second call does nothing."""
        if not self._closed:
            self._closed = True
            with suppress(pynvml.NVMLError):  # a driver that is gone leaves nothing to let go
                pynvml.nvmlShutdown()

    def _read_one(
        self,
        found: list[Observation],
        field: str,
        kind: Kind,
        call: Callable[[Handle], int],
        unit: float,
    ) -> None:
        before_ns = self._clock_ns()
        try:
            value = call(self._handle)
        except pynvml.NVMLError as error:
            return self._silent(field, error.value)
        found.append(self._reading(field, kind, before_ns, value * unit))
        return None

    def _read_power(self, found: list[Observation]) -> None:
        before_ns = self._clock_ns()
        try:
            values = pynvml.nvmlDeviceGetFieldValues(self._handle, self._power_ids)
        except pynvml.NVMLError as error:
            return self._silent(self._power[0][0], error.value)
        for (name, _), value in zip(self._power, values, strict=True):
            if value.nvmlReturn != pynvml.NVML_SUCCESS:  # each field has a status of its own
                self._silent(name, value.nvmlReturn)
                continue
            found.append(self._reading(name, "power", before_ns, number(value) * W_PER_MW))
        return None

    def _reading(self, field: str, kind: Kind, before_ns: int, value: float) -> Reading:
        after_ns = self._clock_ns()
        self._heard_ns[field] = after_ns
        self._longest_read_ns = max(self._longest_read_ns, after_ns - before_ns)
        return Reading((before_ns + after_ns) // 2, self._domain, field, kind, value)

    def _silent(self, field: str, code: int) -> None:
        """A gap where patience may help; else, or when it lasts, the sensor is lost."""
        silent_ns = self._clock_ns() - self._heard_ns[field]
        if code in _TRANSIENT and silent_ns <= _PATIENCE_NS:
            return
        raise SensorLost(
            f"{self._domain} ({self._source.device_name}, {self._source.device}): "
            f"NVML no longer reads {field!r}: {said(code)}"
        )

    def _read_conditions(self, found: list[Observation]) -> None:
        now_ns = self._clock_ns()
        due = [name for name, when_ns in self._due_ns.items() if when_ns <= now_ns]
        for name in sorted(due, key=self._due_ns.__getitem__)[:_CONDITIONS_PER_READ]:
            while self._due_ns[name] <= now_ns:
                self._looks[name] += 1
                self._due_ns[name] = self._started_ns + due_ns(self._looks[name])
            try:
                found += self._condition(name, now_ns)
            except pynvml.NVMLError as error:
                if error.value in (pynvml.NVML_ERROR_GPU_IS_LOST, pynvml.NVML_ERROR_UNINITIALIZED):
                    self._silent(self._source.fields[0], error.value)
                continue  # a gap in a condition is no reason to lose the readings

    def _condition(self, name: str, now_ns: int) -> list[Condition]:
        if name == READ_S:  # half of it is how well a reading's moment is known
            longest_s, self._longest_read_ns = self._longest_read_ns * S_PER_NS, 0
            return [Condition(now_ns, self._domain, name, longest_s)]
        if name != PROCESS_COUNT:
            return [Condition(now_ns, self._domain, name, CONDITIONS[name](self._handle))]
        pids = process_ids(self._handle)
        found = [Condition(now_ns, self._domain, name, float(len(pids)))]
        own = self._own(pids)
        found.append(Condition(now_ns, self._domain, "own_processes", float(own or 0)))
        if own is not None:
            found.append(Condition(now_ns, self._domain, "foreign_processes", float(len(pids) - own)))
        return found

    def _own(self, pids: frozenset[int]) -> int | None:
        """How many are ours; None when one of them is not ours to see."""
        own = 0
        for pid in pids:
            chain = _chain(pid)
            if chain is None:  # in a container NVML's pids are the host's: whose they are can't be told
                return None
            own += pid in self._started_us or not self._own_pids.isdisjoint(chain)
        return own


def due_ns(look: int) -> int:
    """When a condition's look is due (ns after the first, which is look 0)."""
    return round(_CONDITION_PERIOD_NS * (look + _EARLY_OR_LATE * (look * _GOLDEN % 1 - 0.5)))


def _chain(pid: int) -> frozenset[int] | None:
    """The process, its parent, and so on up; None where /proc does not know one of them."""
    chain: set[int] = set()
    while pid > 0 and pid not in chain:
        above = _parent(pid)
        if above is None:
            return None
        chain.add(pid)
        pid = above
    return frozenset(chain)


def _parent(pid: int) -> int | None:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return int(file.read().rpartition(")")[2].split()[1])
    except OSError:
        return None
