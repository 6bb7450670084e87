"""Writes a model as ONNX: python -m bench.engines.onnxruntime.build, the job on stdin.

A process of its own: torch and the model in full are gone with it before anything is measured.
"""

import hashlib
import json
import math
import runpy
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.engines import imported
from bench.errors import BadInput, CannotRun
from bench.files.alongside import read_alongside
from bench.loading.converted import do_job
from bench.loading.published import published_path
from bench.loading.seeded import transformers_model
from bench.nouns import Fact, LoadSpec

_EXTRA = "onnxruntime"
# what onnxruntime's dynamic quantisation has 8-bit forms of, as workloads/intent/export.py takes it
_QUANTISED = ["Gather", "LSTM", "MatMul"]
# tables that are only looked up, by the names of onnxruntime-genai's builder
_LOOKED_UP = ("embed_tokens", "cos_cache", "sin_cache")
_MOST_OTHER_RATIO = 0.01  # scales, masks and lengths are no weights


def convert(spec: LoadSpec, folder: Path, device: str) -> None:
    """Fills `folder` with model.onnx, what belongs to it, and about.json: parameters, and facts of the file."""
    if spec.model.family == "classifier":
        parameters, facts = _classifier(spec, folder / "model.onnx")
    else:
        parameters, facts = _generator(spec, folder, device)
    (folder / "about.json").write_text(json.dumps({"parameters": parameters, "facts": facts}), encoding="utf-8")


def _classifier(spec: LoadSpec, file: Path) -> tuple[int, Mapping[str, Fact]]:
    onnx, numpy = imported(("onnx", "numpy"), _EXTRA)
    source = _source(spec, file)
    if source != file:
        _derived(spec, source, file)
    made = onnx.load(str(file))
    zeros = entries = 0
    for one in made.graph.initializer:
        if one.data_type == onnx.TensorProto.FLOAT and len(one.dims) > 1:
            values = onnx.numpy_helper.to_array(one)
            zeros, entries = zeros + int(values.size - numpy.count_nonzero(values)), entries + values.size
    facts: dict[str, Fact] = {
        "onnx_bytes": file.stat().st_size,
        "onnx_sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "onnx_opset": max(one.version for one in made.opset_import if one.domain in ("", "ai.onnx")),
    }
    numbers = sum(math.prod(one.dims) for one in made.graph.initializer)
    if entries > numbers / 2:  # else what is left in fp32 is biases
        facts["zero_ratio"] = zeros / entries
    # eight bits bring scales of their own; a variant that was cut has fewer numbers than the declared model
    return (min(spec.model.parameters, numbers) if spec.path is None else numbers), facts


def _source(spec: LoadSpec, file: Path) -> Path:
    """The file itself where a variant of ours was asked for, else the full model that it is made of."""
    if spec.path is None:
        export = read_alongside(spec.model.architecture, "export")
        own = spec.precision in export.VARIANTS
        with tempfile.TemporaryDirectory(dir=file.parent) as scratch:
            made = export.export(spec.precision if own else "fp32", Path(scratch))
            full = file if own else file.with_name("full.onnx")
            shutil.copyfile(made, full)
        return full
    place = Path(spec.path).expanduser()
    found = sorted(place.glob("*.onnx")) if place.is_dir() else [place]
    if len(found) != 1 or not found[0].is_file():
        raise BadInput(f"{spec.path!r}: expected one ONNX file, found {len(found)}")
    return found[0]


def _derived(spec: LoadSpec, source: Path, file: Path) -> None:
    """The asked precision from the weights of the full model. Raises BadInput for one that it can't be made in."""
    onnx, float16 = imported(("onnx", "onnxruntime.transformers.float16"), _EXTRA)
    made = onnx.load(str(source))
    _require_full(onnx, made, source)
    match spec.precision:
        case "fp32":
            onnx.save(made, str(file))
        case "fp16":
            onnx.save(float16.convert_float_to_float16(made, keep_io_types=True), str(file))
        case "int8":
            (quantization,) = imported(("onnxruntime.quantization",), _EXTRA)
            quantization.quantize_dynamic(
                str(source), str(file), op_types_to_quantize=_QUANTISED, weight_type=quantization.QuantType.QInt8,
                extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
            )  # fmt: skip
        case _:
            raise BadInput(f"{spec.precision} is made of the included model only; ask for fp32, fp16 or int8")
    (file.parent / "full.onnx").unlink(missing_ok=True)


def _require_full(onnx: Any, made: Any, source: Path) -> None:
    """A file whose weights are narrow already would be measured under the name of wide ones."""
    sizes: dict[bool, int] = {True: 0, False: 0}
    for one in made.graph.initializer:
        sizes[one.data_type in (onnx.TensorProto.INT8, onnx.TensorProto.UINT8, onnx.TensorProto.FLOAT16)] += len(
            onnx.numpy_helper.to_array(one).tobytes()
        )
    if sizes[True] > _MOST_OTHER_RATIO * sum(sizes.values()):
        raise BadInput(f"{source.name}: its weights are in 8 or 16 bits already, a file in fp32 is needed")


def _generator(spec: LoadSpec, folder: Path, device: str) -> tuple[int, Mapping[str, Fact]]:
    torch, transformers, onnx = imported(("torch", "transformers", "onnx"), _EXTRA)
    transformers.logging.set_verbosity_error()
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        if spec.weights == "synthetic":
            model = transformers_model(
                torch, transformers, spec.model, seed=spec.seed, dtype=torch.float32, device="cpu"
            )
            parameters = sum(one.numel() for one in model.parameters())
            model.save_pretrained(scratch)
            _stand_in_tokenizer(transformers, Path(scratch))
            del model
            source = scratch
        else:
            source, parameters = published_path(transformers, spec), spec.model.parameters
        _build(source, folder, spec.precision, device)
    made = onnx.load(str(folder / "model.onnx"), load_external_data=False)
    return parameters, {"weight_bytes_per_step": step_bytes(made)}


def _build(source: str, folder: Path, precision: str, device: str) -> None:
    """onnxruntime-genai's own builder, as from the command line, in this process: it ends with us."""
    before = sys.argv
    with tempfile.TemporaryDirectory() as cache:
        sys.argv = ["builder", "-i", source, "-o", str(folder), "-p", precision, "-e", device, "-c", cache]
        try:
            runpy.run_module("onnxruntime_genai.models.builder", run_name="__main__")
        except (ImportError, NotImplementedError, ValueError) as error:
            raise CannotRun(f"onnxruntime-genai builds no {precision} of it for {device}: {error}") from error
        finally:
            sys.argv = before


def _stand_in_tokenizer(transformers: Any, folder: Path) -> None:
    """A tokenizer of one word: the builder copies one along, and ids are all that goes in and comes out here."""
    (tokenizers,) = imported(("tokenizers",), "transformers")
    model = tokenizers.models.WordLevel({"<unk>": 0}, unk_token="<unk>")
    stand_in = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizers.Tokenizer(model))
    stand_in.save_pretrained(folder)


def step_bytes(made: Any) -> int:
    """The bytes that one decoding step reads: all constants of the graph but the tables that are looked up."""
    total = 0
    for one in made.graph.initializer:
        if any(name in one.name for name in _LOOKED_UP):
            continue
        outside = {entry.key: entry.value for entry in one.external_data}
        total += int(outside["length"]) if "length" in outside else one.ByteSize()
    return total


if __name__ == "__main__":
    do_job(lambda spec, folder, more: convert(spec, folder, more["device"]))
