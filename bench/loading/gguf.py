"""A declared architecture as a GGUF file with seeded weights and a real tokenizer, in F32 or F16.

Keys and names of tensors: gguf-py/gguf/constants.py; what a converter writes: conversion/llama.py for Mistral,
conversion/phi.py and src/models/phi3.cpp for Phi (query, key and value in one matrix, gate and up in another), and
conversion/base.py; all in llama.cpp as of llama-cpp-python 0.3.36, checked 2026-11-21.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.errors import BadInput, NoEngine
from bench.files.gguf import ARCHITECTURES, FILE_TYPES
from bench.files.tokens import open_tokenizer
from bench.loading.seeded import STD
from bench.nouns import ModelSpec

if TYPE_CHECKING:
    import numpy

WRITTEN = ("f32", "f16")  # the other precisions are quantised from F16, as llama.cpp's users do
GENERATOR = f"numpy Philox, N(0, {STD}²)"
_CHUNK = 1 << 22  # weights drawn from one generator: the same numbers whatever the number of threads
_RMS_EPS, _ROPE_THETA = 1e-6, 10_000.0  # what transformers 5.23's MistralConfig takes where nothing is declared
_QUANTISATION_VERSION = 2  # GGML_QNT_VERSION in ggml/include/ggml.h
# token types of enum llama_token_type, include/llama.h
_NORMAL, _UNKNOWN, _CONTROL, _UNUSED, _BYTE = 1, 2, 3, 5, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufShape:
    """A tensor of an architecture: `rows` of `columns` weights; a norm has one row."""

    name: str
    rows: int
    columns: int

    @property
    def is_norm(self) -> bool:
        """Whether it is a norm: always 1, and always F32 in a GGUF."""
        return self.rows == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """A SentencePiece vocabulary, piece by piece."""

    name: str
    pieces: tuple[bytes, ...]
    scores: tuple[float, ...]
    kinds: tuple[int, ...]
    special: Mapping[str, int]  # bos, eos, unk


def shapes(model: ModelSpec) -> tuple[GgufShape, ...]:
    """Every tensor of the declared architecture, in the order of the file. Raises BadInput for one not known."""
    if model.architecture not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise BadInput(
            f"{model.name}: no GGUF can be made of the architecture {model.architecture!r}, only of {known}; "
            "give a file with --weights pretrained --weights-path FILE.gguf"
        )
    hidden, vocabulary = _integer(model, "hidden_size"), _integer(model, "vocab_size")
    found = [GgufShape(name="token_embd.weight", rows=vocabulary, columns=hidden)]
    for layer in range(_integer(model, "num_hidden_layers")):
        for name, rows, columns in _layer(model):
            found.append(GgufShape(name=f"blk.{layer}.{name}.weight", rows=rows, columns=columns))
    found.append(GgufShape(name="output_norm.weight", rows=1, columns=hidden))
    if not model.config.get("tie_word_embeddings", False):
        found.append(GgufShape(name="output.weight", rows=vocabulary, columns=hidden))
    return tuple(found)


def _layer(model: ModelSpec) -> tuple[tuple[str, int, int], ...]:
    """The tensors of one layer: name, rows, columns."""
    hidden, width, head = _integer(model, "hidden_size"), _integer(model, "intermediate_size"), _head(model)
    query, key = _integer(model, "num_attention_heads") * head, _integer(model, "num_key_value_heads") * head
    joined = model.architecture == "phi3"
    apart = (("attn_q", query), ("attn_k", key), ("attn_v", key))
    gated = (("ffn_gate", width), ("ffn_up", width))
    return (
        ("attn_norm", 1, hidden),
        *((name, rows, hidden) for name, rows in ((("attn_qkv", query + 2 * key),) if joined else apart)),
        ("attn_output", hidden, query),
        ("ffn_norm", 1, hidden),
        *((name, rows, hidden) for name, rows in ((("ffn_up", 2 * width),) if joined else gated)),
        ("ffn_down", hidden, width),
    )


def open_vocabulary(model: ModelSpec) -> tuple[Vocabulary | None, str]:
    """The model's own tokenizer as llama.cpp wants it, or None; and a note that says which, or why none."""
    tokenizer, note = open_tokenizer(model)
    if tokenizer is None:
        return None, note
    if tokenizer.name.endswith(".json"):
        return None, f"{tokenizer.name} is no SentencePiece vocabulary: the file carries no tokenizer, ids only"
    try:
        import mistral_common
        import sentencepiece
    except ImportError as error:
        raise NoEngine(f"the tokenizer does not import ({error}): pip install 'joulemark[llama_cpp]'") from error
    path = Path(mistral_common.__file__).parent / "data" / tokenizer.name
    source = sentencepiece.SentencePieceProcessor(model_file=str(path))
    special = {"bos": source.bos_id(), "eos": source.eos_id(), "unknown": source.unk_id()}
    count, size = source.get_piece_size(), _integer(model, "vocab_size")
    unused = tuple(f"[PAD{i}]".encode() for i in range(count, size))  # as conversion/base.py fills a larger table
    return Vocabulary(
        name=tokenizer.name,
        pieces=tuple(source.id_to_piece(i).encode() for i in range(count)) + unused,
        scores=tuple(float(source.get_score(i)) for i in range(count)) + (-10_000.0,) * len(unused),
        kinds=tuple(_kind(source, i) for i in range(count)) + (_UNUSED,) * len(unused),
        special=special,
    ), f"tokenizer in the file: {tokenizer.name} (mistral-common {tokenizer.version})"


