"""A model small enough for a test, of which whole GGUF files of every precision are made."""

import hashlib
from dataclasses import replace
from pathlib import Path

from tiny_models import loading, tiny

from bench.nouns import LoadSpec

LAYERS, HIDDEN, WIDTH, VOCABULARY = 8, 256, 512, 32768
# rows that whole blocks of 256 divide, and Mistral's own tokenizer: so that types are those of large models
REAL = tiny(
    "mistral",
    "causal-lm",
    {"vocab_size": VOCABULARY, "hidden_size": HIDDEN, "intermediate_size": WIDTH, "num_hidden_layers": LAYERS}
    | {"num_attention_heads": 4, "num_key_value_heads": 1, "head_dim": 64, "max_position_embeddings": 512}
    | {"rms_norm_eps": 1e-5, "rope_parameters": {"rope_theta": 1_000_000.0}, "tie_word_embeddings": False},
    tokenizer="mistral-common:v3",
    max_context_tokens=512,
)
MATRICES = {"attn_q": (HIDDEN, HIDDEN), "attn_k": (64, HIDDEN), "attn_v": (64, HIDDEN)}
MATRICES |= {"attn_output": (HIDDEN, HIDDEN), "ffn_gate": (WIDTH, HIDDEN), "ffn_up": (WIDTH, HIDDEN)}
MATRICES |= {"ffn_down": (HIDDEN, WIDTH)}
BLOCKS = {"F32": (1, 4), "F16": (1, 2), "Q8_0": (32, 34), "Q6_K": (256, 210), "Q5_K": (256, 176)}
BLOCKS |= {"Q4_K": (256, 144)}
PLAIN = {"f32": "F32", "f16": "F16", "q8_0": "Q8_0", "q6_k": "Q6_K", "q5_k_m": "Q5_K", "q4_k_m": "Q4_K"}


def of_precision(precision: str, seed: int = 0) -> LoadSpec:
    """It on the CPU."""
    return replace(loading(REAL, precision=precision, seed=seed), device="cpu")


def kind_of(precision: str, matrix: str, layer: int) -> str:
    """llama.cpp's rule for its _M mixes: attn_v and ffn_down in Q6_K in the layers that get more bits."""
    more = layer < LAYERS // 8 or layer >= 7 * LAYERS // 8 or (layer - LAYERS // 8) % 3 == 2
    mixed = precision in ("q4_k_m", "q5_k_m") and matrix in ("attn_v", "ffn_down") and more
    return "Q6_K" if mixed else PLAIN[precision]


def sha256(path: Path) -> str:
    """Of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
