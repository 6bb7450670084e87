"""What a simulated server really did, and the joules of any window, phase or request of it.

A truth log is JSON lines, each with its `line`: `server` (the first), `level`, `step`, `request`, `fault`, and
`summary` (the last, when the server ended in order). Times are ns of CLOCK_MONOTONIC: the moments at which the
simulated board's power changed. A step is written when it is announced, so the log may be a step ahead.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sim.scheduler import Emitted, Physics, Step


def step_line(step: Step) -> dict[str, Any]:
    """A step as a line of the log."""
    return {
        "line": "step", "kind": step.kind, "start_ns": step.start_ns, "end_ns": step.end_ns,
        "level_w": step.level_w, "above_w": step.above_w, "prefill": step.prefill, "opened": step.opened,
        "cached": step.cached, "decode": step.decode,
        "emitted": [(e.id, e.produced, e.last) for e in step.emitted],
    }  # fmt: skip


def _step(line: Mapping[str, Any]) -> Step:
    numbers = {name: {int(k): v for k, v in line[name].items()} for name in ("prefill", "cached", "decode")}
    return Step(
        kind=line["kind"], start_ns=line["start_ns"], end_ns=line["end_ns"], level_w=line["level_w"],
        above_w=line["above_w"], opened=tuple(line["opened"]), emitted=tuple(Emitted(*e) for e in line["emitted"]),
        **numbers,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """From then on the board drew this much without any step: with the weights, or without them."""

    at_ns: int
    level_w: float


@dataclass(frozen=True, kw_only=True)
class Truth:
    """Steps in their order, and what else was written down."""

    physics: Physics
    steps: tuple[Step, ...]
    levels: tuple[Level, ...] = ()
    requests: tuple[Mapping[str, Any], ...] = ()
    faults: tuple[Mapping[str, Any], ...] = ()

    def above_j(self, start_ns: int, end_ns: int, kind: str | None = None) -> float:
        """Joules above the level between two moments, of all steps or of one kind."""
        total = 0.0
        for step in self.steps:
            overlap_ns = min(end_ns, step.end_ns) - max(start_ns, step.start_ns)
            if overlap_ns > 0 and kind in (None, step.kind):
                total += overlap_ns * 1e-9 * step.above_w
        return total

    def energy_j(self, start_ns: int, end_ns: int) -> float:
        """All joules of the board between two moments, its level included; from the first level on."""
        total = self.above_j(start_ns, end_ns)
        ends = [level.at_ns for level in self.levels[1:]] + [end_ns]
        for level, until_ns in zip(self.levels, ends, strict=True):
            total += max(0, min(end_ns, until_ns) - max(start_ns, level.at_ns)) * 1e-9 * level.level_w
        return total

    @cached_property
    def requests_j(self) -> Mapping[int, float]:
        """Joules above the level by request: its own tokens and contexts, and an equal share of what steps share.

        They sum up to the energy of all steps but loads, which nobody's request is charged with.
        """
        found: dict[int, float] = {}
        for step in self.steps:
            parts = self._parts_j(step)
            scale = step.above_j / sum(parts.values()) if parts else 0.0  # durations are whole ns
            for id, joules in parts.items():
                found[id] = found.get(id, 0.0) + joules * scale
        return found

    def _parts_j(self, step: Step) -> dict[int, float]:
        of, parts = self.physics, {}
        for id, tokens in step.prefill.items():
            own_s = tokens * of.prefill_token_s + (of.request_s if id in step.opened else 0.0)
            parts[id] = own_s * of.prefill_w
        for id, context in step.decode.items():
            share_s = of.decode_step_s / len(step.decode)
            parts[id] = (share_s + of.decode_sequence_s + context * of.decode_context_token_s) * of.decode_w
        return parts

    @cached_property
    def tokens(self) -> Mapping[int, tuple[int, int, int]]:
        """By request: prompt tokens that were computed, those that were cached, output tokens that were made."""
        found: dict[int, list[int]] = {}
        for step in self.steps:
            for id, tokens in step.prefill.items():
                found.setdefault(id, [0, 0, 0])[0] += tokens
            for id, tokens in step.cached.items():
                found.setdefault(id, [0, 0, 0])[1] += tokens
            for one in step.emitted:
                found.setdefault(one.id, [0, 0, 0])[2] += 1
        return {id: (a, b, c) for id, (a, b, c) in found.items()}

    def summary(self) -> dict[str, Any]:
        """Energy above the level by kind of step, and counts."""
        kinds = sorted({step.kind for step in self.steps})
        of = {kind: [step for step in self.steps if step.kind == kind] for kind in kinds}
        tokens = self.tokens.values()
        return {
            "above_j": {kind: sum(s.above_j for s in steps) for kind, steps in of.items()},
            "duration_s": {kind: sum(s.end_ns - s.start_ns for s in steps) * 1e-9 for kind, steps in of.items()},
            "steps": {kind: len(steps) for kind, steps in of.items()},
            "requests": len(self.requests), "faults": len(self.faults),
            "prefill_tokens": sum(t[0] for t in tokens), "cached_tokens": sum(t[1] for t in tokens),
            "output_tokens": sum(t[2] for t in tokens),
        }  # fmt: skip


def server_line(physics: Physics, **facts: Any) -> dict[str, Any]:
    """The first line: what is declared."""
    return {"line": "server", "simulated": True, "physics": asdict(physics), **facts}


def of_lines(lines: Iterable[str]) -> Truth:
    """What a truth log says."""
    found: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        said = json.loads(line)
        found.setdefault(said["line"], []).append(said)
    return Truth(
        physics=Physics(**found["server"][0]["physics"]),
        steps=tuple(_step(line) for line in found.get("step", ())),
        levels=tuple(Level(at_ns=one["at_ns"], level_w=one["level_w"]) for one in found.get("level", ())),
        requests=tuple(found.get("request", ())),
        faults=tuple(found.get("fault", ())),
    )


def read_truth(path: Path) -> Truth:
    """What a server's truth log says so far, without a line that is still being written."""
    whole, _, _ = path.read_text().rpartition("\n")
    return of_lines(whole.splitlines())
