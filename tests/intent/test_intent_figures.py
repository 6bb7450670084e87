"""The published figures are of the committed weights, and the README shows those and no others."""

import hashlib
import json

import pytest

pytest.importorskip(
    "onnxruntime", reason="onnxruntime is missing: pip install 'joulemark[intent]'", exc_type=ImportError
)
pytest.importorskip("onnx", reason="onnx is missing: pip install 'joulemark[intent]'", exc_type=ImportError)

from workloads.intent import INTENTS, model, prune
from workloads.intent.export import VARIANTS
from workloads.intent.figures import CLOSING, HERE, OPENING, tables

TOLD = json.loads((HERE / "figures.json").read_text(encoding="utf-8"))


def test_the_figures_are_of_the_committed_weights():
    """Other weights need another run of figures.py, which is another look at the held-out half."""
    assert TOLD["weights_sha256"] == model.manifest_sha256()
    assert TOLD["heads_sha256"] == hashlib.sha256(prune.HEADS.read_bytes()).hexdigest()
    assert (TOLD["part"], TOLD["sentences"]) == ("heldout", 480)


def test_the_readme_shows_them():
    """To the last digit, and every variant has a row."""
    text = (HERE / "README.md").read_text(encoding="utf-8")
    shown = text.partition(OPENING)[2].partition(CLOSING)[0]

    assert shown.strip() == tables(TOLD).strip()
    assert all(f"| {name} |" in shown for name in (*VARIANTS, *INTENTS))


def test_right_answers_add_up_over_kinds():
    """The kinds share the sentences out: their right answers are the accuracy's."""
    for one in TOLD["variants"].values():
        right = sum(n for n, _ in one["right_by_kind"].values())
        assert right / TOLD["sentences"] == pytest.approx(one["accuracy"][0], rel=1e-6)
