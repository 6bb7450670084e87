"""Suites name cells that exist and that tell a model's terms apart; cells are read as they are written."""

from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import BadDeclaration, BadInput, UnknownName
from bench.files.cells import parse_cell
from bench.files.models import model_names, read_model
from bench.files.suites import read_suite, suite_names
from bench.files.workloads import read_workload, workload_family, workload_names
from bench.nouns import Cell, Usage

UNITS = {
    "speech": ("requests", "audio_windows", "output_tokens"),
    "causal-lm": ("requests", "prompt_tokens", "output_tokens"),
    "translation": ("requests", "source_tokens", "target_tokens"),
}
NAME = st.from_regex(r"[a-z0-9][a-z0-9_.+-]{0,12}", fullmatch=True)
MODEL = st.from_regex(r"[a-z0-9][a-z0-9_.:/+-]{0,20}", fullmatch=True)


@cache
def asked_of(workload: str) -> Usage:
    """What a request of exact size asks for: the same for every model of the family."""
    models = {"speech": "whisper-tiny", "causal-lm": "phi-4-mini", "translation": "nllb-600m"}
    return read_workload(workload, read_model(models[workload_family(workload)]), 0).requests[0].asked


def test_the_three_suites_are_declared() -> None:
    """quick, standard and full; only quick does without a GPU."""
    needs = {name: read_suite(name).needs for name in suite_names()}

    assert needs.items() >= {"full": "gpu", "quick": None, "standard": "gpu"}.items()


@pytest.mark.parametrize("name", suite_names())
def test_every_cell_of_a_suite_names_what_exists(name: str) -> None:
    """Model, workload, precision and engine are declared, and the model does that work."""
    for cell in read_suite(name).cells:
        assert cell.model in model_names()
        assert cell.workload in workload_names()
        model = read_model(cell.model)
        assert cell.precision in model.precisions, str(cell)
        assert cell.engine in (*model.engines, "echo"), str(cell)  # echo pretends to run anything
        assert workload_family(cell.workload) == model.family, str(cell)


def test_batches_sweeps_one_workload_a_precision() -> None:
    """No terms are asked of it: each model and precision at two batches or more, 1 among them, work unchanged."""
    suite = read_suite("batches")
    swept: dict[tuple[str, str, str], set[int]] = defaultdict(set)
    for cell in suite.cells:
        swept[cell.engine, cell.model, cell.precision].add(cell.batch)

    assert len({(c.engine, c.model, c.precision, c.workload) for c in suite.cells}) == len(swept)
    assert all(1 in batches and len(batches) >= 2 for batches in swept.values())
    assert len({engine for engine, _, _ in swept}) == 3
    assert suite.timing.windows >= 4, "a level has one workload: its interval rests on its own repeats"


@pytest.mark.parametrize("name", [name for name in suite_names() if name != "batches"])
def test_a_suites_cells_tell_a_models_terms_apart(name: str) -> None:
    """For every model and batch: as many independent cells as terms, and none a near-combination of the others.

    A window's energy is known to a fraction of itself, so rows are weighed by their size; then, with columns of
    unit length, the condition number stays under 25 (Belsley, Kuh & Welsch 1980, § 3.2: harmful from 30 on).
    """
    groups: dict[tuple[str, str, int], list[tuple[float, ...]]] = defaultdict(list)
    for cell in read_suite(name).cells:
        model = read_model(cell.model)
        if model.family not in UNITS or cell.workload.startswith(("article", "sentences")):
            continue
        asked = asked_of(cell.workload)
        row = tuple(float(getattr(asked, unit)) for unit in UNITS[model.family])
        groups[cell.model, cell.precision, cell.batch].append(row)

    assert groups
    for key, rows in groups.items():
        design = np.array(rows) / np.min(rows, axis=0)
        relative = design / np.linalg.norm(design, axis=1, keepdims=True)
        condition = np.linalg.cond(relative / np.linalg.norm(relative, axis=0))
        assert len(rows) >= design.shape[1], key
        assert condition < 25, (key, condition)


def test_quick_is_quick_and_covers_all_families() -> None:
    """At most twelve cells, whose windows last ten seconds, within six and a half minutes loads aside."""
    suite = read_suite("quick")
    timing = suite.timing
    per_cell_s = timing.windows * timing.window_s + timing.idle_s + timing.warmup_s

    assert len(suite.cells) <= 12
    assert timing.window_s == 10.0
    assert len(suite.cells) * per_cell_s <= 6.5 * 60
    assert {read_model(c.model).family for c in suite.cells} == {"speech", "translation", "causal-lm", "video"}
    assert any("10 s" in note for note in suite.notes)