def write_gguf(path: Path, model: ModelSpec, precision: str, seed: int) -> None:
    """Writes the file, one tensor in memory at a time: norms 1 in F32, all else N(0, 0.02²) by the seed."""
    import gguf
    import numpy as np

    dtype = {"f32": np.float32, "f16": np.float16}[precision]
    vocabulary, _ = open_vocabulary(model)
    writer = gguf.GGUFWriter(None, ARCHITECTURES[model.architecture])
    _describe(writer, model, precision, seed)
    _add_vocabulary(writer, vocabulary, model)
    tensors = shapes(model)
    for shape in tensors:
        kind: Any = np.float32 if shape.is_norm else dtype
        dimensions = [shape.columns] if shape.is_norm else [shape.rows, shape.columns]
        size = shape.rows * shape.columns * np.dtype(kind).itemsize
        writer.add_tensor_info(shape.name, dimensions, np.dtype(kind), size)
    writer.write_header_to_file(path)
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    with ThreadPoolExecutor() as pool:
        for number, shape in enumerate(tensors):
            if shape.is_norm:
                writer.write_tensor_data(np.ones(shape.columns, np.float32))
            else:
                writer.write_tensor_data(_drawn(shape.rows * shape.columns, (seed, number), dtype, pool))
    writer.close()


def _drawn(count: int, key: Sequence[int], dtype: Any, pool: ThreadPoolExecutor) -> "numpy.ndarray[Any, Any]":
    """(count,) numbers from N(0, STD²) that depend on the key alone."""
    import numpy as np

    out = np.empty(count, dtype)

    def draw(number: int) -> None:
        part = out[number * _CHUNK : (number + 1) * _CHUNK]
        bits = np.random.Philox(np.random.SeedSequence((*key, number)))
        part[:] = np.random.Generator(bits).standard_normal(part.size, dtype=np.float32) * np.float32(STD)

    list(pool.map(draw, range(-(-count // _CHUNK))))
    return out


def _describe(writer: Any, model: ModelSpec, precision: str, seed: int) -> None:
    """The keys from which llama.cpp builds the architecture."""
    head = _head(model)
    rope = model.config.get("rope_parameters")
    theta = rope.get("rope_theta", _ROPE_THETA) if isinstance(rope, Mapping) else _ROPE_THETA
    epsilon = model.config.get("rms_norm_eps", _RMS_EPS)
    writer.add_name(f"{model.name}, synthetic weights, seed {seed}")
    writer.add_file_type({name: number for number, name in FILE_TYPES.items()}[precision])
    writer.add_quantization_version(_QUANTISATION_VERSION)
    writer.add_vocab_size(_integer(model, "vocab_size"))
    writer.add_context_length(_integer(model, "max_position_embeddings"))
    writer.add_embedding_length(_integer(model, "hidden_size"))
    writer.add_block_count(_integer(model, "num_hidden_layers"))
    writer.add_feed_forward_length(_integer(model, "intermediate_size"))
    writer.add_head_count(_integer(model, "num_attention_heads"))
    writer.add_head_count_kv(_integer(model, "num_key_value_heads"))
    writer.add_key_length(head)
    writer.add_value_length(head)
    writer.add_rope_dimension_count(round(head * _rotated_ratio(model)))
    writer.add_rope_freq_base(float(theta))
    writer.add_layer_norm_rms_eps(float(str(epsilon)))
    if model.architecture == "phi3":
        longest = model.config.get("original_max_position_embeddings", model.config["max_position_embeddings"])
        writer.add_rope_scaling_orig_ctx_len(longest)
        writer.add_sliding_window(0)  # how a converter says Phi-4, which has none


def _add_vocabulary(writer: Any, vocabulary: Vocabulary | None, model: ModelSpec) -> None:
    if vocabulary is None:
        writer.add_tokenizer_model("none")  # ids only: llama.cpp takes their number from vocab_size
        return
    if len(vocabulary.pieces) != _integer(model, "vocab_size"):
        raise BadInput(
            f"{model.name}: {vocabulary.name} has {len(vocabulary.pieces)} pieces, the model another number"
        )
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(list(vocabulary.pieces))
    writer.add_token_scores(list(vocabulary.scores))
    writer.add_token_types(list(vocabulary.kinds))
    writer.add_bos_token_id(vocabulary.special["bos"])
    writer.add_eos_token_id(vocabulary.special["eos"])
    writer.add_unk_token_id(vocabulary.special["unknown"])
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)


def _kind(source: Any, piece: int) -> int:
    for says, kind in (
        (source.is_unknown, _UNKNOWN),
        (source.is_control, _CONTROL),
        (source.is_unused, _UNUSED),
        (source.is_byte, _BYTE),
    ):
        if says(piece):
            return kind
    return _NORMAL


def _head(model: ModelSpec) -> int:
    found = model.config.get("head_dim")
    return (
        found
        if isinstance(found, int)
        else _integer(model, "hidden_size") // _integer(model, "num_attention_heads")
    )


def _rotated_ratio(model: ModelSpec) -> float:
    """How much of a head is rotated by position: three quarters in Phi-4-mini."""
    found = model.config.get("partial_rotary_factor", 1.0)
    return float(found) if isinstance(found, int | float) else 1.0


def _integer(model: ModelSpec, key: str) -> int:
    value = model.config.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise BadInput(f"{model.name}: config.{key} is {value!r}, a whole number is needed to make its GGUF")
    return value
