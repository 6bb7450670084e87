"""Coefficients ⇄ OUT/coefficients/HARDWARE.json: one file a machine, the same bytes on every write."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.errors import BrokenResults
from bench.files.atomic import write_whole
from bench.files.codec import build, plain
from bench.files.config import places
from bench.files.json_text import json_bytes, read_json
from bench.files.layout import coefficients_path
from bench.nouns import Coefficients, LoadCurve
from bench.phrases import Phrase

COEFFICIENTS_SCHEMA_VERSION = 1
SCHEMA_NAME = "coefficients.schema.json"


def document(
    coefficients: Sequence[Coefficients], seals: Mapping[str, str], curves: Sequence[LoadCurve] = ()
) -> dict[str, Any]:
    """What is published: coefficients, load curves, and the sha256 of each run.json that they rest on."""
    used = sorted({*(run for c in coefficients for run in c.runs), *(p.run_id for c in curves for p in c.points)})
    return {
        "schema_version": COEFFICIENTS_SCHEMA_VERSION,
        "coefficients": [plain(c) for c in coefficients],
        **({"load_curves": [plain(c) for c in curves]} if curves else {}),
        "seals": {run: seals[run] for run in used if run in seals},
    }


def write_coefficients(
    out: Path,
    coefficients: Iterable[Coefficients],
    seals: Mapping[str, str],
    curves: Sequence[LoadCurve] = (),
) -> tuple[Path, ...]:
    """Writes one file per hardware, and their JSON Schema beside them; returns the files of coefficients."""
    by_hardware: dict[str, list[Coefficients]] = {}
    for one in coefficients:
        by_hardware.setdefault(one.key.hardware, []).append(one)
    paths = []
    for hardware, members in sorted(by_hardware.items()):
        path = coefficients_path(out, hardware)
        drawn = [c for c in curves if c.key.hardware == hardware]
        write_whole(path, json_bytes(document(members, seals, drawn)))
        paths.append(path)
    if paths:
        schema = (places().data / SCHEMA_NAME).read_bytes()
        write_whole(paths[0].with_name(SCHEMA_NAME), schema)
    return tuple(paths)


def coefficient_paths(folder: Path) -> tuple[Path, ...]:
    """The files of coefficients in OUT/coefficients (or the published folder), in name order."""
    return tuple(p for p in sorted(folder.glob("*.json")) if p.name != SCHEMA_NAME)


def read_coefficients(path: Path) -> tuple[Coefficients, ...]:
    """The coefficients of one file. Raises BrokenResults when it is not of this schema."""
    entries = _entries(path, "coefficients")
    return tuple(build(Coefficients, one, f"{path}: coefficients[{i}]") for i, one in enumerate(entries))


def read_curves(path: Path) -> tuple[LoadCurve, ...]:
    """The load curves of the same file; (): it has none. Raises as `read_coefficients`."""
    entries = _entries(path, "load_curves", required=False)
    return tuple(build(LoadCurve, one, f"{path}: load_curves[{i}]") for i, one in enumerate(entries))


def _entries(path: Path, name: str, *, required: bool = True) -> list[Any]:
    data = read_json(path)
    if not isinstance(data, dict) or data.get("schema_version") != COEFFICIENTS_SCHEMA_VERSION:
        found = data.get("schema_version") if isinstance(data, dict) else type(data).__name__
        raise BrokenResults(
            Phrase(
                "{path}: schema_version {found!r}, this Joulemark reads {coefficients_schema_version}",
                path=path,
                found=found,
                coefficients_schema_version=COEFFICIENTS_SCHEMA_VERSION,
            )
        )
    entries = data.get(name, None if required else [])
    if not isinstance(entries, list):
        raise BrokenResults(Phrase("{path}: expected a list under {name!r}", path=path, name=name))
    return entries
