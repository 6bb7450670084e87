"""The declared physics of a simulated inference server, and its continuous batching as a pure state machine.

The same machine runs in real time (server_engine.py) and on a virtual clock (`simulate`): steps follow from
arrivals alone, to the nanosecond. Nothing here comes from a device.

    host    decides k+1 ──┐ lead_s before the device is free; host_s is the least it takes
    device  ── step k ────┴─┤── step k+1 ──┤        a late host leaves the device idle in between

A prompt's last prefill step makes the first output token, every decode step one more of each sequence.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sim.prefixes import PrefixCache

MODES = ("blocking", "alternating", "mixed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Physics:
    """What work costs. Powers of steps are above `idle_w`, that of loading above `bare_w`."""

    request_s: float = 2e-3  # once a request, in its first prefill step
    prefill_token_s: float = 1e-4
    decode_step_s: float = 4e-3  # a decode step: this, ...
    decode_sequence_s: float = 2e-4  # ... this for each sequence in it, ...
    decode_context_token_s: float = 1e-7  # ... and this for each token that they attend to
    # blocking: no decode step while a prompt waits; alternating: a prefill and a decode step by turns;
    # mixed: both in one step, whose parts add up
    mode: str = "blocking"
    chunk_tokens: int = 0  # prompt tokens in a step at most; 0: whole prompts
    max_batch: int = 8
    max_waiting: int = 0  # requests beyond are refused; 0: never
    prefill_w: float = 250.0
    decode_w: float = 120.0
    idle_w: float = 90.0  # with the model loaded
    bare_w: float = 60.0  # without
    load_s: float = 0.5
    load_w: float = 40.0
    lead_s: float = 5e-3
    host_s: float = 2e-4

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ValueError(f"mode {self.mode!r}: one of {', '.join(MODES)}")
        if self.max_batch < 1:
            raise ValueError(f"max_batch {self.max_batch}: at least 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One request, as the device sees it. Token ids are for the prefix cache, and may be missing without one."""

    id: int
    prompt_tokens: int
    output_tokens: int
    token_ids: tuple[int, ...] | None = None
    reply_ids: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.prompt_tokens < 1 or self.output_tokens < 1:
            raise ValueError(
                f"request {self.id}: {self.prompt_tokens} prompt and {self.output_tokens} output tokens"
            )


