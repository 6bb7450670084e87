"""Model declarations: bench/models/*.toml as ModelSpecs, and the memory that their weights need."""

from collections.abc import Mapping
from pathlib import Path
from typing import get_args

from bench.errors import UnknownName
from bench.files.config import places
from bench.files.declaration import Table, read_table
from bench.nouns import Cell, Family, ModelSpec, RunSpec

# Ids stand for the length of a prompt only: its words are chosen, and counted, by the server's own tokenizer.
_SERVED_VOCABULARY = 32_000
_BLOCK = 32  # weights that share a scale: onnxruntime-genai 0.18, models/builder.py, int4_block_size's default
# IEEE 754-2019 binary32 and binary16; bfloat16: arXiv:1905.12322, section 3. 8 bits: a byte, CTranslate2's scale
# of a row (its docs, quantization) being nothing beside it. 4 bits: half a byte, and for every block a scale in
# fp32 and a zero point of 4 bits (ONNX Runtime, contrib operator MatMulNBits). A pruned model keeps its zeros,
# and one cut to fewer units or rows is taken for whole: at most so much.
# GGUF's precisions are mixes of block types that differ a little with the architecture: bits per weight of
# Llama-3.1-8B in llama.cpp's tools/quantize/README.md; what a file really holds is in its record.
# int8-…: a byte, a row's scale being nothing beside it (torchao 0.18, Int8Tensor; bitsandbytes 0.50, Int8Params).
# nf4-bnb: half a byte, and a scale in fp32 for every 64 (arXiv:2305.14314, section 3; bitsandbytes, Params4bit).
# All checked 2026-11-21
_BYTES_PER_PARAMETER: Mapping[str, float] = {
    "fp32": 4,
    "bf16": 2,
    "fp16": 2,
    "int8": 1,
    "int8_fp16": 1,
    "int4": 0.5 + (4 + 0.5) / _BLOCK,
    "f32": 4,
    "f16": 2,
    "q8_0": 8.5008 / 8,
    "q6_k": 6.5633 / 8,
    "q5_k_m": 5.7036 / 8,
    "q4_k_m": 4.8944 / 8,
    "pruned-50": 4,
    "pruned-80": 4,
    "pruned-90": 4,
    "units-50": 4,
    "rows": 4,
    "rows-int8": 1,
    "int8-torchao": 1,
    "int8dyn-torchao": 1,
    "int8-bnb": 1,
    "nf4-bnb": 0.5 + 4 / 64,
    "bf16-pruned50": 2,
    "bf16-units50": 2,
    "none": 0,
}
# Those whose embedding table and output matrix stay in bf16: transformers 5.23, quantizers/base.py,
# get_keys_to_not_convert; checked 2026-11-21
_LAYERS_ONLY = ("int8-torchao", "int8dyn-torchao", "int8-bnb", "nf4-bnb")

# engine → the one whose models and precisions are its own: the same engine, otherwise set
_FOLLOWS: Mapping[str, str] = {"transformers_static": "transformers"}


def model_names(folder: Path | None = None) -> tuple[str, ...]:
    """The names of all models declared in the folder, sorted; by default those that travel with Joulemark."""
    return tuple(sorted(path.stem for path in (folder or places().models).glob("*.toml")))


def read_model(name: str, folder: Path | None = None) -> ModelSpec:
    """The declaration of `name`. Raises UnknownName or BadDeclaration."""
    if name not in model_names(folder):
        raise UnknownName("model", name, model_names(folder))
    table = read_table((folder or places().models) / f"{name}.toml")
    spec = _spec(name, table)
    table.finish()
    return spec


def model_of(spec: RunSpec) -> ModelSpec:
    """The model of a cell: as declared, or what little is known of one that a server holds."""
    return served_model(spec.cell, spec.family) if spec.endpoint else read_model(spec.cell.model)


def served_model(cell: Cell, family: Family, parameters: int = 0) -> ModelSpec:
    """A model by the name that its server gives it: its architecture is not ours to know."""
    return ModelSpec(
        name=cell.model,
        family=family,
        title=f"{cell.model} (as its server holds it)",
        parameters=parameters,
        active_parameters=parameters,
        architecture="served",
        config={"vocab_size": _SERVED_VOCABULARY},
        engines=(cell.engine,),
        precisions=(cell.precision,),
        hub=None,
        licence="not known: see the server's model",
        source="the server",
    )


def weight_bytes(spec: ModelSpec, precision: str) -> int:
    """The bytes of the weights alone: no activations, no cache. Raises UnknownName for the precision."""
    if precision not in _BYTES_PER_PARAMETER:
        raise UnknownName("precision", precision, _BYTES_PER_PARAMETER)
    full = _table_parameters(spec) if precision in _LAYERS_ONLY else 0
    return round((spec.parameters - full) * _BYTES_PER_PARAMETER[precision] + full * _BYTES_PER_PARAMETER["bf16"])


def _table_parameters(spec: ModelSpec) -> int:
    """Those of the embedding table, and of the output matrix where it is another; 0 where neither is declared."""
    pieces, width = spec.config.get("vocab_size"), spec.config.get("hidden_size", spec.config.get("d_model"))
    if not (isinstance(pieces, int) and isinstance(width, int)):
        return 0
    return pieces * width * (1 if spec.config.get("tie_word_embeddings", True) else 2)


def _spec(name: str, table: Table) -> ModelSpec:
    family: Family = table.text("family", one_of=get_args(Family))  # type: ignore[assignment]
    parameters = table.integer("parameters", least=0)
    declared = table.texts("engines")
    engines = (*declared, *(one for one, of in _FOLLOWS.items() if of in declared and one not in declared))
    return ModelSpec(
        name=name,
        family=family,
        title=table.text("title"),
        parameters=parameters,
        active_parameters=table.integer("active_parameters", parameters, least=0, most=parameters),
        architecture=table.text("architecture"),
        config=table.free("config"),
        engines=engines,
        precisions=_precisions(table, "precisions"),
        hub=table.optional_text("hub"),
        licence=table.text("licence"),
        source=table.text("source"),
        tokenizer=table.optional_text("tokenizer"),
        max_context_tokens=table.optional_integer("max_context_tokens", least=1),
        languages=_languages(table),
        precisions_by_engine=_precisions_by_engine(table, declared),
        included=table.flag("included", False),
    )


def _precisions(table: Table, key: str) -> tuple[str, ...]:
    precisions = table.texts(key)
    for one in precisions:
        if one not in _BYTES_PER_PARAMETER:
            known = ", ".join(_BYTES_PER_PARAMETER)
            raise table.wrong(key, f"expected some of {known}, found {one!r}")
    return precisions


def _precisions_by_engine(table: Table, engines: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    own = table.table("precisions_by_engine")
    for engine in own.keys():  # noqa: SIM118 (Table is no Mapping)
        if engine not in engines:
            raise own.wrong(engine, f"expected one of its engines ({', '.join(engines)})")
    said = {engine: _precisions(own, engine) for engine in own.keys()}  # noqa: SIM118
    return said | {one: said[of] for one, of in _FOLLOWS.items() if of in said and one not in said}


def _languages(table: Table) -> dict[str, str]:
    languages = table.table("languages")
    return {iso: languages.text(iso) for iso in languages.keys()}  # noqa: SIM118 (Table is no Mapping)
