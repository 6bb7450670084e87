"""The line from a plan to its end: which families were not measured."""

from dataclasses import replace

import pytest
from fakes import spec

from bench.files.models import read_model
from bench.nouns import Cell
from bench.run.line import families_left
from bench.run.plan import Plan, PlannedCell
from bench.run.supervise import CellResult

ENGINES = {"mistral-160m": "transformers", "whisper-tiny": "whisper", "sound-track": "ffmpeg"}


def planned(model, workload):
    cell = Cell(engine=ENGINES[model], model=model, precision="fp32", workload=workload)
    return PlannedCell(cell=cell, spec=replace(spec(), cell=cell), model=read_model(model), seconds=1.0, kwh=None)


CELLS = (
    planned("mistral-160m", "prompt-32-8"), planned("mistral-160m", "prompt-256-8"),
    planned("whisper-tiny", "speech-fr-5"), planned("sound-track", "video"),
)  # fmt: skip
PLAN = Plan(name="p", weights="synthetic", hardware="m", cells=CELLS)


def results(*statuses):
    return [CellResult(cell=str(c.cell), status=s) for c, s in zip(CELLS, statuses, strict=True)]


@pytest.mark.parametrize(
    ("statuses", "left"),
    [
        (("done", "done", "done", "done"), []),
        (("void", "already done", "done", "failed"), []),  # one cell of a family is enough
        (("void", "failed", "done", "done"), ["causal-lm"]),
        (("skipped", "skipped", "skipped", "skipped"), ["causal-lm", "speech"]),
        (("done", "done", "void", "skipped"), ["speech"]),
    ],
)
def test_a_family_without_a_measured_cell_is_left_and_video_is_none(statuses, left):
    """Sound out of a video is work of the CPU beside the models: a machine without ffmpeg lacks no family."""
    assert families_left(PLAN, results(*statuses)) == left


def test_video_is_the_family_that_is_left_out():
    """The case above would be about nothing otherwise."""
    assert {c.model.family for c in CELLS} == {"causal-lm", "speech", "video"}
