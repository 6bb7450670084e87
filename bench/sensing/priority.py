"""How soon a process gets a core when every core is busy: as soon as the system allows."""

import ctypes
import os
import struct

_REALTIME_PRIORITY = 1  # the lowest of the real-time ones: enough to come before every ordinary process
_NICE = -10
# The shortest slice that Linux takes, in ns. A task that asks for little is let in early (EEVDF; Linux 6.12
# documentation, scheduler/sched-eevdf, checked 2026-11-21); older kernels ignore it. No right is needed.
_SLICE_NS = 100_000
_SCHED_SETATTR = {"x86_64": 314, "aarch64": 274}  # arch/x86/entry/syscalls, include/uapi/asm-generic/unistd.h
_ATTRIBUTES = struct.Struct("<IIQiIQQQ")  # struct sched_attr, version 0: 48 bytes


def hasten() -> str:
    """What this process now has before others: "real-time", "nice" or "ordinary" priority.

    It is for a process that sleeps 99 % of its time and must wake on the dot.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(_REALTIME_PRIORITY))
        return "real-time"
    except OSError:  # needs CAP_SYS_NICE, or a limit on real-time priority above 0
        nice = _nice()
    _ask_for_short_slices(nice)
    return "nice" if nice < 0 else "ordinary"


def _nice() -> int:
    try:
        os.setpriority(os.PRIO_PROCESS, 0, _NICE)
    except OSError:
        return os.getpriority(os.PRIO_PROCESS, 0)
    return _NICE


def _ask_for_short_slices(nice: int) -> None:
    number = _SCHED_SETATTR.get(os.uname().machine)
    if number is not None:
        attributes = _ATTRIBUTES.pack(_ATTRIBUTES.size, os.SCHED_OTHER, 0, nice, 0, _SLICE_NS, 0, 0)
        ctypes.CDLL(None).syscall(number, 0, ctypes.c_char_p(attributes), 0)  # refused: nothing is lost
