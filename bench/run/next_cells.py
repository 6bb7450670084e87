"""Which cells of a result folder's models are worth running next."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.files.shapes import declared_shapes
from bench.fit.coefficients import fit
from bench.fit.design import Next, Shape, next_cells
from bench.fit.levels import holds_at, merged
from bench.fit.rows import Group, Measured, groups
from bench.nouns import Coefficients
from bench.run.learn import read_folder
from bench.run.publish import measured_runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """Of one entry: terms that are held together and what would part them, else the cells that narrow it most."""

    entry: Coefficients
    apart: tuple[tuple[str, str], ...] = ()  # (term, why it is absent and what to add)
    cells: tuple[Next, ...] = ()


def advise(out: Path) -> tuple[tuple[Advice, ...], tuple[str, ...]]:
    """For every entry of OUT's fit, and the runs that could not be read. Raises BadInput without runs."""
    sealed, broken = read_folder(out)
    return advice(measured_runs(sealed), declared_shapes()), broken


def advice(every: Sequence[Measured], shapes: Sequence[Shape]) -> tuple[Advice, ...]:
    """The same, of runs and shapes that are given."""
    known = groups(every)
    return tuple(_advice(entry, known, shapes) for entry in fit(every, shapes))


def _advice(entry: Coefficients, known: Sequence[Group], shapes: Sequence[Shape]) -> Advice:
    apart = tuple((term, why) for term, why in entry.not_identified.items() if "; add " in why or "off by" in why)
    if apart:
        return Advice(entry=entry, apart=apart)
    own = [g for g in known if (g.key, g.boundary) == (entry.key, entry.boundary) and holds_at(entry, g)]
    group = merged([g for g in own if g.runs]) if entry.levels else own[0]
    return Advice(entry=entry, cells=next_cells(group, entry, shapes))
