"""The sealed runs of a folder as evidence: each whole, its own, of a model that is declared, and there once."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.errors import BadInput, BrokenResults
from bench.files.layout import READINGS, SEAL, run_folders
from bench.files.models import model_of
from bench.files.store import Sealed, read_sealed
from bench.nouns import Observation, Reading, RunSpec


def sealed_folders(out: Path, what: str) -> tuple[Path, ...]:
    """The folders of OUT's sealed runs; `what` is to be done with them.

    Raises BadInput without such a folder, BrokenResults without a sealed run in it.
    """
    if not out.is_dir():
        raise BadInput(f"{out}: no such folder")
    folders = run_folders(out)
    if not folders:
        nested = sorted({p.parents[2] for p in out.glob(f"*/*/runs/*/{SEAL}")})
        hint = f"; sealed runs lie in {nested[0]}" if nested else ""
        raise BrokenResults(f"{out}: no sealed run (runs/*/run.json), so nothing to {what}{hint}")
    return folders


def evidence(folders: Sequence[Path]) -> Iterator[Sealed | BrokenResults]:
    """For each folder its run, or what is wrong with it. A copy of a run is no second measurement."""
    first: dict[str, str] = {}
    for folder in folders:
        yield _one(folder, first)


def _one(folder: Path, first: dict[str, str]) -> Sealed | BrokenResults:
    try:
        sealed = read_sealed(folder)
    except BrokenResults as error:
        return error
    seal = folder / SEAL
    if sealed.id != folder.name:
        return BrokenResults(f"{seal}: its id is {sealed.id!r}: the folder was copied or renamed")
    if sealed.run is not None and (wrong := undeclared(sealed.run.spec)):
        return BrokenResults(f"{seal}: {wrong}")
    if twin := twin_of(sealed, first):
        return BrokenResults(
            f"{folder / READINGS}: the same readings as those of {twin}: one of the two is a copy"
        )
    return sealed


def undeclared(spec: RunSpec) -> str | None:
    """What a run says of its model that no declaration bears out; None: they agree."""
    try:
        family = model_of(spec).family
    except BadInput as error:
        return str(error)
    return None if spec.family == family else f"spec.family is {spec.family!r}, its model's is {family!r}"


def twin_of(sealed: Sealed, first: dict[str, str]) -> str | None:
    """The run whose readings these are as well; None: they are its own, and noted in `first` (sha256 → run)."""
    if not sealed.trace.observations:
        return None
    name = sealed.folder.name
    twin = first.setdefault(_readings_sha256(sealed.trace.observations), name)
    return None if twin == name else twin


def _readings_sha256(observations: Sequence[Observation]) -> str:
    """Of what was read, not of the bytes in which it lies: packed anew, a copy is still one."""
    digest = hashlib.sha256()
    for one in observations:
        name = one.field if isinstance(one, Reading) else one.name
        digest.update(f"{one.t_ns},{one.domain},{name},{one.value!r};".encode())
    return digest.hexdigest()
