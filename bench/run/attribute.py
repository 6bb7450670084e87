"""Each run's energy as its requests', by terms that were fitted on other cells; and what the meter says beside."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.fit.attribution import WindowAccount, accounts, needs, outside, uncounted
from bench.fit.coefficients import fit
from bench.fit.levels import holds_at, merged
from bench.fit.rows import Group, Measured, groups
from bench.fit.terms import DECODE_STEP
from bench.nouns import Coefficients
from bench.physics.doubles import pretends
from bench.physics.verdict import spoilt
from bench.run.commands import run_lines
from bench.run.learn import read_folder
from bench.run.publish import measured_runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributed:
    """One run within one boundary. Without accounts: `why` says what is missing."""

    run_id: str
    cell: str
    boundary: str
    basis: str
    simulated: bool = False  # a program plays the sensor
    in_sample: bool = False  # the terms rest on this cell's own runs too
    remarks: tuple[str, ...] = ()
    windows: tuple[WindowAccount, ...] = ()
    why: str = ""
    helps: tuple[str, ...] = ()  # what to type, where `why` says something


def attribute_folder(out: Path) -> tuple[tuple[Attributed, ...], tuple[str, ...]]:
    """Every sealed run of OUT, and the runs that could not be read. Raises BadInput without runs."""
    sealed, broken = read_folder(out)
    return tuple(attributed(measured_runs(sealed), out)), broken


def attributed(every: Sequence[Measured], out: Path = Path("results")) -> Iterator[Attributed]:
    """The runs one by one, each within every boundary that it was read in."""
    whole = fit(every)
    others = {
        str(cell): fit([m for m in every if m.run.spec.cell != cell])
        for cell in dict.fromkeys(m.run.spec.cell for m in every)
    }
    for one in every:
        for group in groups([one]):
            yield _of(one, group, others[str(one.run.spec.cell)], whole, out)


def _of(
    one: Measured, group: Group, others: Sequence[Coefficients], whole: Sequence[Coefficients], out: Path
) -> Attributed:
    cell = str(one.run.spec.cell)
    simulated = any(pretends(source) for source in one.run.sources if source.boundary == group.boundary)
    said = Attributed(
        run_id=one.run.id, cell=cell, boundary=group.boundary, basis=group.basis, simulated=simulated
    )
    if not group.runs:
        why = group.excluded[0].why if group.excluded else "no window has an energy"
        finished = not spoilt(one.run.sources, one.run.loaded.device, one.verdicts)
        return replace(said, why=why, helps=run_lines([one.run.spec], out, fresh=finished))
    found = _fitting(others, group, one)
    in_sample = found is None
    found = found or _fitting(whole, group, one)
    if found is None:
        return replace(
            said,
            why="its terms are not known: run more shapes of work, or more loads",
            helps=(shlex.join(["joulemark", "next", str(out)]),),
        )
    if absent := uncounted(found, group, one.run):
        return replace(said, why=f"some requests count no {', '.join(absent)}: the others are not all of it")
    remarks = [f"outside what the terms rest on: {what}" for what in outside(found, one.run)]
    cell_ = one.run.spec.cell
    if DECODE_STEP not in found.terms and (cell_.concurrency > 1 or cell_.rate is not None or cell_.load):
        remarks.append("no term tells shared steps apart: a request's figure is an average over those beside it")
    return replace(said, in_sample=in_sample, remarks=tuple(remarks), windows=accounts(found, group, one.run))


def _fitting(known: Sequence[Coefficients], group: Group, one: Measured) -> Coefficients | None:
    """The entry that describes this run's work; None: there is none with all of its terms."""
    cell, wanted = one.run.spec.cell, needs(merged([group]))
    for entry in known:
        mine = (entry.key, entry.boundary) == (group.key, group.boundary) and holds_at(entry, cell)
        if mine and wanted <= entry.terms.keys():
            return entry
    return None
