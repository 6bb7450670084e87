"""The ledgers that a report shows: of each run's work, and of all the work on the page."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from bench.phrases import Phrase, told
from bench.physics.ledger import PUE, Entry, Ledger, judged, ledger, total
from bench.physics.phases import work
from bench.report.stored import retell
from bench.report.views import ReportInput, RunView
from bench.report.words import person

ALL = "ledger"
_MOST_REASONS = 3
_PARTS = ("gpu", "cpu", "dram")  # what people ask after; the rest of what a boundary holds are sums of them


def ledgers(report: ReportInput) -> Mapping[str, Ledger]:
    """Every ledger of a page by the key that its figures begin with; all of the work under `ledger`."""
    each = [(run, _of_work(run)) for run in report.runs]
    return {ALL: total([_named(run, one) for run, one in each]), **{run_key(run): one for run, one in each}}


def run_key(run: RunView) -> str:
    """What the figures of a run's ledger begin with."""
    return f"runs/{run.id}/{ALL}"


def entry_keys(one: Ledger, base: str) -> Iterator[tuple[str, Entry]]:
    """Every entry of a ledger with the key of its figures, those that stand apart last."""
    for entry in one.entries:
        yield f"{base}/{entry.basis}/{entry.boundary}", entry
    for entry in one.apart:
        yield f"{base}/apart/{entry.basis}/{entry.domains[0]}", entry


def holding(entry: Entry) -> str:
    """What an entry holds besides its own boundary, and what else it is: `holds cpu and dram`; '' when nothing."""
    held = [at for at in entry.holds if at in _PARTS]
    return "; ".join([*((told(Phrase("holds {parts}", parts=listed(held))),) if held else ()), *entry.notes])


def why_gap(entry: Entry) -> tuple[str, ...]:
    """Why an entry has no energy, the first reasons of many."""
    more = len(entry.reasons) - _MOST_REASONS
    return (*entry.reasons[:_MOST_REASONS], *((told(Phrase("and {n} more", n=more)),) if more > 0 else ()))


def gathered(one: Ledger, named: Callable[[str], str] = str) -> tuple[tuple[str, str], ...]:
    """(what, why) of all that is excluded; what shares a reason is told together."""
    known = {domain for entry in (*one.entries, *one.apart) for domain in entry.domains}
    groups: dict[str, list[str]] = {}
    for left in one.excluded:
        why = retell(left.reason)
        partly = told(Phrase(" (in {n} of its windows)", n=left.windows)) if left.what in known else ""
        groups.setdefault(why + partly, []).append(named(left.what))
    return tuple((listed(whats), why) for why, whats in groups.items())


def listed(words: Sequence[str]) -> str:
    """`a, b and c`."""
    return told(Phrase(" and ")).join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)


def shown_name(what: str) -> str:
    """What is excluded, in words: `gpu:1` → GPU 1."""
    return "× PUE" if what == PUE else person(what) if ":" in what else what


def _of_work(run: RunView) -> Ledger:
    return ledger(judged(work(run.energies), run.verdicts), device=run.device or None)


def _named(run: RunView, one: Ledger) -> Ledger:
    """The same ledger, its gaps telling whose they are."""

    def told(entries: Sequence[Entry]) -> tuple[Entry, ...]:
        return tuple(replace(e, reasons=tuple(f"{run.short}: {why}" for why in e.reasons)) for e in entries)

    return replace(one, entries=told(one.entries), apart=told(one.apart))
