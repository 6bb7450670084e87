"""Quantised against full on a CPU: the ratios of sealed comparisons, proven from their runs once more."""

from pathlib import Path

from perf_goals import Goal, Section

from bench.files.comparisons import read_record
from bench.files.layout import comparison_ids, comparison_path, run_folders
from bench.files.store import Sealed
from bench.nouns.compared import Compared, Pair, Ratio
from bench.report.compare_text import unit_text
from bench.run.compare import recompute
from bench.run.evidence import evidence

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "results" / "comparisons" / "cpu-2-threads"
MOST = 0.03


def section() -> Section:
    """A row for every two candidates: time, joules with the model's own part, quality."""
    known = {one.id: one for one in evidence(run_folders(FOLDER)) if isinstance(one, Sealed)}
    rows, wide = [], []
    for id_ in comparison_ids(FOLDER):
        record, _ = read_record(comparison_path(FOLDER, id_))
        made = recompute(record, known)
        for work in made.works:
            for pair in work.pairs:
                ratios = {r.measure: r for r in pair.ratios}
                half = _half(ratios["time"])
                rows.append(_row(made, f"{work.work}, {unit_text(work)}", pair, ratios))
                wide.append((half, f"{made.names[pair.one]} ÷ {made.names[pair.other]}"))
    widest = max(wide, default=None)
    return Section(
        title="Sealed comparisons on a CPU of two threads (no sensor: energy is modelled)",
        head=("on", "ratio", "time a unit (95 %)", "modelled joules a unit (span)", "rounds", "quality"),
        rows=tuple(rows),
        goals=(
            Goal(
                name="quantised against full on a CPU: ratio of time",
                asked=f"under ±{MOST:.0%}",
                found=f"±{widest[0]:.1%} at most ({widest[1]}), of {len(wide)} ratios"
                if widest
                else "none sealed",
                met=widest[0] < MOST if widest else None,
            ),
        ),
    )


def _row(made: Compared, on: str, pair: Pair, ratios: dict[str, Ratio]) -> tuple[str, ...]:
    quality = "; ".join(f"{d.score} {d.value:+.3f} ({d.low:+.3f} to {d.high:+.3f})" for d in pair.differences)
    joules = ratios.get("energy")
    span = f"{joules.value:.3f} ({joules.low:.3f} to {joules.high:.3f})" if joules and joules.low else "–"
    time = ratios["time"]
    return (
        on,
        f"{made.names[pair.one]} ÷ {made.names[pair.other]}",
        f"{time.value:.3f} ± {_half(time) * time.value:.3f}",
        span,
        f"{time.rounds}",
        quality or pair.no_quality,
    )


def _half(ratio: Ratio) -> float:
    """Half of the interval, as a share of the ratio; infinite where one round has none."""
    if ratio.low is None or ratio.high is None:
        return float("inf")
    return (ratio.high - ratio.low) / 2 / ratio.value
