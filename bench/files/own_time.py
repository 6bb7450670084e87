"""How long the CPUs worked for some processes: what the machine's busy time holds beyond it is somebody else's."""

import os
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BadInput

_STAT_BYTES = 1024  # one line: a name of 16 characters and 51 numbers
_UTIME, _CSTIME = 11, 15  # of the words behind the name: user and system time, of itself and of awaited children


def process_ids(text: str) -> tuple[int, ...]:
    """Process ids between commas; () for "". Raises BadInput."""
    try:
        return tuple(dict.fromkeys(int(pid) for pid in text.split(",") if pid.strip()))
    except ValueError:
        raise BadInput(f"own_pids: expected process ids between commas, found {text!r}") from None


def own_time(proc_root: Path, pids: str) -> "OwnTime | None":
    """What adds up the CPU time of processes, ids between commas, and of this one, which looks.

    None where there are none, or one of them is gone already. Raises BadInput.
    """
    named = process_ids(pids)
    opened: list[int] = []
    for pid in dict.fromkeys((*named, os.getpid())) if named else ():
        try:
            opened.append(os.open(proc_root / str(pid) / "stat", os.O_RDONLY | os.O_CLOEXEC))
        except OSError:
            for descriptor in opened:
                os.close(descriptor)
            return None
    return OwnTime(files=opened) if opened else None


@dataclass(slots=True, kw_only=True)
class OwnTime:
    """The open files of the processes."""

    files: list[int]

    def read(self) -> float | None:
        """Thread seconds of all of them and of the children that they waited for, since each began.

        None for good as soon as one has ended: what it took is told no more.
        Source: proc_pid_stat(5), fields 14 to 17; checked 2026-11-22.
        """
        per_s = os.sysconf("SC_CLK_TCK")
        try:
            return sum(_ticks(os.pread(one, _STAT_BYTES, 0)) for one in self.files) / per_s if self.files else None
        except (OSError, ValueError):
            self.close()
            return None

    def close(self) -> None:
        """Gives the files back; closing twice does nothing."""
        for descriptor in self.files:
            os.close(descriptor)
        self.files = []


def _ticks(line: bytes) -> int:
    words = line.rpartition(b")")[2].split()  # a name may hold blanks and brackets
    if len(words) < _CSTIME:
        raise ValueError("it is no line of /proc/PID/stat")
    return sum(map(int, words[_UTIME:_CSTIME]))
