"""What can go wrong with a simulated server on demand: which fault, at which stage, in which requests.

    hang:stage=mid,every=3,seconds=2     as an option; as JSON {"kind": "hang", "stage": "mid", ...}

Stages: `before` the headers, after the `headers`, `first` (in the place of the first message that holds a
token, or before a whole body), `mid` (before the first message that holds a token of the second half, or before
the second half of a whole body), and `end` (before what closes the stream, or before the last byte of a body).
Requests count from 1 from when the faults were set.
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sim.protocol import Counts

STAGES = ("before", "headers", "first", "mid", "end")
STREAM = ("headers", "first", "mid", "end")
# kind: the stages at which it can strike, the first of them where none is given; and what it does
KINDS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "status": (
        ("before", "first", "mid", "end"),
        "an HTTP error `code` (429 with Retry-After); later, an error in the stream",
    ),
    "hang": (STAGES, "nothing comes for `seconds`; 0: for ever"),
    "drop": (("mid", "before", "headers", "first", "end"), "the connection is closed"),
    "reset": (("mid", "before", "headers", "first", "end"), "the connection is reset (RST)"),
    "truncate": (("mid", "first", "end"), "a message is cut in its middle, the rest comes; a body's JSON is cut"),
    "malform": (("mid", "first", "end"), "a message is a line that the protocol does not know"),
    "duplicate": (("mid", "first", "end"), "a message comes twice"),
    "silent": (("mid", "first", "end"), "the stream ends in order, without what closes it; the work stops"),
    "dribble": (STREAM, "the rest comes `size` bytes every `seconds`"),
    "usage": (
        ("end",),
        "`how`: more, double, less, zero, missing, text, float, null, negative; `of`: output, prompt, cached",
    ),
    "cached_reply": (("before",), "answered at once, with full usage and without any work"),
    "stop_short": (("end",), "stops by itself at `fraction` of the tokens: finish `stop`, honest usage"),
    "length_short": (("end",), "the same, but finish `length`"),
    "after_done": (("end",), "a message with a token comes after the end"),
    "wrong_model": (("before",), "another model's name is echoed"),
    "close_idle": (("end",), "the kept-alive connection is closed `seconds` after the reply"),
    "refuse": (("end",), "for `seconds` after this request nobody listens"),
}
LIES = ("more", "double", "less", "zero", "missing", "text", "float", "null", "negative")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault. It strikes requests whose number `every` divides and which the draw of `rate` takes.

    `ids` are those requests alone: numbers, or what their X-Request-Id says.
    """

    kind: str
    stage: str = ""
    every: int = 1
    rate: float = 1.0
    ids: tuple[str, ...] = ()
    times: int = 0  # at most so often; 0: without limit
    seconds: float = 0.0
    code: int = 500
    size: int = 1
    how: str = "more"
    of: str = "output"  # which count is lied about: prompt, cached, output
    fraction: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"fault {self.kind!r}: one of {', '.join(KINDS)}")
        stages = KINDS[self.kind][0]
        if not self.stage:
            object.__setattr__(self, "stage", stages[0])
        if self.stage not in stages:
            raise ValueError(f"fault {self.kind} at stage {self.stage!r}: one of {', '.join(stages)}")
        if self.kind == "usage" and self.how not in LIES:
            raise ValueError(f"fault usage with how={self.how!r}: one of {', '.join(LIES)}")
        if self.of not in ("prompt", "cached", "output"):
            raise ValueError(f"fault usage of={self.of!r}: one of prompt, cached, output")
        if self.every < 1:
            raise ValueError(f"fault {self.kind} with every={self.every}: at least 1")

    def strikes(self, number: int, name: str | None) -> bool:
        """Whether this request is one of its own."""
        if self.ids:
            return str(number) in self.ids or (name is not None and name in self.ids)
        if number % self.every:
            return False
        return self.rate >= 1 or random.Random(f"{self.seed} {number}").random() < self.rate


_CASTS: Mapping[str, type] = {"every": int, "times": int, "code": int, "size": int, "seed": int, "rate": float,
                              "seconds": float, "fraction": float}  # fmt: skip


def parsed(text: str) -> Fault:
    """A fault from an option: kind:key=value,key=value; several ids are joined by +. Raises ValueError."""
    kind, _, rest = text.partition(":")
    pairs = dict(one.split("=", 1) for one in rest.split(",") if one)
    return of_mapping({"kind": kind, **{k: v.split("+") if k == "ids" else v for k, v in pairs.items()}})


def of_mapping(given: Mapping[str, Any]) -> Fault:
    """A fault from JSON. Raises ValueError."""
    known = {one.name for one in fields(Fault)}
    if unknown := set(given) - known:
        raise ValueError(f"fault: unknown {', '.join(sorted(unknown))}; known are {', '.join(sorted(known))}")
    values = {name: _CASTS.get(name, str)(value) for name, value in given.items() if name != "ids"}
    return Fault(**values, ids=tuple(str(one) for one in given.get("ids", ())))


class FaultPlan:
    """The faults that are set, and how often each has struck."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self.set(faults)

    def set(self, faults: Iterable[Fault]) -> None:
        """These from now on; requests count from 1 again."""
        self.faults = tuple(faults)
        self.struck = [0] * len(self.faults)
        self.requests = 0

    def chosen(self, name: str | None) -> tuple[Fault, ...]:
        """The faults of the next request."""
        self.requests += 1
        found = []
        for i, fault in enumerate(self.faults):
            if fault.strikes(self.requests, name) and not (fault.times and self.struck[i] >= fault.times):
                self.struck[i] += 1
                found.append(fault)
        return tuple(found)


def of_kind(faults: Sequence[Fault], *kinds: str) -> Fault | None:
    """The first of these kinds."""
    return next((one for one in faults if one.kind in kinds), None)


def lied(counts: Counts, how: str, of: str = "output") -> Counts | None:
    """What a server that lies about one of its counts says of them; None: nothing."""
    true = counts[of]
    told = {
        "more": true * 2 + 1, "double": true * 2, "less": true // 2, "zero": 0,
        "text": str(true), "float": true + 0.5, "null": None, "negative": -true,
    }  # fmt: skip
    return None if how == "missing" else {**counts, of: told[how]}


def spoilt_body(body: bytes, faults: Sequence[Fault]) -> bytes:
    """A whole body, cut or made into something else."""
    if of_kind(faults, "truncate"):
        return body[: len(body) // 2]
    return b'{"simulated fault"::' + body[1:] if of_kind(faults, "malform") else body


def spoilt_message(message: bytes, fault: Fault) -> list[bytes]:
    """What is sent in a message's place."""
    if fault.kind == "duplicate":
        return [message, message]
    kept = message.rstrip(b"\n")
    end = message[len(kept) :]
    if fault.kind == "truncate":
        return [kept[: len(kept) // 2] + end]
    return [b"simulated fault: " + kept[len(kept) // 2 :] + end]


def at(stage: str, faults: Sequence[Fault]) -> tuple[Fault, ...]:
    """Those of a stage."""
    return tuple(one for one in faults if one.stage == stage)
