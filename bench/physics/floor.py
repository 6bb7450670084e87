"""The least that a decoding step can take: every active weight crosses the memory bus once.

    bytes of a step  =  weights that one step reads − what the largest cache could keep from the step before
    least energy     =  steps × bytes × the lowest published energy of a byte
    least time       =  steps × bytes ÷ the board's peak bandwidth

A batch shares its steps, so that it takes as many as its longest answer. The engine says how many bytes a step
reads, from the modules that it really loaded (`weight_bytes_per_step`), and NVML how fast the board's memory can
be (`memory_bytes_per_s`); where either is not known, nothing is concluded. Boards only: what a CPU's memory
could do is not known here, and its caches are as large as many a model.
"""

from collections.abc import Sequence
from typing import NamedTuple

from bench.nouns import Outcome, Run, Source, Verdict, WindowEnergy
from bench.physics import rules
from bench.physics.attribution import window_outcomes
from bench.physics.phases import work
from bench.units import S_PER_NS

WEIGHT_BYTES_PER_STEP = "weight_bytes_per_step"  # in Loaded.facts
MEMORY_BYTES_PER_S = "memory_bytes_per_s"  # in Source.details


def underpriced(source: Source, run: Run, energies: Sequence[WindowEnergy]) -> list[Verdict]:
    """Work on the engine's own board that cost less energy, or less time, than its memory allows."""
    own = source.is_board and source.device == run.loaded.device
    step_bytes = _number(run.loaded.facts.get(WEIGHT_BYTES_PER_STEP)) - rules.LARGEST_CACHE_BYTES
    if not own or step_bytes <= 0:
        return []
    return [*_too_few_joules(source, run, energies, step_bytes), *_too_fast(source, run, step_bytes)]


def _too_few_joules(
    source: Source, run: Run, energies: Sequence[WindowEnergy], step_bytes: float
) -> list[Verdict]:
    known = {(e.phase, e.label): e for e in work(energies) if e.domain == source.domain}
    for window in work(run.trace.windows):
        energy = known.get((window.phase, window.label))
        if energy is None or energy.high_j is None or energy.basis != "measured":
            continue
        steps = sum(turn.steps for turn in _turns(window_outcomes(window, run.outcomes)))
        least_j = steps * step_bytes * rules.LEAST_J_PER_BYTE
        if energy.high_j < least_j:
            evidence = (
                f"{energy.energy_j:.4g} J (at most {energy.high_j:.4g} J) in {window.phase} {window.label}, and "
                f"{steps} steps that read {step_bytes / 1e9:.3g} GB each cost {least_j:.4g} J at least"
            )
            return [rules.BELOW_MEMORY_COST.voids(source.domain, evidence)]
    return []


def _too_fast(source: Source, run: Run, step_bytes: float) -> list[Verdict]:
    bytes_per_s = _number(source.details.get(MEMORY_BYTES_PER_S))
    if not bytes_per_s:
        return []
    turns = _turns(run.outcomes)
    steps = sum(turn.steps for turn in turns)
    took_s = sum(turn.end_ns - turn.start_ns for turn in turns) * S_PER_NS
    least_s = steps * step_bytes / bytes_per_s
    if took_s >= least_s:
        return []
    evidence = (
        f"{steps} steps took {took_s:.4g} s; reading {step_bytes / 1e9:.3g} GB for each takes {least_s:.4g} s "
        f"at the {bytes_per_s / 1e12:.3g} TB/s of the board's memory"
    )
    return [rules.FASTER_THAN_MEMORY.voids(None, evidence)]


class _Turn(NamedTuple):
    start_ns: int
    end_ns: int
    steps: int


def _turns(outcomes: Sequence[Outcome]) -> list[_Turn]:
    """Batches one after the other, with the steps that each needs.

    Of batches that overlap, whose steps may have been shared, the first to end stands for all of them.
    """
    batches: dict[int, list[Outcome]] = {}
    for one in outcomes:
        batches.setdefault(one.batch_id, []).append(one)
    found: list[_Turn] = []
    for turn in sorted(map(_turn, batches.values()), key=lambda turn: turn.end_ns):
        if not found or turn.start_ns >= found[-1].end_ns:
            found.append(turn)
    return found


def _turn(batch: Sequence[Outcome]) -> _Turn:
    steps = max((o.achieved.output_tokens or 0) + (o.achieved.target_tokens or 0) for o in batch)
    return _Turn(min(o.start_ns for o in batch), max(o.end_ns for o in batch), steps)


def _number(fact: object) -> float:
    """A fact that is a number; 0 for one that is not there."""
    return float(fact) if isinstance(fact, (int, float)) else 0.0
