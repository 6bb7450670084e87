"""What a comparison leaves: OUT/comparisons/ID.json and ID.html; and their proof, from the sealed runs alone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import __version__
from bench.errors import BadInput, BrokenResults, NoEngine
from bench.files.atomic import held, write_whole
from bench.files.comparisons import read_record
from bench.files.layout import comparison_ids, comparison_path, profile_folder
from bench.files.profiles import read_profile
from bench.files.store import Sealed
from bench.nouns import HardwareProfile, Source
from bench.nouns.compared import Compared, ComparisonRecord, Price, check_price
from bench.report.compare import ComparisonInput, check_comparison, render_comparison
from bench.run.candidates import CandidateFolder, short_names
from bench.run.compare import document, keep, newest_parts, parts_of, recompute, round_of
from bench.run.compare_figures import Mismatch, differences
from bench.run.compare_folders import folders_id, from_folders, interleaved

_CURRENCIES = {"price_eur_per_h": "EUR", "price_usd_per_h": "USD"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A comparison and where it lies."""

    compared: Compared
    document: Mapping[str, Any]
    path: Path
    page: Path


def price_of(per_hour: float | None, currency: str, profile: HardwareProfile | None) -> Price | None:
    """What was typed, else what the machine's profile declares; None: no price is known. Raises BadInput."""
    if per_hour is not None:
        return Price(per_hour=per_hour, currency=currency, source="as typed")
    for name, known in _CURRENCIES.items():
        if profile is not None and (figure := profile.figures.get(name)) is not None:
            check_price(figure.value, f"{name} of the hardware profile")
            return Price(per_hour=figure.value, currency=known, source=figure.source)
    return None


def seal(out: Path, record: ComparisonRecord, known: Mapping[str, Sealed]) -> Kept:
    """Writes the comparison's figures and its page. Raises BadInput and BrokenResults where there is none."""
    compared = recompute(record, known)
    path = keep(out, record, compared, known)
    page = comparison_path(out, record.id, "html")
    shown = comparison_input(out, record, compared, known)
    write_whole(page, render_comparison(shown).encode())
    return Kept(compared=compared, document=document(record, compared, known), path=path, page=page)


def compare_folders(folders: Sequence[CandidateFolder], out: Path, price: tuple[float | None, str]) -> Kept:
    """The comparison of runs that are sealed already."""
    record, known = from_folders(folders, None)
    first = known[record.runs[0].run_id]
    assert first.run is not None
    profile = _profile(first.folder.parents[1], first.run.spec.hardware)
    record = from_folders(folders, price_of(*price, profile))[0]
    with held(out):
        return seal(out, record, known)


def comparison_input(
    out: Path, record: ComparisonRecord, compared: Compared, known: Mapping[str, Sealed]
) -> ComparisonInput:
    """What one page shows of a comparison."""
    hardware = compared.candidates[0].hardware
    profile = _profile(out, hardware)
    runs = [known[t.run_id].run for t in record.runs]
    sources: dict[str, Source] = {s.domain: s for run in runs if run for s in run.sources}
    return ComparisonInput(
        id=record.id,
        generated_by=f"Joulemark {__version__}",
        hardware_title=profile.title if profile else hardware,
        compared=compared,
        sources=tuple(sources[d] for d in sorted(sources)),
        runs=tuple(
            (record.names[t.candidate], t.round, _work(known[t.run_id]), t.run_id, known[t.run_id].seal_sha256)
            for t in sorted(record.runs, key=lambda t: (t.round, t.run_id))
        ),
    )


def check_comparisons(out: Path, proven: Sequence[Sealed]) -> tuple[int, list[Mismatch]]:
    """How many files of comparisons OUT holds, and where they differ from what its runs prove."""
    known = {s.id: s for s in proven}
    checked, found = 0, list[Mismatch]()
    for id_ in comparison_ids(out):
        for kind in ("json", "html"):
            checked += comparison_path(out, id_, kind).exists()
        found += _check(out, id_, known)
    return checked, found


def _check(out: Path, id_: str, known: Mapping[str, Sealed]) -> Iterator[Mismatch]:
    path = comparison_path(out, id_)
    name = str(path.relative_to(out))
    try:
        record, data = read_record(path)
        compared = recompute(record, known)
    except (BadInput, BrokenResults, NoEngine) as error:
        yield Mismatch(file=name, field="comparison", expected="runs that prove it", found=str(error))
        return
    yield from differences(name, document(record, compared, known), data)
    yield from _claims(name, record, known)
    yield from _rounds_left_out(name, record, known)
    page = comparison_path(out, id_, "html")
    try:
        text = page.read_text(encoding="utf-8")
    except (UnicodeDecodeError, OSError) as error:
        found = str(error)
        yield Mismatch(file=str(page.relative_to(out)), field="text", expected="a page in UTF-8", found=found)
        return
    for field, wanted, seen in check_comparison(text, comparison_input(out, record, compared, known)):
        yield Mismatch(file=str(page.relative_to(out)), field=field, expected=wanted, found=seen)


def _claims(name: str, record: ComparisonRecord, known: Mapping[str, Sealed]) -> Iterator[Mismatch]:
    """What a record says of its runs: whose they are, what they are called, whether they came in turn."""
    sides = [[known[t.run_id] for t in record.runs if t.candidate == c] for c in range(len(record.names))]
    # rounds are of one weights path each; of a folder's several the newest stands, and the others are set apart
    told = None if record.measured_for_it else 4
    if any(len({parts_of(one)[:told] for one in side}) != 1 for side in sides):
        yield Mismatch(file=name, field="runs", expected="one candidate's runs under each number", found="mixed")
        return
    names = short_names([newest_parts(side) for side in sides])
    yield from differences(name, list(names), list(record.names), "names")
    if not record.measured_for_it:
        in_turn = interleaved(record.runs, known, len(record.names))
        yield from differences(name, in_turn, record.interleaved, "interleaved")
        yield from differences(name, folders_id(known[t.run_id] for t in record.runs), record.id, "id")
    elif not record.interleaved:
        yield Mismatch(file=name, field="interleaved", expected=True, found=False)


def _rounds_left_out(name: str, record: ComparisonRecord, known: Mapping[str, Sealed]) -> Iterator[Mismatch]:
    """A comparison that was measured holds every run that was measured for it: none is chosen."""
    if not record.measured_for_it:
        return
    mine = {t.run_id: t.round for t in record.runs}
    for id_, sealed in known.items():
        of = round_of(sealed.run.spec) if sealed.run else None
        if of and of[0] == record.id and mine.get(id_) != of[1]:
            yield Mismatch(file=name, field=f"runs.{id_}", expected=f"in round {of[1]}", found=mine.get(id_))
    for id_ in mine:
        run = known[id_].run
        if run is not None and (round_of(run.spec) or ("", 0))[0] != record.id:
            yield Mismatch(file=name, field=f"runs.{id_}", expected="a run of this comparison", found="another's")


def _work(sealed: Sealed) -> str:
    assert sealed.run is not None
    return str(sealed.run.spec.cell).rpartition("/")[2]


def _profile(out: Path, name: str) -> HardwareProfile | None:
    try:
        return read_profile(name, profile_folder(out))
    except BadInput:
        return None
