"""GGUF files as llama.cpp's real quantiser makes them: types, bytes, the same weights, the same file again."""

from dataclasses import replace
from pathlib import Path

import pytest
from gguf_models import BLOCKS, HIDDEN, LAYERS, MATRICES, PLAIN, REAL, VOCABULARY, kind_of, of_precision, sha256

pytest.importorskip("llama_cpp", reason="llama-cpp-python is absent: pip install 'joulemark[llama_cpp]'")
pytest.importorskip("gguf", reason="gguf is absent: pip install 'joulemark[llama_cpp]'")

from bench.engines.llama_cpp import make
from bench.files.gguf import FILE_TYPES, read_gguf
from bench.files.models import weight_bytes

pytestmark = [pytest.mark.models, pytest.mark.usefixtures("cache")]


@pytest.mark.parametrize("precision", sorted(FILE_TYPES.values()))
def test_every_tensor_has_the_type_and_the_bytes_of_its_precision(precision: str) -> None:
    """The quantiser's own file, against the published block layouts and its published mix; nothing else in it."""
    path = make.make_file(of_precision(precision))
    found = {t.name: t for t in read_gguf(path).tensors}
    expected = {"token_embd": (PLAIN[precision], VOCABULARY * HIDDEN)}
    output = "Q6_K" if precision.endswith("_m") else PLAIN[precision]
    expected["output"] = (output, VOCABULARY * HIDDEN)
    for layer in range(LAYERS):
        for name, (rows, columns) in MATRICES.items():
            expected[f"blk.{layer}.{name}"] = (kind_of(precision, name, layer), rows * columns)
    norms = [name for name in found if "norm" in name]

    sizes = {name: n // BLOCKS[kind][0] * BLOCKS[kind][1] for name, (kind, n) in expected.items()}
    assert {n.removesuffix(".weight"): t.kind for n, t in found.items() if n not in norms} == {
        name: kind for name, (kind, _) in expected.items()
    }
    assert {n.removesuffix(".weight"): t.bytes for n, t in found.items() if n not in norms} == sizes
    assert {found[n].kind for n in norms} == {"F32"}
    beside = path.stat().st_size - sum(t.bytes for t in found.values())
    assert 0 < beside < 1.5e6  # keys, padding, and a tokenizer of 32 768 pieces


def test_what_is_declared_a_parameter_is_what_lies_on_the_disk() -> None:
    """Within 1 % where there is one type; within 16 % for a mix, in a model that is output matrix by half."""
    for precision in FILE_TYPES.values():
        found = read_gguf(make.make_file(of_precision(precision)))
        declared = weight_bytes(replace(REAL, parameters=found.parameters), precision)

        off = 0.16 if precision.endswith("_m") else 0.01
        assert found.weight_bytes == pytest.approx(declared, rel=off), precision


def test_four_bits_are_really_smaller() -> None:
    """And each precision smaller than the one above it."""
    sizes = [
        make.make_file(of_precision(p)).stat().st_size for p in ("f32", "f16", "q8_0", "q6_k", "q5_k_m", "q4_k_m")
    ]

    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < 0.4 * sizes[1]


def test_the_seed_alone_decides_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Made anew in another cache it is the same, byte by byte, quantised too; another seed gives another."""
    here = {p: sha256(make.make_file(of_precision(p))) for p in ("f16", "q4_k_m")}
    first, other = (make.make_file(of_precision("f16", seed=seed)).read_bytes()[-1000:] for seed in (0, 1))
    monkeypatch.setenv("JOULEMARK_CACHE", str(tmp_path))
    there = {p: sha256(make.make_file(of_precision(p))) for p in ("f16", "q4_k_m")}

    assert here == there
    assert first != other  # of the last tensor: not the file's title, which names the seed


def test_what_is_made_by_another_version_is_another_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """A newer quantiser makes its own file; the F16 that it starts from is none of its business."""
    before = {p: make.synthetic_file(of_precision(p)) for p in ("f16", "q4_k_m")}
    version = make.metadata.version
    monkeypatch.setattr(make.metadata, "version", lambda d: "9" if d == make.DISTRIBUTION else version(d))

    assert make.synthetic_file(of_precision("f16")) == before["f16"]
    assert make.synthetic_file(of_precision("q4_k_m")) != before["q4_k_m"]


def test_every_precision_holds_the_same_weights() -> None:
    """Seeded numbers of a trained model's scale; a quantised file is that very file, within its step."""
    from gguf import GGUFReader
    from gguf.quants import dequantize

    tensors = {}
    for precision in ("f32", "f16", "q8_0", "q4_k_m"):
        reader = GGUFReader(make.make_file(of_precision(precision)))
        (found,) = [t for t in reader.tensors if t.name == "blk.3.ffn_up.weight"]
        tensors[precision] = dequantize(found.data, found.tensor_type)

    exact = tensors["f32"]
    assert float(exact.std()) == pytest.approx(0.02, rel=0.02)
    for precision, off in (("f16", 3e-4), ("q8_0", 0.01), ("q4_k_m", 0.1)):
        assert float(abs(tensors[precision] - exact).std()) < off * 0.02, precision
