"""How far estimates are off: measured rows of others that were left out, and this project's own runs.

The data are those of bench/data/measured_sources.csv, in the folder that DATA names; without it those goals are
skipped. Sets that nobody may fit on here are judged elsewhere: "not measured here".
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import coefficients_real
from perf_goals import Goal, Section

from bench.fit.rivals import RIVALS
from bench.fit.validate import Judged, LeaveOut
from bench.run.validating import validate_file
from bench.stats import mean, median

LEAST, MOST = 0.85, 0.95
MANY = 100  # rows of a set whose coverage is judged by itself
SHOWN = ("ecologits", "ecologits_at_batch", "flat_wh_per_1k_tokens", "squared_input")
ELSEWHERE = (
    ("a newer GPU generation and engine, nothing fitted on it", "35 %"),
    ("the same, after calibrating on one model measured there", "20 %"),
    ("a wall meter on a desktop GPU, nothing fitted on it", "25 %"),
    ("the same, one model calibrated there", "12 %"),
)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A set, what is left out of it, and the median that is asked for."""

    name: str
    file: str
    leave_out: LeaveOut
    asked: float
    gpu: str = ""
    texts_only: bool = False  # without rows that write nothing (classifiers)


CASES = (
    Case(name="ML.ENERGY v2, H100", file="ml_energy_v2.csv", leave_out="model", asked=0.12, gpu="H100"),
    Case(name="ML.ENERGY v2, A100", file="ml_energy_v2.csv", leave_out="model", asked=0.18, gpu="A100"),
    Case(name="Argonne", file="argonne_power.csv", leave_out="source", asked=0.20),
    Case(name="llama.cpp, three machines", file="lopez_llamacpp.csv", leave_out="task", asked=0.03),
    Case(
        name="MLPerf at the wall, LLMs", file="mlperf_power.csv", leave_out="source", asked=0.40, texts_only=True
    ),
)


def section() -> Section:
    """Every set that DATA holds, this project's runs, and what is judged elsewhere."""
    rows: list[tuple[str, ...]] = []
    goals: list[Goal] = []
    small: list[Judged] = []
    folder = os.environ.get("DATA", "")
    for case in CASES:
        path = Path(folder) / case.file
        if not folder or not path.is_file():
            why = f"no {case.file}: make perf TABLE=estimators DATA=…"
            goals.append(Goal(name=case.name, asked=f"{case.asked:.0%} median", found=why, met=None))
            continue
        done = _of(case, validate_file(path, case.leave_out).judged)
        rows.append(_row(case, done))
        off = median([_off(one) for one in done])
        goals.append(
            Goal(
                name=f"{case.name}, leave the {case.leave_out} out",
                asked=f"{case.asked:.0%} median",
                found=f"{off:.1%} of {len(done)} rows",
                met=off <= case.asked,
            )
        )
        if len(done) < MANY:
            small += done
        else:
            goals += _covered(case.name, done)
    if small:
        goals += _covered("smaller sets, pooled", small)
    own = coefficients_real.section()
    rows += [(f"own runs: {cell}", "cell", "", off, "", "") for _, cell, _, off in own.rows]
    goals += [Goal(name=name, asked=asked, found="not measured here", met=None) for name, asked in ELSEWHERE]
    return Section(
        title="Held-out error: |estimate ÷ measured − 1|",
        head=("data", "left out", "n", "median, MAPE, bias", "in 90 %: rows, models", "medians of rivals"),
        rows=tuple(rows),
        goals=(*goals, *own.goals),
    )


def _of(case: Case, judged: Sequence[Judged]) -> list[Judged]:
    return [
        one
        for one in judged
        if one.priced is not None
        and case.gpu in one.row.asked.gpu
        and (not case.texts_only or (one.row.asked.output_tokens or 0) > 0)
    ]


def _ratio(one: Judged) -> float:
    assert one.priced is not None
    return one.priced.energy_j.value / one.row.energy_j - 1


def _off(one: Judged) -> float:
    return abs(_ratio(one))


def _inside(one: Judged) -> bool:
    assert one.priced is not None
    return one.priced.energy_j.low <= one.row.energy_j <= one.priced.energy_j.high


def _coverage(done: Sequence[Judged]) -> tuple[float, float]:
    """Of rows, and of models, each counted once."""
    models: dict[str, list[float]] = {}
    for one in done:
        models.setdefault(one.row.asked.model, []).append(float(_inside(one)))
    return mean([float(_inside(one)) for one in done]), mean([mean(hits) for hits in models.values()])


def _covered(name: str, done: Sequence[Judged]) -> list[Goal]:
    rows, models = _coverage(done)
    return [
        Goal(
            name=f"90 % intervals, {name}",
            asked=f"{LEAST:.0%} to {MOST:.0%} of rows",
            found=f"{rows:.1%} of {len(done)} rows; models counted once {models:.1%}",
            met=LEAST <= rows <= MOST,
        )
    ]


def _row(case: Case, done: Sequence[Judged]) -> tuple[str, ...]:
    ratios = [_ratio(one) for one in done]
    errors = [abs(ratio) for ratio in ratios]
    rows, models = _coverage(done)
    known = [(one.row.job, one.row.energy_j) for one in done if one.row.job]
    rivals = (
        f"{name} {median([abs(RIVALS[name](job) / energy_j - 1) for job, energy_j in known]):.3g}"
        for name in SHOWN
    )
    return (
        case.name,
        case.leave_out,
        str(len(done)),
        f"{median(errors):.1%}, {mean(errors):.1%}, {median(ratios):+.1%}",
        f"{rows:.0%}, {models:.0%}",
        ", ".join(rivals),
    )
