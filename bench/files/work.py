"""Workloads by name, the user's own manifest before what is declared here."""

from pathlib import Path

from bench.errors import BadInput
from bench.files.config import places
from bench.files.declaration import read_table
from bench.files.manifest import manifest_families, manifest_sha256, read_manifest
from bench.files.workloads import read_workload, workload_names, workload_sha256
from bench.nouns import ModelSpec, Workload


def find_workload_names(manifest: Path | None) -> tuple[str, ...]:
    """Every workload that can be named. Raises BadInput where a manifest takes a declared name.

    Figures are told apart by their workload's name: two kinds of work under one name would be averaged.
    """
    own = tuple(manifest_families(manifest)) if manifest else ()
    declared = workload_names()
    if taken := sorted(set(own) & set(declared)):
        raise BadInput(f"{manifest}: the name {taken[0]!r} is a declared workload's; choose another (`name = …`)")
    return (*own, *declared)


def find_workload(name: str, model: ModelSpec, seed: int, manifest: Path | None) -> Workload:
    """The workload's requests for this model. Raises UnknownName, BadDeclaration or BadInput."""
    if manifest is not None and name in manifest_families(manifest):
        return next(w for w in read_manifest(manifest, model, seed) if w.name == name)
    return read_workload(name, model, seed)


def find_sha256(name: str, manifest: Path | None) -> str:
    """The sha256 of the declaration and all that its requests rest on."""
    if manifest is not None and name in manifest_families(manifest):
        return manifest_sha256(manifest)
    return workload_sha256(name)


def read_about(name: str) -> str:
    """A declared workload in one line."""
    table = read_table(places().workloads / f"{name}.toml")
    return f"{table.text('family')}: {table.text('description')}"
