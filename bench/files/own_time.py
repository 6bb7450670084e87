"""How long the CPUs worked for some processes: what the machine's busy time holds beyond it is somebody else's."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BadInput

_STAT_BYTES = 1024  # one line: a name of 16 characters and 51 numbers
_CHILDREN_BYTES = 4096  # hundreds of process ids
_UTIME, _CSTIME = 11, 15  # of the words behind the name: user and system time, of itself and of awaited children
_LOOKS = 5  # at processes that are begun and awaited meanwhile


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
    every = tuple(dict.fromkeys((*named, os.getpid()))) if named else ()
    opened: list[int] = []
    for pid in every:
        try:
            opened.append(os.open(proc_root / str(pid) / "stat", os.O_RDONLY | os.O_CLOEXEC))
        except OSError:
            for descriptor in opened:
                os.close(descriptor)
            return None
    return OwnTime(files=opened, pids=every, proc_root=proc_root) if opened else None


@dataclass(slots=True, kw_only=True)
class OwnTime:
    """The open files of the processes."""

    files: list[int]
    pids: tuple[int, ...]
    proc_root: Path

    def read(self) -> float | None:
        """Thread seconds of all of them and of what they started, since each began.

        A child's time comes to its parent's in one piece, when it is awaited: until then it is looked at itself,
        or a batch that a child works on for seconds would be foreign. Children of a process's first thread are
        seen, and theirs; without CONFIG_PROC_CHILDREN none is. None where they came and went during each look,
        and for good as soon as a named one has ended: what it took is told no more.
        Source: proc_pid_stat(5), fields 14 to 17; proc_tid_children(5); checked 2026-11-22.
        """
        for _ in range(_LOOKS if self.files else 0):
            try:
                before = self._named()
                below = _below(self.proc_root, self.pids, frozenset(self.pids))
                named = self._named()
            except (OSError, ValueError):
                self.close()
                return None
            # (one that was awaited meanwhile is in both sums, or in none)
            if below is not None and [known for _, known in before] == [known for _, known in named]:
                return (sum(ticks for ticks, _ in named) + below) / os.sysconf("SC_CLK_TCK")
        return None

    def _named(self) -> list[tuple[int, int]]:
        """Of each named process the ticks of all, and those of its awaited children alone."""
        return [_ticks(os.pread(one, _STAT_BYTES, 0)) for one in self.files]

    def close(self) -> None:
        """Gives the files back; closing twice does nothing."""
        for descriptor in self.files:
            os.close(descriptor)
        self.files = []


def _below(proc_root: Path, pids: Sequence[int], known: frozenset[int]) -> int | None:
    """The ticks of what processes started and what lives, or is not awaited yet; `known` are counted elsewhere.

    None where one ended between two looks.
    """
    total = 0
    for pid in pids:
        for child in _children(proc_root, pid):
            if child in known:
                continue
            try:
                own, _ = _ticks(_whole(proc_root / str(child) / "stat", _STAT_BYTES))
            except (OSError, ValueError):
                return None
            more = _below(proc_root, (child,), known)
            if more is None:
                return None
            total += own + more
    return total


def _children(proc_root: Path, pid: int) -> list[int]:
    """Those of its first thread; none where the kernel does not tell."""
    try:
        line = _whole(proc_root / str(pid) / "task" / str(pid) / "children", _CHILDREN_BYTES)
    except OSError:
        return []
    return [int(word) for word in line.rpartition(b" ")[0].split()]  # each has a blank behind it, or is cut off


def _whole(path: Path, most_bytes: int) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, most_bytes)
    finally:
        os.close(descriptor)


def _ticks(line: bytes) -> tuple[int, int]:
    """Of itself and its awaited children together, and of those alone."""
    words = line.rpartition(b")")[2].split()  # a name may hold blanks and brackets
    if len(words) < _CSTIME:
        raise ValueError("it is no line of /proc/PID/stat")
    ticks = [int(word) for word in words[_UTIME:_CSTIME]]
    return sum(ticks), sum(ticks[2:])
