"""Every fault at every stage of a request: what is said of it, how long it lasts, what is built on it."""

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from perf_goals import Goal, Section
from sim.injected import (
    ENGINES,
    FAST,
    SHORT,
    TABLE,
    TIMEOUT_S,
    WHOLE,
    Bench,
    Case,
    Struck,
    asked,
    bench_at,
    cases,
    figures,
)
from sim.served import simulated_server

LATE_S = 0.25  # chosen: how much later than its timeout a request may end on a machine of two busy cores
Told = tuple[Case, Struck]


def section() -> Section:
    """The table of the simulated server's faults."""
    with tempfile.TemporaryDirectory() as folder, simulated_server(Path(folder), *FAST) as server:
        told, sound = [], 0
        for engine in ENGINES:
            with bench_at(server, engine) as bench:
                told += list(_struck(bench, cases(engine)))
                sound += figures(bench.session.run(asked(2)))
    return found(told, sound)


def _struck(bench: Bench, these: Iterable[Case]) -> Iterator[Told]:
    for case in these:
        yield case, bench.struck(case)


def found(told: list[Told], sound_figures: int) -> Section:
    """What the strikes add up to. `sound_figures`: those that the same fit makes of sound requests alone."""
    rows = [_row(stage, [one for one in told if one[0].stage == stage]) for stage in TABLE]
    rows.append(_row("all", told))
    return Section(
        title="Faults of a server: each at every stage of a request to which it can come",
        head=("stage", "injected", "named", "longest", "figures", "what is said"),
        rows=tuple(rows),
        goals=tuple(_goals(told, sound_figures)),
    )


def _row(stage: str, told: list[Told]) -> tuple[str, ...]:
    named = sum(struck.said in case.said for case, struck in told)
    said = Counter(struck.said for _, struck in told)
    words = ", ".join(f"{name} {count}" for name, count in said.most_common())
    longest_s = max((struck.took_s for _, struck in told), default=0.0)
    built = sum(struck.figures for _, struck in told if struck.struck.error)
    return stage, str(len(told)), str(named), f"{longest_s:.2f} s", str(built), words


def _goals(told: list[Told], sound_figures: int) -> Iterator[Goal]:
    wrong = [
        f"{case}: {struck.said}" for case, struck in told if struck.said not in case.said or not struck.injected
    ]
    each = ", ".join(f"{n} of {engine}" for engine, n in Counter(case.engine for case, _ in told).items())
    said = f"{len(told) - len(wrong)} of {len(told)} ({each})"
    yield Goal(
        name="faults counted and named as what they are",
        asked="every one",
        found="; ".join([said, *wrong[:5]]),
        met=not wrong,
    )
    late_s = max(struck.took_s for _, struck in told) - TIMEOUT_S
    hung = sum(struck.said == "timeout" for _, struck in told)
    yield Goal(
        name="longest request beyond its timeout",
        asked=f"no hang longer than its timeout, within {LATE_S:g} s",
        found=f"{late_s:+.3f} s of {TIMEOUT_S:g} s; {hung} requests would have hung",
        met=late_s <= LATE_S,
    )
    failed = [(case, struck) for case, struck in told if struck.struck.error]
    built = [case for case, struck in failed if struck.figures or not struck.counts_nothing]
    yield Goal(
        name="figures built on a request that failed",
        asked="0",
        found=f"{len(built)} runs of {len(failed)} with a failed request; of sound ones {sound_figures} figures",
        met=not built and sound_figures > 0,
    )
    less = [struck for _, struck in told if struck.said == SHORT]
    whole = sum(struck.said == WHOLE for _, struck in told)
    kept = all(struck.struck.achieved.output_tokens != struck.struck.requested.output_tokens for struck in less)
    yield Goal(
        name="replies that stop short, and say so",
        asked="what was achieved is counted, beside what was asked",
        found=f"{len(less)} replies, each with both counts; {whole} replies came whole in spite of a fault",
        met=bool(less) and kept,
    )
