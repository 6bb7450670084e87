"""`compare`: rounds of candidates on the same work, measured A B B A …, and the comparison that they prove.

    cells ─→ rounds, each a whole sealed run ─┐
    folders of sealed runs ───────────────────┴─→ record (which runs) ─→ showings ─→ ratios ─→ OUT/comparisons/

The record names runs and nothing else: `verify` makes the showings, the ratios and the page from it once more.
"""

import shlex
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.errors import BadInput, BrokenResults
from bench.files.atomic import write_whole
from bench.files.codec import plain
from bench.files.json_text import json_bytes
from bench.files.layout import SEAL, comparison_path, profile_folder, run_folder, run_folders
from bench.files.store import Sealed, read_seal
from bench.fit.comparison import compare
from bench.fit.showings import same_conditions, showing
from bench.nouns import RunSpec
from bench.nouns.compared import Compared, ComparisonRecord, Showing, Take
from bench.report.compare_front import front_text
from bench.report.compare_text import sentences
from bench.run.candidates import Parts, parts_of_cell
from bench.run.evidence import evidence
from bench.run.judged import judge
from bench.run.publish import measured
from bench.run.stopping import round_of


def recompute(record: ComparisonRecord, known: Mapping[str, Sealed]) -> Compared:
    """The comparison, from the runs that it names. Raises BadInput and BrokenResults where they show none.

    Raises NoEngine where the library that scored their answers is not here.
    """
    showings: list[Showing] = []
    apart = [one.text(record.names) for one in record.left_out]
    for take in record.runs:
        sealed = known.get(take.run_id)
        if sealed is None or sealed.run is None:
            raise BrokenResults(f"{take.run_id}: no sealed run of this comparison reads whole under that name")
        shown = showing(measured(sealed), sealed.published.quality, candidate=take.candidate, round_=take.round)
        if isinstance(shown, str):
            apart.append(f"{take.run_id}, round {take.round} of {record.names[take.candidate]}: {shown}")
        else:
            showings.append(shown)
    if not record.runs:
        raise BrokenResults(f"comparison {record.id}: no run has been measured for it yet")
    missing = [n for c, n in enumerate(record.names) if all(s.candidate != c for s in showings)]
    if missing:
        why = f": {apart[0]}" if apart else ""
        audit = shlex.join(["joulemark", "audit", str(known[record.runs[0].run_id].folder.parents[1])])
        raise BrokenResults(f"no run of {missing[0]} can be compared{why}; `{audit}` says what to mend")
    same_conditions(showings, record.names)
    made = compare(
        showings,
        record.names,
        interleaved=record.interleaved,
        price=record.price,
        set_apart=apart,
        judge=judge(known),
    )
    if not any(pair.ratios for work in made.works for pair in work.pairs):
        raise BrokenResults(
            "no round has a sound run of both candidates; the same command measures what is missing"
        )
    return replace(made, notes=(*made.notes, record.stopping)) if record.stopping else made


def document(record: ComparisonRecord, compared: Compared, known: Mapping[str, Sealed]) -> dict[str, Any]:
    """What lies in OUT/comparisons/ID.json: the record, what follows from it, and the seals of its runs."""
    return {
        **plain(record),
        "comparison": plain(compared),
        "verdicts": list(sentences(compared)),
        "front": [text for work in compared.works for text in front_text(compared, work)],
        "seals": {t.run_id: known[t.run_id].seal_sha256 for t in record.runs},
    }


def round_names(out: Path) -> tuple[str, ...]:
    """The comparisons of which OUT holds rounds, by their runs' seals alone."""
    return tuple(sorted({of[0] for of in map(round_of, _specs(out).values()) if of}))


def sealed_rounds(out: Path, id_: str) -> dict[str, Sealed]:
    """The runs in OUT that were measured for a comparison and read whole, by their ids."""
    return {one.id: one for one in read_rounds(out, id_).values() if isinstance(one, Sealed)}


def read_rounds(out: Path, id_: str) -> dict[Path, Sealed | BrokenResults]:
    """Each run in OUT that was measured for a comparison, or what is wrong with it."""
    folders = list(round_specs(out, id_))
    return dict(zip(folders, evidence(folders), strict=True))


def round_specs(out: Path, id_: str) -> dict[Path, RunSpec]:
    """The folders in OUT whose seal says that they were measured for a comparison, and what was asked of each."""
    if not out.is_dir():
        return {}
    return {f: spec for f, spec in _specs(out).items() if spec and (of := round_of(spec)) and of[0] == id_}


def _specs(out: Path) -> dict[Path, RunSpec | None]:
    found = {}
    for folder in run_folders(out):
        with suppress(BrokenResults):  # verify names it
            found[folder] = read_seal(folder).spec
    return found


def takes(sealed: Mapping[str, Sealed], order: Sequence[Parts]) -> tuple[Take, ...]:
    """Measured rounds as a record names them; `order`: each candidate's parts."""
    found = []
    for id_, one in sorted(sealed.items()):
        of = round_of(one.run.spec) if one.run else None
        if of is not None and (parts := parts_of(one)) in order:
            found.append(Take(run_id=id_, candidate=order.index(parts), round=of[1]))
    return tuple(found)


def parts_of(sealed: Sealed) -> Parts:
    """Engine, model, precision, device and weights of a run, as they were asked for."""
    assert sealed.run is not None
    return parts_of_spec(sealed.run.spec)


def newest_parts(runs: Iterable[Sealed]) -> Parts:
    """What one candidate's runs are: of its last one, which stands where they were of several weights."""
    return parts_of(max(runs, key=lambda one: one.id))


def parts_of_spec(spec: RunSpec) -> Parts:
    """The same of what is asked; synthetic weights come from no path."""
    return parts_of_cell(spec.cell, spec.weights_path if spec.weights != "synthetic" else None)


def keep(out: Path, record: ComparisonRecord, compared: Compared, known: Mapping[str, Sealed]) -> Path:
    """Seals the comparison's figures; returns where. Runs that lie elsewhere are copied, so that OUT proves it."""
    for one in known.values():
        _adopt(out, one)
    path = comparison_path(out, record.id)
    write_whole(path, json_bytes(document(record, compared, known)))
    return path


def _adopt(out: Path, sealed: Sealed) -> None:
    """A copy of a run in OUT, seal last; its machine's profile with it where that was generated."""
    target = run_folder(out, sealed.id)
    if target.resolve() == sealed.folder.resolve():
        return
    if (target / SEAL).exists():
        if (target / SEAL).read_bytes() != (sealed.folder / SEAL).read_bytes():
            raise BadInput(f"{target} is another run of that id; choose another --out")
        return
    for name in (*sorted(p.name for p in sealed.folder.iterdir() if p.name != SEAL), SEAL):
        write_whole(target / name, (sealed.folder / name).read_bytes())
    for profile in profile_folder(sealed.folder.parents[1]).glob("*.toml"):
        kept = profile_folder(out) / profile.name
        if sealed.run and profile.stem == sealed.run.spec.hardware and not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(profile, kept)