def test_from_standard_on_a_coefficient_rests_on_a_minute() -> None:
    """Windows of 60 s, and standard's phases fit an hour with ten minutes left for loading."""
    standard, full = read_suite("standard"), read_suite("full")
    timing = standard.timing
    per_cell_s = timing.windows * timing.window_s + timing.idle_s + timing.warmup_s

    assert standard.timing.window_s * standard.timing.windows >= 60
    assert full.timing.window_s * full.timing.windows >= 60
    assert len(standard.cells) * per_cell_s <= 50 * 60
    assert {(c.model, c.batch) for c in standard.cells} >= {("mistral-7b", b) for b in (1, 8, 32)}
    workloads = {c.workload for c in full.cells}
    assert {f"speech-{lang}-60" for lang in ("fr", "en", "es", "ar")} <= workloads
    assert {f"article-{lang}-summary" for lang in ("fr", "en", "es", "ar")} <= workloads


@given(NAME, MODEL, NAME, NAME, st.integers(1, 512), st.integers(1, 512), st.sampled_from((None, "cpu", "cuda")))
def test_a_cell_is_read_as_it_is_written(
    engine: str,
    model: str,
    precision: str,
    workload: str,
    batch: int,
    concurrency: int,
    device: Literal["cpu", "cuda"] | None,
) -> None:
    """Writing and reading cancel, with slashes and colons in a model's name too."""
    cell = Cell(
        engine=engine, model=model, precision=precision, workload=workload, batch=batch, concurrency=concurrency,
        device=device,
    )  # fmt: skip

    assert parse_cell(str(cell)) == cell


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mistral-7b", "two '/'"),
        ("transformers/mistral-7b:bf16", "two '/'"),
        ("transformers/mistral-7b/prompt-32-8", "no precision"),
        ("/mistral-7b:bf16/prompt-32-8", "the engine is ''"),
        ("transformers/:bf16/prompt-32-8", "the model is ''"),
        ("transformers/mistral-7b:/prompt-32-8", "the precision is ''"),
        ("transformers/mistral-7b:bf16/", "the workload is ''"),
        ("transformers/mistral-7b:bf16/prompt-32-8@", "batch, concurrency"),
        ("transformers/mistral-7b:bf16/prompt-32-8@8", "batch, concurrency"),
        ("transformers/mistral-7b:bf16/prompt-32-8@batch=0", "at least 1"),
        ("transformers/mistral-7b:bf16/prompt-32-8@batch=-2", "at least 1"),
        ("transformers/mistral-7b:bf16/prompt-32-8@batch=2.5", "at least 1"),
        ("transformers/mistral-7b:bf16/prompt-32-8@batch=²", "at least 1"),
        ("transformers/mistral-7b:bf16/prompt-32-8@batch=8,batch=9", "twice"),
        ("transformers/mistral-7b:bf16/prompt-32-8@device=gpu", "expected cpu or cuda"),
        ("transformers/mistral-7b:bf16/prompt-32-8@device=", "expected cpu or cuda"),
        ("transformers/mistral-7b:bf16/prompt-32-8@device=cpu,device=cpu", "twice"),
    ],
)
def test_a_misspelt_cell_says_what_is_wrong_and_shows_a_right_one(text: str, said: str) -> None:
    """The message holds the fault and an example."""
    with pytest.raises(BadInput, match=said) as caught:
        parse_cell(text)

    assert "for example transformers/mistral-7b:bf16/prompt-512-128@batch=8" in str(caught.value)


def test_an_unknown_suite_names_the_nearest() -> None:
    """A slip of the finger is answered with the right name."""
    with pytest.raises(UnknownName, match="did you mean 'quick'"):
        read_suite("quik")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("window_s", "windows_s", "window_s"),
        ("windows = 2", 'windows = "2"', "whole number"),
        ("whisper-tiny:fp32/speech-fr-5", "whisper-tiny/speech-fr-5", "no precision"),
        ("whisper-tiny:fp32/speech-fr-30", "whisper-tiny:fp32/speech-fr-5", "twice"),
        ("description", "needs = 'gpus'\ndescription", "did you mean 'gpu'"),
    ],
)
def test_a_wrong_suite_names_file_and_fault(tmp_path: Path, old: str, new: str, said: str) -> None:
    """A key, a type or a cell that is wrong: where it stands and what was expected."""
    from bench.files.config import places

    content = (places().workloads / "suites" / "quick.toml").read_text(encoding="utf-8")
    (tmp_path / "quick.toml").write_text(content.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(BadDeclaration, match=said) as caught:
        read_suite("quick", folder=tmp_path)
    assert caught.value.file.endswith("quick.toml")
    assert caught.value.line
