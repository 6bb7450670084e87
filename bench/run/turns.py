"""Whose turn it is, where several candidates are loaded at once and work one after the other.

A candidate asks before each stage and waits; asking for the next one says that the last is over.

    idle    all at once: nobody works
    load, warmup, work    one at a time
    end     when all have done their work: sealing it takes the processor
"""

from queue import SimpleQueue
from typing import Literal, Protocol, TypeAlias

from bench.sensing.events import Emit

Stage: TypeAlias = Literal["idle", "load", "warmup", "work", "end"]
GO, STOP = "go", "stop"


class Turns(Protocol):
    """Who says when a candidate may go on."""

    def take(self, stage: Stage, *, enough: bool = False) -> bool:
        """Waits until it is this candidate's turn; False: no more of these. `enough`: it needs none itself."""
        ...


class Alone:
    """Nobody else is there: it is always its turn."""

    def take(self, stage: Stage, *, enough: bool = False) -> bool:  # noqa: ARG002
        """At once."""
        return not enough


ALONE = Alone()


class Told:
    """By the process that started this one and the others, over pipes."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._words: SimpleQueue[str] = SimpleQueue()

    def hear(self, word: str) -> None:
        """A line from the parent: GO or STOP."""
        self._words.put(word)

    def take(self, stage: Stage, *, enough: bool = False) -> bool:
        """Asks, and waits for the answer."""
        self._emit({"event": "turn", "stage": stage, "enough": enough})
        return self._words.get() == GO
