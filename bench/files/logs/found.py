"""Names on a command line → files of one kind: folders and patterns opened, sizes and first bytes looked at."""

import glob
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bench.errors import BadInput
from bench.phrases import Phrase

Kind = Literal["parquet", "csv", "json", "yaml"]
_KINDS: dict[str, Kind] = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".yaml": "yaml",
    ".yml": "yaml",
}
_PACKED = (".gz", ".zst")
_WHOLE = "PAR1"  # what a Parquet file begins and ends with (parquet.apache.org/docs/file-format; 2026-11-22)
_NEEDED = Phrase("needed is a log as .parquet, .csv, .jsonl, .json or .yaml; texts may be packed as .gz or .zst")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFiles:
    """Files of one kind, in the order of their names, and what was left out of folders."""

    kind: Kind
    paths: tuple[Path, ...]
    left: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The files as people name them."""
        more = Phrase(" and {n} more", n=len(self.paths) - 1) if len(self.paths) > 1 else ""
        return Phrase("{path}{more}", path=self.paths[0], more=more)


def log_files(names: Sequence[str]) -> LogFiles:
    """The files that these names, folders and patterns stand for. Raises BadInput."""
    paths: list[Path] = []
    left: list[str] = []
    for name in names:
        paths += _matches(name, left)
    kinds: dict[Kind, Path] = {}
    for path in paths:
        kinds.setdefault(_kind(path), path)
    if len(kinds) > 1:
        told = " and ".join(f"{path} ({kind})" for kind, path in kinds.items())
        raise BadInput(Phrase("logs of several kinds: {told}; needed is one kind at a time", told=told))
    unique = tuple(sorted(dict.fromkeys(paths)))
    for path in unique:
        _check(path, _kind(path))
    return LogFiles(kind=next(iter(kinds)), paths=unique, left=tuple(left))


def _matches(name: str, left: list[str]) -> list[Path]:
    path = Path(name)
    if path.is_dir():
        inside = sorted(one for one in path.rglob("*") if one.is_file() and not one.name.startswith((".", "_")))
        found = [one for one in inside if _suffix(one) in _KINDS]
        left += [str(one) for one in inside if _suffix(one) not in _KINDS]
        if not found:
            raise BadInput(Phrase("{name}: a folder without a log; {needed}", name=name, needed=_NEEDED))
        return found
    if path.is_file():
        return [path]
    found = [Path(one) for one in sorted(glob.glob(name, recursive=True)) if Path(one).is_file()]
    if not found:
        near = _nearest(path)
        hint = Phrase("; did you mean {names}?", names=near) if near else ""
        raise BadInput(Phrase("{name}: no such file, folder or pattern{hint}", name=name, hint=hint))
    return found


def _nearest(path: Path) -> str:
    from difflib import get_close_matches

    beside = [one.name for one in _beside(path)]
    near = get_close_matches(path.name, beside, n=1, cutoff=0.6)
    return str(path.parent / near[0]) if near else ""


def _beside(path: Path) -> Iterator[Path]:
    if path.parent.is_dir():
        yield from path.parent.iterdir()


def _suffix(path: Path) -> str:
    suffixes = [one.lower() for one in path.suffixes]
    if suffixes and suffixes[-1] in _PACKED:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def _kind(path: Path) -> Kind:
    kind = _KINDS.get(_suffix(path))
    if kind is None:
        raise BadInput(
            Phrase(
                "{path}: {suffix} is no kind of log; {needed}",
                path=path,
                suffix=_suffix(path) or Phrase("no ending"),
                needed=_NEEDED,
            )
        )
    if kind in ("parquet", "yaml") and path.suffix.lower() in _PACKED:
        raise BadInput(
            Phrase("{path}: a packed {kind} file; needed is the file itself: unpack it", path=path, kind=kind)
        )
    return kind


def _check(path: Path, kind: Kind) -> None:
    try:
        with path.open("rb") as file:
            head = file.read(4)
            if not head:
                raise BadInput(Phrase("{path}: an empty file; needed is a log with a row at least", path=path))
            if kind != "parquet":
                return
            file.seek(-min(4, path.stat().st_size), 2)
            tail = file.read(4)
    except OSError as error:
        raise BadInput(
            Phrase("{path}: {strerror}; name a log that can be read", path=path, strerror=error.strerror)
        ) from error
    if head != _WHOLE.encode() or tail != _WHOLE.encode():
        what = (
            Phrase("no Parquet file")
            if head != _WHOLE.encode()
            else Phrase("a Parquet file that is cut off: its end is missing")
        )
        raise BadInput(Phrase("{path}: {what}; needed is the whole file: copy it again", path=path, what=what))
