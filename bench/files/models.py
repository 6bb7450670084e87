"""Model declarations: bench/models/*.toml as ModelSpecs, and the memory that their weights need."""

from pathlib import Path
from typing import get_args

from bench.errors import UnknownName
from bench.files.config import places
from bench.files.declaration import Table, read_table
from bench.nouns import Cell, Family, ModelSpec, RunSpec

# IEEE 754-2019 binary32 and binary16; bfloat16: arXiv:1905.12322, section 3; checked 2026-11-21
# Ids stand for the length of a prompt only: its words are chosen, and counted, by the server's own tokenizer.
_SERVED_VOCABULARY = 32_000
_BYTES_PER_PARAMETER = {"fp32": 4, "bf16": 2, "fp16": 2, "none": 0}


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
    return spec.parameters * _BYTES_PER_PARAMETER[precision]


def _spec(name: str, table: Table) -> ModelSpec:
    family: Family = table.text("family", one_of=get_args(Family))  # type: ignore[assignment]
    parameters = table.integer("parameters", least=0)
    return ModelSpec(
        name=name,
        family=family,
        title=table.text("title"),
        parameters=parameters,
        active_parameters=table.integer("active_parameters", parameters, least=0, most=parameters),
        architecture=table.text("architecture"),
        config=table.free("config"),
        engines=table.texts("engines"),
        precisions=_precisions(table),
        hub=table.optional_text("hub"),
        licence=table.text("licence"),
        source=table.text("source"),
        tokenizer=table.optional_text("tokenizer"),
        max_context_tokens=table.optional_integer("max_context_tokens", least=1),
        languages=_languages(table),
    )


def _precisions(table: Table) -> tuple[str, ...]:
    precisions = table.texts("precisions")
    for one in precisions:
        if one not in _BYTES_PER_PARAMETER:
            known = ", ".join(_BYTES_PER_PARAMETER)
            raise table.wrong("precisions", f"expected some of {known}, found {one!r}")
    return precisions


def _languages(table: Table) -> dict[str, str]:
    languages = table.table("languages")
    return {iso: languages.text(iso) for iso in languages.keys()}  # noqa: SIM118 (Table is no Mapping)
