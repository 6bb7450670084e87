"""GGUF headers: read without a library, sizes by block layout, and damage named."""

import struct
from dataclasses import replace
from pathlib import Path

import pytest

from bench.errors import BadInput
from bench.files.gguf import Gguf, Tensor, check_declared, read_gguf
from bench.files.models import read_model, weight_bytes

MISTRAL = read_model("mistral-160m")
STRING, UINT32, ARRAY = 8, 4, 9
Q4_K, Q6_K, F32 = 12, 14, 0


def _text(text: str) -> bytes:
    return struct.pack("<Q", len(text)) + text.encode()


def _file(path: Path, keys: list[bytes], tensors: list[tuple[str, tuple[int, ...], int, int]], body: int) -> Path:
    """A GGUF whose tensors are (name, shape, type, offset), with so many bytes of weights."""
    content = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(keys)) + b"".join(keys)
    for name, shape, kind, offset in tensors:
        content += _text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)
    content += bytes(-len(content) % 32) + bytes(body)
    path.write_bytes(content)
    return path


def _key(name: str, value: int | str) -> bytes:
    if isinstance(value, str):
        return _text(name) + struct.pack("<I", STRING) + _text(value)
    return _text(name) + struct.pack("<II", UINT32, value)


def _small(path: Path, *more: bytes, body: int = 144 * 2 + 210 + 1024) -> Path:
    words = _text("words") + struct.pack("<IIQ", ARRAY, STRING, 2) + _text("a") + _text("bc")
    keys = [_key("general.architecture", "llama"), words, _key("general.file_type", 15), *more]
    tensors = [
        ("token_embd.weight", (256, 2), Q4_K, 0),
        ("output.weight", (256, 1), Q6_K, 288),
        ("output_norm.weight", (256,), F32, 498),
    ]
    return _file(path, keys, tensors, body)


def test_keys_types_and_bytes_are_read_from_the_header_alone(tmp_path: Path) -> None:
    """Blocks of 256 weights: 144 bytes in Q4_K, 210 in Q6_K; an array stands for its length."""
    found = read_gguf(_small(tmp_path / "a.gguf"))

    assert found.keys == {"general.architecture": "llama", "words": 2, "general.file_type": 15}
    assert [(t.kind, t.bytes) for t in found.tensors] == [("Q4_K", 288), ("Q6_K", 210), ("F32", 1024)]
    assert (found.parameters, found.weight_bytes, found.mix) == (1024, 1522, "F32:1 Q4_K:1 Q6_K:1")
    assert found.precision == "q4_k_m"


def test_a_step_looks_up_the_embedding_and_reads_all_else(tmp_path: Path) -> None:
    """Unless the embedding is the output matrix as well."""
    found = read_gguf(_small(tmp_path / "a.gguf"))
    tied = Gguf(keys={}, tensors=tuple(t for t in found.tensors if t.name != "output.weight"))

    assert found.weight_bytes_per_step == 210 + 1024
    assert tied.weight_bytes_per_step == 288 + 1024


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda c: b"GGML" + c[4:], "no GGUF file"),
        (lambda c: c[:4] + struct.pack("<I", 9) + c[8:], "GGUF version 9"),
        (lambda c: c[:-40], "cut short: .* its tensors need"),
        (lambda c: c[:60], "cut short or damaged"),
        (lambda c: b"", "cannot be read"),
        (lambda c: c.replace(struct.pack("<QIQ", 1, Q6_K, 288), struct.pack("<QIQ", 1, 99, 288)),
         "'output.weight' has type 99"),
    ],
)  # fmt: skip
def test_a_damaged_file_is_named_and_not_guessed_at(tmp_path: Path, damage, says: str) -> None:
    """A download that broke off would else fail inside the library, or worse, run."""
    path = _small(tmp_path / "a.gguf")
    path.write_bytes(damage(path.read_bytes()))

    with pytest.raises(BadInput, match=says):
        read_gguf(path)


def test_one_piece_of_several_is_refused(tmp_path: Path) -> None:
    """Its tensors alone would be counted as the whole model."""
    with pytest.raises(BadInput, match="llama-gguf-split --merge"):
        read_gguf(_small(tmp_path / "a.gguf", _key("split.count", 3)))


def _declared(**other: int) -> Gguf:
    keys = {"block_count": 14, "embedding_length": 768, "feed_forward_length": 2688}
    keys |= {"attention.head_count": 12, "attention.head_count_kv": 3} | other
    table = Tensor(name="token_embd.weight", kind="F16", shape=(768, 32768), parameters=1, bytes=2)
    whole = {f"llama.{name}": value for name, value in keys.items()}
    return Gguf(keys={"general.architecture": "llama", **whole}, tensors=(table,))


def test_a_file_of_another_model_is_refused_with_what_differs() -> None:
    """Layers, widths, heads, vocabulary and the architecture's name: each is told."""
    check_declared(_declared(), MISTRAL, Path("a.gguf"))

    with pytest.raises(BadInput, match=r"llama.block_count 32 \(needed 14\)"):
        check_declared(_declared(block_count=32), MISTRAL, Path("a.gguf"))
    with pytest.raises(BadInput, match=r"a vocabulary of 32768 \(needed 32000\)"):
        check_declared(_declared(), replace(MISTRAL, config={**MISTRAL.config, "vocab_size": 32_000}), Path("a"))
    with pytest.raises(BadInput, match=r"general.architecture 'llama' \(needed 'phi3'\)"):
        check_declared(_declared(), replace(MISTRAL, architecture="phi3"), Path("a.gguf"))


@pytest.mark.parametrize(
    ("precision", "block", "block_bytes", "off"),
    [("f32", 1, 4, 0.0), ("f16", 1, 2, 0.0), ("q8_0", 32, 34, 1e-3), ("q6_k", 256, 210, 1e-3)],
)
def test_what_is_declared_of_an_unmixed_precision_is_its_block(
    precision: str, block: int, block_bytes: int, off: float
) -> None:
    """Norms in F32 are all that a published mean adds: a thousandth."""
    assert weight_bytes(MISTRAL, precision) / MISTRAL.parameters == pytest.approx(block_bytes / block, rel=off)
