"""Layers in 8 and 4 bits by torchao and bitsandbytes, made in place from the weights as they lie on the device."""

import logging
from types import ModuleType
from typing import Any

from bench.engines import Device, imported
from bench.engines.transformers.stored import layer_matrices
from bench.errors import CannotRun
from bench.nouns import Fact

EXTRA = "quantised"
# Dettmers et al. 2022, arXiv:2208.07339, section 3.2, and transformers' BitsAndBytesConfig; checked 2026-11-21
OUTLIER_THRESHOLD = 6.0
NF4_BLOCK = 64  # weights that share a scale: bitsandbytes 0.50, nn/modules.py, Params4bit; checked 2026-11-21
_CPU_ROWS = 32  # bitsandbytes 0.50, functional.py, _convert_weight_packed_for_cpu; checked 2026-11-21


def by_torchao(torch: ModuleType, model: Any, config: str) -> dict[str, Fact]:
    """Every layer matrix by torchao's configuration of that name. Raises NoEngine, CannotRun if one is left."""
    (quantization,) = imported(("torchao.quantization",), EXTRA)
    layers = layer_matrices(torch, model)
    quantization.quantize_(model, getattr(quantization, config)(), filter_fn=lambda _, name: name in layers)
    # torchao passes over what does not suit it, and says nothing
    skipped = [name for name, linear in layers.items() if not hasattr(linear.weight, "__tensor_flatten__")]
    if skipped:
        raise CannotRun(f"torchao left {len(skipped)} of {len(layers)} layers as they were, {skipped[0]} first")
    return {"quantiser": f"torchao {config}", "quantised_layers": len(layers)}


def by_bitsandbytes(torch: ModuleType, model: Any, device: Device, *, bits: int, dtype: Any) -> dict[str, Fact]:
    """Every layer matrix in bitsandbytes' 8 bits (LLM.int8) or 4 (NF4). Raises NoEngine or CannotRun.

    Scales are not quantised again, as in transformers' BitsAndBytesConfig by default.
    """
    (library,) = imported(("bitsandbytes",), EXTRA)
    # it would say at every call that inputs are cast: nothing may be printed inside a window
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    layers = layer_matrices(torch, model)
    if bits == 4 and device.kind == "cpu":
        _require_blocks(layers)
    for name, linear in layers.items():
        made = _in_8_bits(library, linear) if bits == 8 else _in_4_bits(library, linear, dtype)
        if linear.bias is not None:
            made.bias = linear.bias
        model.set_submodule(name, made.to(device.torch_name).eval())
    kind = f"LLM.int8, outliers from {OUTLIER_THRESHOLD}" if bits == 8 else f"NF4, blocks of {NF4_BLOCK}"
    return {"quantiser": f"bitsandbytes {kind}", "quantised_layers": len(layers)}


def prime(torch: ModuleType, model: Any, device: Device, dtype: Any) -> None:
    """Calls every layer once: bitsandbytes lays weights out anew at the first call, and facts tell what stays."""
    with torch.no_grad():
        for linear in layer_matrices(torch, model).values():
            linear(torch.ones(1, linear.in_features, dtype=dtype, device=device.torch_name))


def _in_8_bits(library: ModuleType, linear: Any) -> Any:
    made = library.nn.Linear8bitLt(
        linear.in_features,
        linear.out_features,
        bias=linear.bias is not None,
        has_fp16_weights=False,
        threshold=OUTLIER_THRESHOLD,
        device="meta",
    )
    # from the CPU: what lies on a board already it takes for quantised
    made.weight = library.nn.Int8Params(linear.weight.data.cpu(), requires_grad=False, has_fp16_weights=False)
    return made


def _in_4_bits(library: ModuleType, linear: Any, dtype: Any) -> Any:
    made = library.nn.Linear4bit(
        linear.in_features,
        linear.out_features,
        bias=linear.bias is not None,
        compute_dtype=dtype,
        compress_statistics=False,
        quant_type="nf4",
        device="meta",
    )
    made.weight = library.nn.Params4bit(
        linear.weight.data,
        requires_grad=False,
        blocksize=NF4_BLOCK,
        compress_statistics=False,
        quant_type="nf4",
        module=made,
    )
    return made


def _require_blocks(layers: dict[str, Any]) -> None:
    for name, linear in layers.items():
        if linear.out_features % _CPU_ROWS or linear.in_features % NF4_BLOCK:
            raise CannotRun(
                f"NF4 on a CPU needs layers of {_CPU_ROWS} × n rows and {NF4_BLOCK} × m columns, {name} has "
                f"{linear.out_features} × {linear.in_features}: choose int8-torchao or bf16"
            )
