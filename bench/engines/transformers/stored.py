"""What a model's weights really take: a quantised parameter is several tensors, which its dtype does not tell."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from bench.nouns import Fact


def layer_matrices(torch: Any, model: Any) -> dict[str, Any]:
    """The linear modules by name, but for the output matrix, which quantisers and pruners leave as it is.

    So do transformers' own (quantizers/base.py, get_keys_to_not_convert, 5.23; checked 2026-11-21).
    """
    head = model.get_output_embeddings()
    linear = torch.nn.Linear
    return {name: m for name, m in model.named_modules() if isinstance(m, linear) and m is not head}


def stored_facts(model: Any) -> dict[str, Fact]:
    """Which tensors hold the weights, by dtype: how many, how many bytes. Buffers are left out."""
    counts: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for _, _, tensors in _parameters(model):
        for tensor in tensors:
            dtype = str(tensor.dtype).removeprefix("torch.")
            counts[dtype] += 1
            sizes[dtype] += _bytes(tensor)
    return {
        "tensor_types": " ".join(f"{dtype}:{count}" for dtype, count in sorted(counts.items())),
        "tensor_bytes": " ".join(f"{dtype}:{size}" for dtype, size in sorted(sizes.items())),
        "weight_bytes": sum(sizes.values()),
    }


def stored_step_bytes(model: Any, share: Callable[[str, Any], float]) -> int:
    """The bytes of weights that one decoding step reads, scales among them.

    `share` says of each parameter, by name, how much of it a step reads at least; shared ones count once.
    """
    return round(sum(share(name, p) * sum(map(_bytes, tensors)) for name, p, tensors in _parameters(model)))


def _parameters(model: Any) -> Iterator[tuple[str, Any, list[Any]]]:
    for name, parameter in model.named_parameters():
        yield name, parameter, _plain(model.get_submodule(name.rpartition(".")[0]), parameter)


def _plain(owner: Any, parameter: Any) -> list[Any]:
    """The ordinary tensors of which a parameter consists."""
    flatten = getattr(parameter, "__tensor_flatten__", None)
    if flatten is not None:  # torchao: a tensor of tensors, whose own dtype is the one before quantising
        return [t for name in flatten()[0] for t in _plain(owner, getattr(parameter, name))]
    state = getattr(parameter, "quant_state", None)
    if state is not None:  # bitsandbytes, 4 bits; `state2` holds the scales' own scales where there are any
        inner = getattr(state, "state2", None)
        return [parameter, state.absmax, state.code, *((inner.absmax, inner.code) if inner else ())]
    # bitsandbytes, 8 bits: the first call takes the scales from the parameter into its module
    scales = getattr(parameter, "SCB", None)
    kept = getattr(getattr(owner, "state", None), "SCB", None)
    own = parameter is getattr(owner, "weight", None)
    return [parameter, *(s for s in (scales if scales is not None else kept,) if own and s is not None)]


def _bytes(tensor: Any) -> int:
    return int(tensor.numel() * tensor.element_size())
