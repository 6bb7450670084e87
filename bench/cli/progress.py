"""Progress of a suite on a terminal: drawn between windows, silent inside them."""

import sys
import time
from collections.abc import Mapping
from typing import IO, Any


class Progress:
    """One line that is rewritten when a phase begins; plain lines where stderr is no terminal."""

    def __init__(self, cells: int, minutes: float, *, to: IO[str] | None = None) -> None:
        self._to = to or sys.stderr
        self._live = self._to.isatty()
        self._cells, self._done = cells, 0
        self._expected_s = minutes * 60
        self._began_s = time.monotonic()
        self._cell = ""

    def listen(self, event: Mapping[str, Any]) -> None:
        """Takes one event of the run; draws only when no window is open."""
        if event["event"] == "phase" and not event["over"]:
            # drawn before the window opens; nothing is drawn until it is over
            self._draw(event["cell"], event["phase"], event["label"])
        elif event["event"] == "sensor":
            self._to.write(f"… the sensor of {event['device']} is found out under known steps of load, once\n")
        elif event["event"] == "sealed":
            self._done += 1

    def result(self, cell: str, status: str, reason: str) -> None:
        """A cell's end, on a line of its own that stays."""
        self._clear()
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

    def _draw(self, cell: str, phase: str, label: str) -> None:
        elapsed_s = time.monotonic() - self._began_s
        share = min(1.0, elapsed_s / self._expected_s) if self._expected_s else 0.0
        filled = round(20 * share)
        text = (
            f"[{'█' * filled}{'·' * (20 - filled)}] {self._done + 1}/{self._cells} "
            f"{elapsed_s / 60:.1f} of ~{self._expected_s / 60:.0f} min  {cell}  {phase} {label}"
        )
        if self._live:
            self._clear()
            self._to.write(text[:160])
        elif cell != self._cell:
            self._to.write(f"… {self._done + 1}/{self._cells} {cell}\n")
        self._cell = cell
        self._to.flush()

    def _clear(self) -> None:
        if self._live:
            self._to.write("\r\x1b[2K")
