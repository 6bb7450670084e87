"""GGUF of a declared architecture: its tensors are the declaration's, no more and no fewer."""

from dataclasses import replace

import pytest

from bench.errors import BadInput
from bench.files.models import model_names, read_model
from bench.loading.gguf import shapes
from bench.nouns import ModelSpec

MODELS = [m for m in map(read_model, model_names()) if "llama_cpp" in m.engines]


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.name)
def test_the_tensors_hold_exactly_the_declared_parameters(model: ModelSpec) -> None:
    """One matrix too many would be measured, and its tokens charged for it."""
    found = shapes(model)

    assert sum(s.rows * s.columns for s in found) == model.parameters
    assert len({s.name for s in found}) == len(found)


def test_query_key_and_value_are_grouped_as_declared() -> None:
    """Four query heads to a key-value head in mistral-160m: 12 × 64 rows beside 3 × 64."""
    found = {s.name: (s.rows, s.columns) for s in shapes(read_model("mistral-160m"))}

    assert found["blk.13.attn_q.weight"] == found["blk.13.attn_output.weight"] == (768, 768)
    assert found["blk.0.attn_k.weight"] == found["blk.0.attn_v.weight"] == (192, 768)
    assert found["blk.0.ffn_down.weight"] == (768, 2688)


def test_a_shared_embedding_is_stored_once() -> None:
    """llama.cpp takes the embedding for the output matrix where there is none."""
    model = read_model("mistral-160m")
    tied = replace(model, config={**model.config, "tie_word_embeddings": True})

    assert "output.weight" not in {s.name for s in shapes(tied)}
    assert len(shapes(tied)) == len(shapes(model)) - 1


def test_an_architecture_that_nobody_wrote_down_is_refused() -> None:
    """Better none than one that is nearly right; a file of the user's own still runs."""
    with pytest.raises(BadInput, match=r"'gpt_oss', only of mistral.*--weights-path"):
        shapes(read_model("gpt-oss-20b"))
