"""The precisions beyond plain numbers: in which one the weights are built, and what is then done to them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from bench.engines import Runs, Setting, library_version, open_setting, parameter_count
from bench.engines.transformers.pruned import cut_units, zero_smallest
from bench.engines.transformers.quantised import EXTRA, OUTLIER_THRESHOLD, by_bitsandbytes, by_torchao, prime
from bench.errors import CannotRun, UnknownName
from bench.nouns import Fact, LoadSpec

_PLAIN = ("fp32", "bf16", "fp16")
_REST = "embedding table and output matrix stay in full"
_QUANTISED = f"quantised here from bf16, without calibration; {_REST}"
_OUTLIERS = (
    f"inputs are cast to fp16 in every layer, and columns that reach {OUTLIER_THRESHOLD} are multiplied in full: "
    "random weights have fewer of them than trained ones"
)
_ZEROS = "half of every layer's weights are 0: no byte and no operation less, unless a kernel skips zeros"
_CUT = f"half of every feed-forward block's units are cut out: its matrices are half as large; {_REST}"
# torchao 0.18, quantization/quant_api.py; its message is "Requires mslk >= 1.0.0"; checked 2026-11-21
_REFUSED = {
    "int4-torchao": "int4-torchao is not run: torchao's Int4WeightOnlyConfig needs the package mslk>=1.0.0, which "
    "was not tried; choose nf4-bnb for 4 bits"
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One precision: what is done to a model that was built in `base`, and what a record says of it."""

    base: str
    note: str
    change: Callable[[Setting, Any], dict[str, Fact]]
    library: str | None = None


def _torchao(config: str) -> Callable[[Setting, Any], dict[str, Fact]]:
    return lambda setting, model: by_torchao(setting.torch, model, config)


def _bitsandbytes(bits: int) -> Callable[[Setting, Any], dict[str, Fact]]:
    return lambda setting, model: by_bitsandbytes(
        setting.torch, model, setting.device, bits=bits, dtype=setting.runs.dtype
    )


FORMS: Mapping[str, Form] = {
    "int8-torchao": Form(base="bf16", note=_QUANTISED, change=_torchao("Int8WeightOnlyConfig"), library="torchao"),
    "int8dyn-torchao": Form(
        base="bf16",
        note=f"{_QUANTISED}; inputs of every layer are quantised as they come",
        change=_torchao("Int8DynamicActivationInt8WeightConfig"),
        library="torchao",
    ),
    "int8-bnb": Form(
        base="bf16", note=f"{_QUANTISED}; {_OUTLIERS}", change=_bitsandbytes(8), library="bitsandbytes"
    ),
    "nf4-bnb": Form(base="bf16", note=_QUANTISED, change=_bitsandbytes(4), library="bitsandbytes"),
    "bf16-pruned50": Form(base="bf16", note=_ZEROS, change=lambda s, model: zero_smallest(s.torch, model)),
    "bf16-units50": Form(base="bf16", note=_CUT, change=lambda s, model: cut_units(s.torch, model)),
}


def form_setting(torch: Any, spec: LoadSpec) -> Setting:
    """The device and precision for a model that fits it as it is built, before it becomes smaller.

    Raises UnknownName, NoEngine for a library that is absent, CannotRun where a model does not fit or the
    precision is refused.
    """
    if spec.precision in _REFUSED:
        raise CannotRun(_REFUSED[spec.precision])
    if spec.precision not in (*_PLAIN, *FORMS):
        raise UnknownName("precision of transformers", spec.precision, (*_PLAIN, *FORMS))
    form = FORMS.get(spec.precision)
    if form is None:
        return open_setting(torch, spec)
    if form.library:
        library_version(form.library, EXTRA)  # absent: said before a model is built
    setting = open_setting(torch, replace(spec, precision=form.base))
    return replace(setting, spec=spec, runs=_runs(spec.precision, form, setting.runs))


class Reshaped(NamedTuple):
    """What became of a model."""

    parameters: int  # numbers that the weights stand for: packed ones count one by one
    facts: dict[str, Fact]


def reshape(setting: Setting, model: Any) -> Reshaped:
    """Makes of a built model what its precision says, in place; what was done, as facts. Raises CannotRun."""
    form, built = FORMS.get(setting.spec.precision), parameter_count(model)
    if form is None:
        return Reshaped(built, {})
    _require_plain(setting, form, model)
    facts = form.change(setting, model)
    if form.library is None:
        return Reshaped(parameter_count(model), facts)
    prime(setting.torch, model, setting.device, setting.runs.dtype)
    return Reshaped(built, {**facts, f"{form.library}_version": library_version(form.library, EXTRA)})


def _require_plain(setting: Setting, form: Form, model: Any) -> None:
    asked, name = setting.spec.precision, setting.spec.model.name
    if getattr(model.config, "quantization_config", None) is not None:
        raise CannotRun(f"{asked}: the weights of {name} are quantised already: name a folder of full ones")
    if any(parameter.ndim > 2 for parameter in model.parameters()):
        raise CannotRun(
            f"{asked}: the experts of {name} are no linear layers, and would stay as they are: choose {form.base}"
        )


def layered_version(version: str, precision: str) -> str:
    """The engine's version, and that of the library that computes in this precision: "5.23.0, torchao 0.18.0"."""
    form = FORMS.get(precision)
    own = form.library if form else None
    return f"{version}, {own} {library_version(own, EXTRA)}" if own else version


def _runs(precision: str, form: Form, base: Runs) -> Runs:
    """Where bf16 fell to fp16, the name of a pruned precision falls with it, and the note."""
    named = precision.replace(f"{form.base}-", f"{base.precision}-")
    note = form.note.replace(f"from {form.base}", f"from {base.precision}")
    return replace(base, precision=named, notes=(*base.notes, note))
