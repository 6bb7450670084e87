"""Half of the weights less: the smallest numbers as zeros, or the weakest feed-forward units cut out."""

from types import ModuleType
from typing import Any

from bench.engines.transformers.stored import layer_matrices
from bench.errors import CannotRun
from bench.nouns import Fact

RATIO = 0.5
_BLOCKS = (  # what widens, what narrows again: Mistral and its kin, Phi-3 with two in one, M2M-100
    (("gate_proj", "up_proj"), "down_proj"),
    (("gate_up_proj",), "down_proj"),
    (("fc1",), "fc2"),
)


def zero_smallest(torch: ModuleType, model: Any) -> dict[str, Fact]:
    """Sets half of every layer matrix to 0, the smallest by magnitude: exactly half, whatever is equal.

    Source: Han et al. 2015, arXiv:1506.02626, without the training afterwards; checked 2026-11-21.
    """
    zeros = numbers = 0
    for module in layer_matrices(torch, model).values():
        flat = module.weight.data.view(-1)
        count = int(flat.numel() * RATIO)
        flat[torch.topk(flat.abs(), count, largest=False, sorted=False).indices] = 0
        zeros += int((flat == 0).sum())
        numbers += flat.numel()
    return {"zero_ratio": zeros / numbers}


def cut_units(torch: ModuleType, model: Any) -> dict[str, Fact]:
    """Cuts half of the hidden units out of every feed-forward block, the weakest by L1 norm.

    A unit's norm is that of its rows where the block widens and of its column where it narrows, after the
    filters of Li et al. 2017, arXiv:1608.08710, section 3.1, without the training afterwards; checked 2026-11-21.
    Raises CannotRun where there is no such block.
    """
    seen: set[tuple[int, int]] = set()
    for module in list(model.modules()):
        for widening, narrowing in _BLOCKS:
            if all(isinstance(getattr(module, name, None), torch.nn.Linear) for name in (*widening, narrowing)):
                seen.add(_cut(torch, [getattr(module, name) for name in widening], getattr(module, narrowing)))
    if not seen:
        raise CannotRun("no feed-forward block of linear layers is in this model: choose another precision")
    return {"feed_forward_units": " ".join(f"{before}→{after}" for before, after in sorted(seen))}


def _cut(torch: ModuleType, widening: list[Any], narrowing: Any) -> tuple[int, int]:
    """How many units there were, and are."""
    units = narrowing.in_features
    strength = narrowing.weight.data.float().abs().sum(0)
    for linear in widening:  # a fused one holds each unit's gate and value, all gates before all values
        strength = strength + linear.weight.data.float().abs().sum(1).view(-1, units).sum(0)
    count = units - int(units * RATIO)
    kept = torch.topk(strength, count).indices.sort().values
    for linear in widening:
        parts = linear.out_features // units
        rows = torch.cat([kept + part * units for part in range(parts)])
        _replace(torch, linear, "weight", linear.weight.data[rows])
        if linear.bias is not None:
            _replace(torch, linear, "bias", linear.bias.data[rows])
        linear.out_features = len(rows)
    _replace(torch, narrowing, "weight", narrowing.weight.data[:, kept].contiguous())
    narrowing.in_features = count
    return units, count


def _replace(torch: ModuleType, linear: Any, name: str, tensor: Any) -> None:
    setattr(linear, name, torch.nn.Parameter(tensor, requires_grad=False))
