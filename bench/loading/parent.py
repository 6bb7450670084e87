"""A process that ends with the one that started it, whose end nobody else would tell it."""

import os
import signal
import sys
import threading
from collections.abc import Callable

_STOPPED = 130  # the exit code of what was stopped from outside


def end_with_parent(heard: Callable[[str], None] = lambda _: None) -> None:
    """From now on this process ends as soon as its standard input does, which its parent holds open.

    `heard`: takes each line that the parent writes, in a thread of its own.

    Where it leads a group of processes, the group ends with it: those that it has started, and nobody waits for.
    """
    threading.Thread(target=_listen, args=(heard,), daemon=True).start()


def _listen(heard: Callable[[str], None]) -> None:
    for line in iter(sys.stdin.readline, ""):
        heard(line.rstrip("\n"))
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(_STOPPED)