@dataclass(frozen=True, slots=True)
class Emitted:
    """A sequence has its n-th token."""

    id: int
    produced: int
    last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What the device does at once, from `start_ns` to `end_ns`, at `level_w + above_w`."""

    kind: str  # "prefill", "decode", "mixed", "load"
    start_ns: int
    end_ns: int
    level_w: float
    above_w: float
    prefill: Mapping[int, int] = field(default_factory=dict)  # prompt tokens by request
    opened: tuple[int, ...] = ()  # those that paid `request_s`
    cached: Mapping[int, int] = field(default_factory=dict)  # of those that opened: tokens that cost nothing
    decode: Mapping[int, int] = field(default_factory=dict)  # tokens attended to, by request
    emitted: tuple[Emitted, ...] = ()

    @property
    def above_j(self) -> float:
        """Joules above the level."""
        return (self.end_ns - self.start_ns) * 1e-9 * self.above_w


@dataclass(slots=True)
class _Sequence:
    work: Work
    left: int = 0  # prompt tokens still to be computed
    produced: int = 0
    opened: bool = False


class Scheduler:
    """First come, first served. Times come from outside; a step is decided whole, and never taken back."""

    def __init__(self, physics: Physics, cache: PrefixCache | None = None, *, resident: bool = True) -> None:
        self.physics, self.cache, self.resident = physics, cache, resident
        self.free_ns = 0
        self.waiting: deque[_Sequence] = deque()
        self.running: list[_Sequence] = []
        self._prefilled_last = False

    @property
    def busy(self) -> bool:
        """Whether there is work that no step has been decided for."""
        return bool(self.waiting or self.running)

    def submit(self, work: Work) -> bool:
        """Whether the request was taken; False: the queue is full."""
        if self.physics.max_waiting and len(self.waiting) >= self.physics.max_waiting:
            return False
        self.waiting.append(_Sequence(work))
        return True

    def cancel(self, id: int) -> None:
        """Takes a request out; steps that are decided run on."""
        self.waiting = deque(s for s in self.waiting if s.work.id != id)
        self.running = [s for s in self.running if s.work.id != id]

    def unload(self) -> None:
        """The weights leave, and the cache with them; the next request loads them again."""
        self.resident = False
        if self.cache:
            self.cache.clear()

    def decide(self, now_ns: int) -> Step | None:
        """The next step, as decided at this moment; None: there is nothing to do."""
        if not self.busy:
            return None
        if not self.resident:
            return self.load(now_ns)
        start_ns = self._start_ns(now_ns)
        while self.waiting and len(self.running) < self.physics.max_batch:
            self.running.append(self.waiting.popleft())
        return self._step(start_ns)

    def load(self, now_ns: int) -> Step:
        """The step that brings the weights."""
        self.resident, of = True, self.physics
        return self._timed(self._start_ns(now_ns), "load", of.load_s, of.load_w, of.bare_w)

    def _start_ns(self, now_ns: int) -> int:
        return max(self.free_ns, now_ns + round(self.physics.host_s * 1e9))

    def _step(self, start_ns: int) -> Step:
        prompts = [s for s in self.running if not s.produced]
        decoding = [s for s in self.running if s.produced]
        mode = self.physics.mode
        if mode == "alternating" and self._prefilled_last and decoding:
            prompts = []
        if prompts and mode != "mixed":
            decoding = []
        self._prefilled_last = bool(prompts)
        decode = {s.work.id: s.work.prompt_tokens + s.produced for s in decoding}
        prefill, opened, cached = self._chunks(prompts)
        prefill_s = sum(prefill.values()) * self.physics.prefill_token_s + len(opened) * self.physics.request_s
        decode_s = self._decode_s(decode)
        emitted = self._emitted(decoding, prompts)
        kind = "decode" if not prefill else "mixed" if decode else "prefill"
        return self._timed(
            start_ns, kind, prefill_s + decode_s, self._above_w(prefill_s, decode_s), self.physics.idle_w,
            prefill=prefill, opened=opened, cached=cached, decode=decode, emitted=emitted,
        )  # fmt: skip

    def _above_w(self, prefill_s: float, decode_s: float) -> float:
        of = self.physics
        if not prefill_s or not decode_s:
            return of.prefill_w if prefill_s else of.decode_w
        return (prefill_s * of.prefill_w + decode_s * of.decode_w) / (prefill_s + decode_s)

    def _decode_s(self, decode: Mapping[int, int]) -> float:
        of = self.physics
        if not decode:
            return 0.0
        contexts = sum(decode.values())
        return of.decode_step_s + len(decode) * of.decode_sequence_s + contexts * of.decode_context_token_s

    def _chunks(self, prompts: list[_Sequence]) -> tuple[dict[int, int], tuple[int, ...], dict[int, int]]:
        room = self.physics.chunk_tokens or sum(s.work.prompt_tokens for s in prompts)
        prefill: dict[int, int] = {}
        opened, cached = [], {}
        for one in prompts:
            if room <= 0:
                break
            if not one.opened:
                one.opened = True
                opened.append(one.work.id)
                cached[one.work.id] = self._shared(one.work)
                one.left = one.work.prompt_tokens - cached[one.work.id]
            taken = min(one.left, room)
            one.left -= taken
            room -= taken
            prefill[one.work.id] = taken
        return prefill, tuple(opened), cached

    def _shared(self, work: Work) -> int:
        return self.cache.shared(work.token_ids) if self.cache and work.token_ids else 0

    def _emitted(self, decoding: list[_Sequence], prompts: list[_Sequence]) -> tuple[Emitted, ...]:
        emitted = []
        for one in (*decoding, *(s for s in prompts if s.opened and not s.left)):
            one.produced += 1
            last = one.produced == one.work.output_tokens
            emitted.append(Emitted(one.work.id, one.produced, last))
            if self.cache and one.work.token_ids and (last or one.produced == 1):
                self.cache.keep(one.work.token_ids + one.work.reply_ids[: one.produced])
        if any(e.last for e in emitted):
            self.running = [s for s in self.running if s.produced < s.work.output_tokens]
        return tuple(emitted)

    def _timed(self, start_ns: int, kind: str, duration_s: float, above_w: float, level_w: float, **parts) -> Step:
        self.free_ns = start_ns + round(duration_s * 1e9)
        return Step(kind=kind, start_ns=start_ns, end_ns=self.free_ns, level_w=level_w, above_w=above_w, **parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """What came of arrivals on a virtual clock."""

    steps: tuple[Step, ...]
    refused: tuple[int, ...]  # the queue was full


def simulate(
    arrivals: Sequence[tuple[int, Work]],
    physics: Physics,
    cache: PrefixCache | None = None,
    *,
    resident: bool = True,
) -> Simulated:
    """The steps of these arrivals (ns, ascending) on a device that is free at 0."""
    scheduler = Scheduler(physics, cache, resident=resident)
    steps: list[Step] = []
    refused: list[int] = []
    lead_ns, now_ns, next_one = round(physics.lead_s * 1e9), 0, 0
    while next_one < len(arrivals) or scheduler.busy:
        if not scheduler.busy:
            now_ns = max(now_ns, arrivals[next_one][0])
        while next_one < len(arrivals) and arrivals[next_one][0] <= now_ns:
            work = arrivals[next_one][1]
            if not scheduler.submit(work):
                refused.append(work.id)
            next_one += 1
        step = scheduler.decide(now_ns)
        if step is not None:
            steps.append(step)
            now_ns = max(now_ns, step.end_ns - lead_ns)
    return Simulated(steps=tuple(steps), refused=tuple(refused))
