"""The intent model, scored and timed anew: macro F1 on the held-out half, time beside it, with intervals."""

import importlib.util
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from perf_goals import Goal, Section

TIME_ROUNDS = 30
LEAST_F1 = 0.90
LIBRARIES = ("onnx", "onnxruntime")


def section() -> Section:
    """Every variant; skipped where its libraries are absent."""
    absent = [name for name in LIBRARIES if importlib.util.find_spec(name) is None]
    if absent:
        why = f"skipped: {' and '.join(absent)} absent: pip install 'joulemark[intent]'"
        return Section(title="The intent model", goals=(Goal(name="macro F1", asked="0.90", found=why, met=None),))
    from workloads.intent.figures import measured

    with tempfile.TemporaryDirectory() as folder:
        return found(measured("heldout", Path(folder), TIME_ROUNDS))


def found(told: Mapping[str, Any]) -> Section:
    """What was scored and timed."""
    variants: Mapping[str, Any] = told["variants"]
    rows = [
        (name, interval(one["macro_f1"]), f"{one['size_mb']:.2f}", f"{one['ms_a_sentence']:.3f}",
         interval(one["time_ratio"]))
        for name, one in variants.items()
    ]  # fmt: skip
    return Section(
        title=f"The intent model on {told['sentences']} held-out sentences, one thread, one at a time, "
        f"{TIME_ROUNDS} interleaved rounds",
        head=("variant", "macro F1 (95 %)", "MB", "ms a sentence", "time over fp32 (95 %)"),
        rows=tuple(rows),
        goals=(_full(variants["fp32"]["macro_f1"]), _beside(variants)),
    )


def _full(bounds: list[float]) -> Goal:
    value, low, high = bounds
    return Goal(
        name="intent model, fp32: macro F1 on the held-out half",
        asked=f"at least {LEAST_F1:.2f}, and not 1.00",
        found=f"{value:.3f} ({low:.3f} to {high:.3f})",
        met=value >= LEAST_F1 and high < 1.0,
    )


def _beside(variants: Mapping[str, Any]) -> Goal:
    others = {name: one for name, one in variants.items() if name != "fp32"}
    bounds = [one[key] for one in others.values() for key in ("macro_f1", "time_ratio")]
    said = "; ".join(
        f"{name} F1 {one['macro_f1'][0]:.3f}, time × {interval(one['time_ratio'], 2)}"
        for name, one in others.items()
    )
    return Goal(
        name="int8 and pruned variants beside fp32: a time ratio with its interval, F1 beside it",
        asked="an interval on each",
        found=said,
        met=bool(others) and all(low < value < high for value, low, high in bounds),
    )


def interval(bounds: list[float], digits: int = 3) -> str:
    """A value and its bounds."""
    return f"{bounds[0]:.{digits}f} ({bounds[1]:.{digits}f} to {bounds[2]:.{digits}f})"
