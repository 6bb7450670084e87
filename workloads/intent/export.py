"""Writes the model's variants as ONNX files: python -m workloads.intent.export FOLDER [VARIANT …]

    fp32             all of it, float32
    int8             weights in 8 bits by onnxruntime's dynamic quantisation
    pruned-50/80/90  that share of the weights at zero, smallest first; same shapes, trained again
    units-50         an LSTM of 50 units, the others taken away; trained again
    rows             the table's touched rows alone
    rows-int8        the same in 8 bits

No torch is needed. A file is built once and kept; the same weights and versions give the same bytes.
"""

import argparse
import hashlib
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx

from . import model, prune
from .graph import build


def export(variant: str, folder: Path) -> Path:
    """The variant's file in `folder`, built if it is not there. Raises KeyError for an unknown variant."""
    make = VARIANTS[variant]
    path = folder / f"intent-{variant}-{_fingerprint()}.onnx"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder) as scratch:
            half = Path(scratch) / "half.onnx"
            make(half)
            half.replace(path)
    return path


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("variants", nargs="*", choices=[*VARIANTS, []], metavar="VARIANT")
    asked = options.parse_args(arguments)
    for variant in asked.variants or VARIANTS:
        path = export(variant, asked.folder)
        sys.stdout.write(f"{path}  {path.stat().st_size / 1e6:.2f} MB\n")


def _fp32(path: Path) -> None:
    onnx.save(build(model.load()), path)


def _int8(path: Path) -> None:
    _quantised(build(model.load()), path)


def _cut(name: str) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        onnx.save(build(prune.retrained(name, model.load(), model.touched_rows())), path)

    return make


def _rows(path: Path) -> None:
    onnx.save(build(*prune.to_rows(model.load(), model.touched_rows())), path)


def _rows_int8(path: Path) -> None:
    _quantised(build(*prune.to_rows(model.load(), model.touched_rows())), path)


def _quantised(made: onnx.ModelProto, path: Path) -> None:
    """Weights in signed 8 bits; what activations there are to quantise is done at run time.

    onnxruntime turns Gather's table, the LSTM (its own DynamicQuantizeLSTM) and MatMul; biases stay float32.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    full = path.with_suffix(".full.onnx")
    onnx.save(made, full)
    root = logging.getLogger()
    root.addFilter(_is_news)
    try:
        quantize_dynamic(
            full,
            path,
            op_types_to_quantize=["Gather", "LSTM", "MatMul"],
            weight_type=QuantType.QInt8,
            extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
        )
    finally:
        root.removeFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    """Whether a record is to be shown: the advice to optimise the graph first is not, for loading it does."""
    return "pre-processing before quantization" not in record.getMessage()


def _fingerprint() -> str:
    """Of the weights and the pruned heads: other ones are another file."""
    return hashlib.sha256(model.manifest_sha256().encode() + prune.HEADS.read_bytes()).hexdigest()[:8]


VARIANTS: dict[str, Callable[[Path], None]] = {
    "fp32": _fp32,
    "int8": _int8,
    **{name: _cut(name) for name in prune.CUTS},
    "rows": _rows,
    "rows-int8": _rows_int8,
}

if __name__ == "__main__":
    main()
