"""What a comparison leaves: OUT/comparisons/ID.json and ID.html; and their proof, from the sealed runs alone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import __version__
from bench.errors import BadInput, BrokenResults, NoEngine
from bench.files.atomic import held, write_whole
from bench.files.codec import plain
from bench.files.comparisons import read_record
from bench.files.layout import comparison_ids, comparison_path, profile_folder
from bench.files.locales import language_of_page
from bench.files.profiles import read_profile
from bench.files.store import Sealed
from bench.nouns import HardwareProfile, Source
from bench.nouns.compared import Compared, ComparisonRecord, Price, check_price
from bench.phrases import speaking
from bench.report.compare import ComparisonInput, check_comparison, render_comparison
from bench.run.candidates import CandidateFolder
from bench.run.compare import document, keep, recompute
from bench.run.compare_figures import Mismatch, differences
from bench.run.compare_folders import from_folders
from bench.run.compare_record import check_record

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
    yield from check_record(name, record, known)
    yield from _price(name, out, record, known)
    page = comparison_path(out, id_, "html")
    try:
        text = page.read_text(encoding="utf-8")
    except (UnicodeDecodeError, OSError) as error:
        found = str(error)
        yield Mismatch(file=str(page.relative_to(out)), field="text", expected="a page in UTF-8", found=found)
        return
    with speaking(language_of_page(text)):
        differ = check_comparison(text, comparison_input(out, record, compared, known))
    for field, wanted, seen in differ:
        yield Mismatch(file=str(page.relative_to(out)), field=field, expected=wanted, found=seen)


def _price(name: str, out: Path, record: ComparisonRecord, known: Mapping[str, Sealed]) -> Iterator[Mismatch]:
    """A price that nobody typed is the one that the machine's profile declares."""
    if record.price is None or record.price.source == "as typed":
        return
    run = known[record.runs[0].run_id].run
    declared = price_of(None, "", _profile(out, run.spec.hardware) if run else None)
    yield from differences(name, declared and plain(declared), plain(record.price), "price")


def _work(sealed: Sealed) -> str:
    assert sealed.run is not None
    return str(sealed.run.spec.cell).rpartition("/")[2]


def _profile(out: Path, name: str) -> HardwareProfile | None:
    try:
        return read_profile(name, profile_folder(out))
    except BadInput:
        return None
