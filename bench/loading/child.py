"""A process that its parent knows from its first moment: no interrupt comes between its start and its keeper.

Python answers a signal between any two steps, inside `subprocess.Popen` too. An exception that comes there, after
the fork and before the name, leaves a process that nobody ends. So the answer waits until the keeper knows it.
Signals are held in Python, not masked: a mask would be the child's as well, through exec, and `terminate` would be
nothing to it (signal(7), execve(2); checked 2026-11-22).
"""

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from subprocess import Popen
from types import FrameType
from typing import TypeVar

Answer = Callable[[int, FrameType | None], None]
T = TypeVar("T", str, bytes)


@contextmanager
def child(start: Callable[[], "Popen[T]"], end: Callable[["Popen[T]"], None]) -> Iterator["Popen[T]"]:
    """The process that `start` returns; `end` is called with it, whatever comes and whenever."""
    with ExitStack() as ending:
        with signals_held():
            process = start()
            ending.callback(end, process)
        yield process


@contextmanager
def signals_held() -> Iterator[None]:
    """Ctrl-C and SIGTERM that come inside are answered at the end of the block, as they were before it."""
    came: list[int] = []
    try:
        with answering(
            {number: lambda number, _: came.append(number) for number in (signal.SIGINT, signal.SIGTERM)}
        ):
            yield
    finally:
        for number in dict.fromkeys(came):
            signal.raise_signal(number)


@contextmanager
def answering(answers: Mapping[int, Answer]) -> Iterator[None]:
    """These functions answer signals inside the block. A signal that is ignored stays so, here and in a child.

    Nothing changes outside the main thread, where Python answers none.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {n: was for n in answers if (was := signal.getsignal(n)) not in (signal.SIG_IGN, None)}
    try:
        for number in before:
            signal.signal(number, answers[number])
        yield
    finally:
        for number, was in before.items():
            signal.signal(number, was)
