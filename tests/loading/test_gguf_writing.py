"""GGUF of a declared architecture: its tensors are the declaration's, no more and no fewer."""

from dataclasses import replace

import pytest

from bench.errors import BadInput
from bench.files.models import model_names, read_model, weight_bytes
from bench.loading.gguf import GgufShape, shapes
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


def test_phis_matrices_are_joined_as_llama_cpp_reads_them() -> None:
    """Query, key and value in one, gate and up in one; the embedding is the output matrix too."""
    found = {s.name: (s.rows, s.columns) for s in shapes(read_model("phi-4-mini"))}

    assert found["blk.31.attn_qkv.weight"] == (3072 + 2 * 1024, 3072)
    assert found["blk.0.ffn_up.weight"] == (2 * 8192, 3072)
    assert not {"blk.0.attn_q.weight", "blk.0.ffn_gate.weight", "output.weight"} & set(found)


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


BLOCK_BYTES = {"Q4_K": (256, 144), "Q5_K": (256, 176), "Q6_K": (256, 210), "Q5_0": (32, 22), "Q5_1": (32, 24)}
BLOCK_BYTES |= {"Q8_0": (32, 34), "F32": (1, 4)}
NARROWER = {"Q4_K": "Q5_0", "Q5_K": "Q5_1", "Q6_K": "Q8_0"}  # for rows that 256 does not divide


def _kind(shape: GgufShape, plain: str, layers: int) -> str:
    """llama.cpp's _M mixes (src/llama-quant.cpp), held against its quantiser in test_llama_cpp_engine.py."""
    if shape.is_norm:
        return "F32"
    _, layer, matrix, *_ = f"{shape.name}..".split(".")
    more = shape.name == "output.weight"
    if matrix in ("attn_v", "ffn_down"):
        at = int(layer)
        more = at < layers // 8 or at >= 7 * layers // 8 or (at - layers // 8) % 3 == 2
    kind = "Q6_K" if more else plain
    return kind if shape.columns % 256 == 0 else NARROWER[kind]


@pytest.mark.parametrize(
    ("name", "precision", "off"),
    [("mistral-7b", "q4_k_m", 0.015), ("mistral-7b", "q5_k_m", 0.015), ("mistral-160m", "q4_k_m", 0.08)],
)
def test_a_mix_takes_about_what_is_declared_of_it(name: str, precision: str, off: float) -> None:
    """Published of another model of 8 B; 160m's ffn_down has rows of 2688, which take wider blocks."""
    model = read_model(name)
    found, layers, total = shapes(model), int(str(model.config["num_hidden_layers"])), 0
    for shape in found:
        block, size = BLOCK_BYTES[_kind(shape, {"q4_k_m": "Q4_K", "q5_k_m": "Q5_K"}[precision], layers)]
        total += shape.rows * shape.columns // block * size

    assert total == pytest.approx(weight_bytes(model, precision), rel=off)
    if name == "mistral-160m":
        assert total == 103_757_568  # weight_bytes in the record of a file that llama.cpp 0.5.0 made
