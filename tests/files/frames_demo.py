"""A sealed run of known energy, for the tests of frames."""

from dataclasses import replace

from fakes import GPU, HOST, outcome, run_of, ticking, window

from bench.files.atomic import write_whole
from bench.files.codec import plain
from bench.files.json_text import json_bytes
from bench.files.store import write_run
from bench.nouns.compared import ComparisonRecord
from bench.run.publish import published


def made(run_id="r1", **more):
    """2 s of 100 W on a GPU between idle, one request of 8 tokens; nothing on the host."""
    return run_of(
        ticking(lambda t: 100.0, 0, 5),
        [window("idle", "bare-1", 0.5, 1.0), window("work", "1", 1.5, 3.5)],
        [outcome(1.5, 3.5, output_tokens=8)],
        sources=(GPU, replace(HOST, basis="excluded", reason="no /proc here")),
        run_id=run_id,
        **more,
    )


def sealed(out, *verdicts, run_id="r1"):
    run = made(run_id)
    figures = published(run)
    return write_run(out, run, replace(figures, verdicts=verdicts), "0")


def by_domain(frame, phase="work"):
    return {row.domain: row for row in frame[frame.phase == phase].itertuples()}


def comparison_file(out, name, what):
    """A comparison's file: its record, and `what` over it."""
    record = ComparisonRecord(id="c1", names=("bf16", "int4"), runs=(), interleaved=True, measured_for_it=False)
    write_whole(out / "comparisons" / f"{name}.json", json_bytes(plain(record) | what))
