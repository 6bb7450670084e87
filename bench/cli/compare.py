"""compare: candidates on the same work, interleaved; their ratios with intervals."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.options import (
    IdleS,
    Manifest,
    WarmupS,
    WeightsOption,
    WindowS,
    Windows,
    finite,
    timing_of,
    weights_of,
)
from bench.cli.output import give, note, say
from bench.errors import CannotRun
from bench.units import counted

if TYPE_CHECKING:
    from bench.run.compare_rounds import Arranged, RoundsAsk
    from bench.run.compared import Kept

Names = Annotated[
    list[str],
    typer.Argument(help="ENGINE/MODEL:PRECISION[@device=cpu] with --on, whole cells, or folders of sealed runs."),
]
On = Annotated[
    list[str] | None, typer.Option("--on", help="The work of all: WORKLOAD[@batch=8]; may be given again.")
]
Out = Annotated[Path, typer.Option(help="The result folder.")]
Paths = Annotated[
    list[str] | None,
    typer.Option("--weights-path", help="Hub id or folder of pretrained weights: one for all, or one for each."),
]
Rounds = Annotated[int, typer.Option(min=2, help="Rounds, each a whole run of every candidate.")]
PrecisionPercent = Annotated[
    float | None,
    typer.Option(
        "--precision", min=0.1, help="Per cent: stop from 3 rounds on when within it, or go on until it is."
    ),
]
MostRounds = Annotated[int, typer.Option(min=3, help="With --precision: rounds at most.")]
PricePerHour = Annotated[
    float | None,
    typer.Option(
        "--price-per-hour", min=0, max=1_000_000, help="Of this machine; else what its profile declares."
    ),
]
Currency = Annotated[str, typer.Option(help="Of --price-per-hour.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Measure all rounds anew.")]
OneAtATime = Annotated[
    bool,
    typer.Option(
        "--one-at-a-time",
        help="Load candidates one after the other, as where they don't fit in memory together: minutes apart.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


def compare(
    names: Names,
    on: On = None,
    out: Out = Path("results"),
    weights: WeightsOption = "synthetic",
    weights_path: Paths = None,
    workload: Manifest = None,
    rounds: Rounds = 5,
    precision: PrecisionPercent = None,
    most_rounds: MostRounds = 10,
    price_per_hour: PricePerHour = None,
    currency: Currency = "EUR",
    window_s: WindowS = None,
    windows: Windows = None,
    idle_s: IdleS = None,
    warmup_s: WarmupS = None,
    fresh: Fresh = False,
    one_at_a_time: OneAtATime = False,
    json: Json = False,
) -> None:
    """Compare candidates on the same work: paired ratios of energy and time, with intervals.

    Each is held against those named after it. The same call resumes.
    """
    from bench.run.compare_rounds import RoundsAsk

    finite(price_per_hour)
    asked = RoundsAsk(
        candidates=(), out=out, weights=weights_of(weights), weights_paths=tuple(weights_path or ()),
        manifest=workload, timing=timing_of(window_s, windows, None, None, idle_s=idle_s, warmup_s=warmup_s),
        rounds=rounds, precision_ratio=precision / 100 if precision else None, most_rounds=most_rounds,
        fresh=fresh, in_turns=not one_at_a_time,
    )  # fmt: skip
    kept, due = _compared(names, on or (), asked, (price_per_hour, currency))
    _tell(kept, due, out, json=json)
    raise typer.Exit(1 if due else 0)


def _tell(kept: "Kept", due: int, out: Path, *, json: bool) -> None:
    """The comparison, and how many rounds are missing."""
    from bench.report.compare_text import comparison_text

    if json:
        said = {"file": str(kept.path), "page": str(kept.page), "rounds_due": due, "out": str(out)}
        give({**kept.document, **said})
    else:
        say(comparison_text(kept.compared))
        say(f"\npage: {kept.page}\nprove it: joulemark verify {out}")
    if due:
        note(f"{counted(due, 'round')} of those asked for are missing; the same command measures them")


def _compared(
    names: Sequence[str], on: Sequence[str], asked: "RoundsAsk", price: tuple[float | None, str]
) -> "tuple[Kept, int]":
    """The comparison as it was sealed, and how many rounds are missing. `asked`: as yet of no candidates."""
    from bench.run.candidates import parse_candidates
    from bench.run.compared import compare_folders

    candidates, folders = parse_candidates(names, on, asked.weights_paths)
    if folders:
        return compare_folders(folders, asked.out, price), 0
    return _measured(replace(asked, candidates=candidates), price)


def _measured(ask: "RoundsAsk", price: tuple[float | None, str]) -> "tuple[Kept, int]":
    """Measures what is due, with progress; then seals."""
    from bench.cli.progress import Progress
    from bench.files.atomic import held
    from bench.run.compare_rounds import arrange_rounds, left, measure_rounds, record_of
    from bench.run.compared import price_of, seal
    from bench.run.host import look

    host = look()
    arranged = arrange_rounds(ask, host)
    due, seconds = left(ask, arranged), sum(c.seconds for c in arranged.cells)
    note(_intent(arranged, ask, due, seconds))
    progress = Progress(due * len(arranged.cells), due * seconds / 60)
    why = ""
    try:
        for result in measure_rounds(ask, arranged, host, progress.listen):
            progress.result(result.cell, result.status, result.reason)
            why = why or (f"{result.cell}: {result.reason}" if result.status == "failed" else "")
    finally:
        progress.close()
    record, known = record_of(ask, arranged, price_of(*price, host.profile))
    if why and len({t.candidate for t in record.runs}) < len(record.names):
        raise CannotRun(why)
    with held(ask.out):
        return seal(ask.out, record, known), left(ask, arranged)


def _intent(arranged: "Arranged", ask: "RoundsAsk", due: int, seconds: float) -> str:
    """What is about to be measured, and for how long."""
    rounds = f"up to {ask.most_rounds} rounds" if ask.precision_ratio else counted(ask.rounds, "round")
    told = f"{' against '.join(arranged.names)}: {rounds}, {seconds / 60:.1f} min each"
    if not due:
        return f"{told}; all are sealed already"
    least = " at least" if ask.precision_ratio else ""
    how = f"one at a time ({arranged.not_in_turns})" if arranged.not_in_turns else "all loaded at once, in turn"
    return f"{told}; {counted(due, 'round')} due{least}, {how}, comparison {arranged.id}"
