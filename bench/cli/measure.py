"""plan, run and bench: what is going to be measured, and measuring it."""

from collections.abc import Sequence
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
from bench.cli.plan_text import plan_text, price_eur

if TYPE_CHECKING:
    from bench.run.arrange import Ask
    from bench.run.line import Ended
    from bench.run.plan import Plan
    from bench.run.supervise import CellResult

Names = Annotated[
    list[str], typer.Argument(help="A suite, or cells ENGINE/MODEL:PRECISION/WORKLOAD[@batch=8,device=cpu].")
]
Out = Annotated[Path, typer.Option(help="The result folder.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
PathOption = Annotated[str | None, typer.Option(help="Hub id or local folder of pretrained weights.")]
MostWindows = Annotated[
    int | None, typer.Option(min=1, help="Work windows a cell at most: it ends when it is known well enough.")
]
PrecisionPercent = Annotated[
    float | None, typer.Option("--precision", min=0.1, help="Per cent to which a cell's repeats are to agree (2).")
]
Price = Annotated[float | None, typer.Option("--price-per-hour", min=0, help="EUR an hour of this machine.")]
Witnesses = Annotated[list[str] | None, typer.Option("--witness", help="A peer beside it: codecarbon, zeus.")]
EngineOption = Annotated[str | None, typer.Option("--engine", help="endpoint: openai_http, ollama or http.")]
UrlOption = Annotated[str | None, typer.Option("--endpoint", help="endpoint: the server's address.")]
ModelOption = Annotated[str | None, typer.Option("--model", help="endpoint: the model as the server names it.")]
SetOption = Annotated[list[str] | None, typer.Option("--set", help="endpoint: the engine's own NAME=VALUE.")]
DeviceOption = Annotated[
    str | None, typer.Option("--device", help="endpoint: where its energy is read: GPU-…, cpu, elsewhere.")
]
Workloads = Annotated[
    list[str] | None, typer.Option("--workloads", help="endpoint: declared workloads; by default four of prompts.")
]
Concurrency = Annotated[list[int] | None, typer.Option(min=1, help="endpoint: requests under way at once.")]
Rates = Annotated[
    list[float] | None,
    typer.Option("--rate", min=0.001, max=10_000, help="endpoint: requests a second, open loop."),
]
Loads = Annotated[list[str] | None, typer.Option("--load", help="endpoint: a named scenario.")]
Sweep = Annotated[
    bool, typer.Option("--sweep", help="endpoint: from no load to saturation, which is looked for first.")
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Measure again what is finished already.")]


_CANNOT = 3  # the exit code of a machine that can run nothing of what was asked


def plan(
    names: Names,
    out: Out = Path("results"),
    weights: WeightsOption = "synthetic",
    weights_path: PathOption = None,
    workload: Manifest = None,
    window_s: WindowS = None,
    windows: Windows = None,
    most_windows: MostWindows = None,
    precision: PrecisionPercent = None,
    idle_s: IdleS = None,
    warmup_s: WarmupS = None,
    price_per_hour: Price = None,
    json: Json = False,
) -> None:
    """Show cells, minutes, kWh and price; run nothing."""
    from bench.run.arrange import Ask, arrange
    from bench.run.doctor import hub
    from bench.run.host import look

    ask = Ask(
        names=tuple(names), out=out, weights=weights_of(weights), weights_path=weights_path, manifest=workload,
        timing=timing_of(window_s, windows, most_windows, precision, idle_s=idle_s, warmup_s=warmup_s),
    )  # fmt: skip
    finite(price_per_hour)
    made = arrange(ask, look())
    offer = made.weights == "synthetic" and hub().status == "ok"
    if json:
        give({**_plan_document(made, price_per_hour), "pretrained_offered": offer})
    else:
        say(plan_text(made, price_per_hour))
        if offer:
            say("the model hub answers: --weights pretrained measures real weights (they are downloaded first)")
    raise typer.Exit(_CANNOT if all(c.skipped for c in made.cells) else 0)


def run(
    names: Names,
    out: Out = Path("results"),
    weights: WeightsOption = "synthetic",
    weights_path: PathOption = None,
    workload: Manifest = None,
    window_s: WindowS = None,
    windows: Windows = None,
    most_windows: MostWindows = None,
    precision: PrecisionPercent = None,
    idle_s: IdleS = None,
    warmup_s: WarmupS = None,
    fresh: Fresh = False,
    witness: Witnesses = None,
    engine: EngineOption = None,
    endpoint: UrlOption = None,
    model: ModelOption = None,
    set_: SetOption = None,
    device: DeviceOption = None,
    workloads: Workloads = None,
    concurrency: Concurrency = None,
    rate: Rates = None,
    load: Loads = None,
    sweep: Sweep = False,
    json: Json = False,
) -> None:
    """Measure a suite, cells, or a running server (`run endpoint --engine … --endpoint URL --model NAME`).

    The same call resumes.
    """
    from bench.cli.served import measure_endpoint, server_options
    from bench.files.codec import plain
    from bench.run.arrange import Ask

    timing = timing_of(window_s, windows, most_windows, precision, idle_s=idle_s, warmup_s=warmup_s)
    asked = server_options(
        names, engine, endpoint, model, settings=set_ or (), device=device, manifest=workload,
        workloads=workloads or (), concurrency=concurrency or (), rates=rate or (), loads=load or (), sweep=sweep,
        out=out, timing=timing, fresh=fresh,
    )  # fmt: skip

    ask = Ask(
        names=tuple(names), out=out, weights=weights_of(weights), weights_path=weights_path, manifest=workload,
        timing=timing, fresh=fresh, witnesses=tuple(witness or ()),
    )  # fmt: skip
    results = measure_endpoint(asked, ask) if asked else _measure(ask)[0]
    if json:
        give({"cells": [plain(r) for r in results], "out": str(out)})
    code = _code([r.status for r in results])
    if not json and code == 0:
        note(f"fit and report: joulemark fit {out} && joulemark report {out}")
    raise typer.Exit(code)


def bench(
    suite: Annotated[str, typer.Argument(help="quick, standard, full; by default what this machine holds.")] = "",
    out: Out = Path("results"),
    weights: WeightsOption = "synthetic",
    weights_path: PathOption = None,
    price_per_hour: Price = None,
    json: Json = False,
) -> None:
    """Plan, run, fit and report in one go (make bench)."""
    from bench.errors import CannotRun
    from bench.run.arrange import Ask
    from bench.run.line import choose_suite, families_left, finish

    finite(price_per_hour)
    name = suite or choose_suite()
    note(f"suite {name}, {weights} weights, results under {out}")
    ask = Ask(names=(name,), out=out, weights=weights_of(weights), weights_path=weights_path)
    results, planned = _measure(ask, price_per_hour)
    if _code([r.status for r in results]) == _CANNOT:
        raise CannotRun(f"nothing of {name} can run on this machine: {results[0].reason}")
    ended = finish(out)
    bare = families_left(planned, results)
    if json:
        files = list(map(str, ended.files))
        give({"report": str(ended.report), "files": files, "families_without_a_cell": bare})
    else:
        _say_ended(ended, name, out)
    for why in ended.broken:
        note(f"left out: {why}")
    if bare:
        note(f"no cell left for: {', '.join(bare)}")
    raise typer.Exit(1 if bare else 0)


def _say_ended(ended: "Ended", name: str, out: Path) -> None:
    """The table and where everything lies."""
    say(ended.table)
    say(f"\nreport: {ended.report}")
    for path in ended.files:
        say(f"coefficients: {path}")
    if name == "demo":
        say("a DEMO: pretend engine, pretend meter; no number above is about this machine")
    say(f"prove it: joulemark verify {out}")


def _measure(ask: "Ask", price_per_hour: float | None = None) -> "tuple[list[CellResult], Plan]":
    """The results, and the plan, which is shown before it runs with progress."""
    from bench.cli.progress import Progress
    from bench.run.arrange import arrange
    from bench.run.host import look
    from bench.run.line import measure_plan

    host = look()
    planned = arrange(ask, host)
    note(plan_text(planned, price_per_hour))
    progress = Progress(len(planned.due), planned.minutes)
    results: list[CellResult] = []
    try:
        for result in measure_plan(ask, planned, host, progress.listen):
            results.append(result)
            progress.result(result.cell, result.status, result.reason)
    finally:
        progress.close()
    return results, planned


def _code(statuses: Sequence[str]) -> int:
    if statuses and all(s in ("skipped", "failed") for s in statuses):
        return _CANNOT if all(s == "skipped" for s in statuses) else 1
    return 1 if any(s in ("void", "failed") for s in statuses) else 0


def _plan_document(made: "Plan", price_per_hour: float | None) -> dict[str, object]:
    return {
        "cells": [
            {"cell": str(c.cell), "minutes": c.seconds / 60, "kwh": c.kwh, "skipped": c.skipped,
             "done": str(c.done) if c.done else None}
            for c in made.cells
        ],
        "minutes": made.minutes,
        "further_minutes": made.further_minutes,
        "kwh": made.kwh,
        "eur": price_eur(made, price_per_hour),
        "weights": made.weights,
        "hardware": made.hardware,
    }  # fmt: skip
