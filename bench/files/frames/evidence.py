"""The sealed runs of a folder, for tables: each whole, under its own name."""

from pathlib import Path

from bench.errors import BadInput, BrokenResults
from bench.files.layout import SEAL, run_folders
from bench.files.store import Sealed, read_sealed


def sealed_runs(out: Path) -> tuple[Path, ...]:
    """The folders of OUT's sealed runs; () where OUT is there and empty.

    Raises BadInput where there is no such folder, or where results lie above or below it.
    """
    if not out.is_dir():
        raise BadInput(f"{out}: no such folder; give the one that --out named, with runs/ in it")
    if (out / SEAL).exists():
        raise BadInput(f"{out}: is one run; give the folder of results that it lies in, {out.parent.parent}")
    folders = run_folders(out)
    if not folders:
        nested = sorted(p.parents[2] for deep in ("*", "*/*") for p in out.glob(f"{deep}/runs/*/{SEAL}"))
        if nested:
            raise BadInput(f"{out}: no sealed run (runs/*/{SEAL}); sealed runs lie in {nested[0]}")
    return folders


def read_run(folder: Path) -> Sealed:
    """One run. Raises BrokenResults with the file that is not as it was sealed."""
    sealed = read_sealed(folder)
    if sealed.id != folder.name:
        raise BrokenResults(f"{folder / SEAL}: its id is {sealed.id!r}: the folder was copied or renamed")
    return sealed
