"""The committed weights rebuild one model exactly, and pruning does what it says."""

import json

import numpy as np
import pytest

from workloads.intent import INTENTS, model, prune, tokens
from workloads.intent.sentences import read_labelled


@pytest.fixture(scope="module")
def weights():
    return model.load()


def test_the_shapes_are_the_originals(weights):
    """Embedding 50 000 × 100, LSTM of 100, dense to 8: more than five million parameters."""
    shapes = [a.shape for a in (weights.table, weights.input, weights.recurrent, weights.bias, weights.dense)]
    count = sum(
        a.size for a in (weights.table, weights.input, weights.recurrent, weights.dense, weights.dense_bias)
    )

    assert shapes == [(50_000, 100), (400, 100), (400, 100), (400,), (8, 100)]
    assert count + 2 * weights.bias.size == 5_081_608


def test_rows_that_training_never_touched_are_the_seeds(weights):
    """And the touched ones are not; padding is zero."""
    seed = json.loads(model.MANIFEST.read_text())["table_seed"]
    started, touched = model.initial_table(seed), model.touched_rows()
    others = np.setdiff1d(np.arange(tokens.ROWS), touched)

    assert np.array_equal(weights.table[others], started[others])
    assert not np.any(np.all(weights.table[touched] == started[touched], axis=1))
    assert not weights.table[0].any()


def test_edited_weights_are_refused(tmp_path):
    """The manifest's sha256 is checked, and the message says what was found."""
    copy = tmp_path / "weights.npz"
    copy.write_bytes(model.WEIGHTS.read_bytes()[:-1] + b"x")

    with pytest.raises(model.BrokenWeights, match="sha256"):
        model.load(copy)


def test_the_committed_weights_are_small():
    """A clone carries about 3 MB of them, not the 20 MB they stand for."""
    assert model.WEIGHTS.stat().st_size + prune.HEADS.stat().st_size <= 3_200_000


def test_the_model_has_learnt(weights):
    """Plain numpy names most of the dev part; the held-out half is for figures.py."""
    dev = read_labelled("dev")
    scores = model.probabilities(weights, [one.sentence for one in dev])
    right = sum(a.intent == b for a, b in zip(dev, model.intents(scores), strict=True))

    assert scores.sum(axis=1) == pytest.approx(1.0, abs=1e-5)
    assert scores.shape == (len(dev), len(INTENTS))
    assert right >= 0.85 * len(dev)


@pytest.mark.parametrize("ratio", [0.5, 0.8, 0.9])
def test_magnitude_pruning_zeroes_its_share_and_the_smallest(weights, ratio):
    """Of the touched rows, the LSTM and the dense layer each; what stays is untouched and larger."""
    touched = model.touched_rows()
    thin = prune.by_magnitude(weights, ratio, touched)

    for before, after in (
        (weights.table[touched], thin.table[touched]),
        (weights.input, thin.input),
        (weights.recurrent, thin.recurrent),
        (weights.dense, thin.dense),
    ):
        kept = after != 0
        assert 1 - kept.mean() == pytest.approx(ratio, abs=0.01)
        assert np.array_equal(before[kept], after[kept])
        assert np.abs(before[~kept]).max() <= np.abs(after[kept]).min()


def test_taking_no_unit_away_changes_nothing(weights):
    """And taking half away leaves arrays of half the units, whose gates belong together."""
    same, half = prune.to_units(weights, 100), prune.to_units(weights, 50)
    unit = np.flatnonzero((weights.dense == half.dense[:, [7]]).all(axis=0))[0]

    assert all(
        np.array_equal(getattr(same, n), getattr(weights, n)) for n in ("input", "recurrent", "bias", "dense")
    )
    assert half.recurrent.shape == (200, 50)
    for gate in range(4):
        assert np.array_equal(half.input[7 + 50 * gate], weights.input[unit + 100 * gate])


def test_a_table_of_the_touched_rows_reads_the_same(weights):
    """Each row of the full table is found at its place; all others are one row of zeros."""
    touched = model.touched_rows()
    small, remap = prune.to_rows(weights, touched)

    assert np.array_equal(small.table[remap[touched]], weights.table[touched])
    assert len(small.table) == len(touched) + 1
    assert not small.table[remap[0]].any()


@pytest.mark.parametrize("name", list(prune.CUTS))
def test_heads_that_were_trained_again_are_still_cut(weights, name):
    """A weight at zero stayed there, the table is the cut one, and the heads are of these weights."""
    touched = model.touched_rows()
    cut, again = prune.CUTS[name](weights, touched), prune.retrained(name, weights, touched)

    assert np.array_equal(cut.table, again.table)
    for part in ("input", "recurrent", "dense"):
        before, after = getattr(cut, part), getattr(again, part)
        assert before.shape == after.shape
        assert not after[before == 0].any()
        assert not np.array_equal(before, after)


def test_heads_of_other_weights_are_refused(weights, tmp_path):
    """They would be put on a table that they never read."""
    with np.load(prune.HEADS) as kept:
        np.savez(tmp_path / "heads.npz", **{**kept, "of": np.array("0" * 64)})

    with pytest.raises(model.BrokenWeights, match=r"retrain\.py"):
        prune.retrained("units-50", weights, model.touched_rows(), tmp_path / "heads.npz")
