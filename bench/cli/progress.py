"""Progress of a suite: drawn between windows, silent inside them: nothing else may take time there."""

import sys
import time
from collections.abc import Callable, Mapping
from typing import IO, Any

_QUIET_S = 10.0  # a log is silent no longer than this between phases, nor says more
_UNTOLD = "load"  # how long it takes is not foretold, and a large model takes minutes


class Progress:
    """One line that is rewritten when a phase begins; plain lines where stderr is no terminal.

    A log has a line for a cell's start and end, for each phase that is to last ten seconds or more, and for a
    shorter one where ten seconds have passed since the last line.
    """

    def __init__(
        self,
        cells: int,
        minutes: float,
        *,
        to: IO[str] | None = None,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._to = to or sys.stderr
        self._live = self._to.isatty()
        self._cells, self._done = cells, 0
        self._expected_s = minutes * 60
        self._clock_s = clock_s
        self._began_s = self._said_s = clock_s()
        self._cells_told: set[str] = set()  # of the round of cells that is under way

    def listen(self, event: Mapping[str, Any]) -> None:
        """Takes one event of the run; draws only when no window is open."""
        if event["event"] == "phase" and not event["over"]:
            # drawn before the window opens; nothing is drawn until it is over
            draw = self._draw if self._live else self._log
            draw(event["cell"], event["phase"], event["label"], event["expected_s"])
        elif event["event"] == "sensor":
            self._to.write(f"… the sensor of {event['device']} is found out under known steps of load, once\n")
        elif event["event"] == "sealed":
            self._done += 1

    def result(self, cell: str, status: str, reason: str) -> None:
        """A cell's end, on a line of its own that stays."""
        self._clear()
        self._cells_told.discard(cell)
        mark = {
            "done": "✓",
            "already done": "=",
            "void": "✗ void",
            "failed": "✗ failed",
            "skipped": "- skipped",
        }
        why = f"  ({reason})" if reason else ""
        self._to.write(f"{mark[status]} {cell}{why}\n")
        self._to.flush()

    def close(self) -> None:
        """Takes the live line away."""
        self._clear()
        self._to.flush()

    def _draw(self, cell: str, phase: str, label: str, _: float) -> None:
        elapsed_s = self._clock_s() - self._began_s
        share = min(1.0, elapsed_s / self._expected_s) if self._expected_s else 0.0
        filled = round(20 * share)
        text = (
            f"[{'█' * filled}{'·' * (20 - filled)}] {self._done + 1}/{self._cells} "
            f"{elapsed_s / 60:.1f} of ~{self._expected_s / 60:.0f} min  {cell}  {phase} {label}"
        )
        self._clear()
        self._to.write(text[:160])
        self._to.flush()

    def _log(self, cell: str, phase: str, label: str, expected_s: float) -> None:
        now_s = self._clock_s()
        if cell not in self._cells_told:  # several may be under way, their windows in turn
            self._to.write(f"… {self._done + len(self._cells_told) + 1}/{self._cells} {cell}\n")
            self._cells_told.add(cell)
            self._said_s = now_s
        if phase == _UNTOLD or expected_s >= _QUIET_S or now_s - self._said_s >= _QUIET_S:
            least = f", {expected_s:.0f} s at least" if expected_s >= 1 else ""
            minutes = f"{(now_s - self._began_s) / 60:.1f} of ~{self._expected_s / 60:.0f} min"
            self._to.write(f"    {minutes}: {phase} {label}{least}\n")
            self._said_s = now_s
        self._to.flush()

    def _clear(self) -> None:
        if self._live:
            self._to.write("\r\x1b[2K")
