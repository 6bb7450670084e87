"""Which cells of a result folder's models are worth running next, and what to type for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.files.shapes import declared_shapes
from bench.fit.coefficients import fitted
from bench.fit.design import Next, Shape, next_cells
from bench.fit.fitted import Fitted
from bench.fit.refusal import Refusal
from bench.fit.revealing import Revealing, revealing, untrue
from bench.fit.rows import Measured
from bench.fit.terms import SHOWN, TERMS
from bench.nouns import Coefficients
from bench.run.apart import Apart, set_apart, told_by
from bench.run.commands import run_lines, with_work
from bench.run.learn import read_folder
from bench.run.publish import measured_runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """Of one entry: terms that are held together and what would part them, else cells that tell more of it."""

    entry: Coefficients
    apart: tuple[Refusal, ...] = ()
    shows: tuple[Revealing, ...] = ()  # where cells that were left out are not predicted: what would say why
    cells: tuple[Next, ...] = ()  # those that narrow its terms most
    lines: tuple[str, ...] = ()  # what to type for all of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Advised:
    """Of a whole folder."""

    entries: tuple[Advice, ...]
    apart: tuple[Apart, ...]  # what is in no entry together with the rest
    broken: tuple[str, ...]  # the runs that could not be read


def advise(out: Path) -> Advised:
    """For every entry of OUT's fit. Raises BadInput without runs."""
    sealed, broken = read_folder(out)
    return Advised(
        entries=advice(measured_runs(sealed), declared_shapes(), out),
        apart=set_apart(told_by(sealed), out),
        broken=broken,
    )


def advice(every: Sequence[Measured], shapes: Sequence[Shape], out: Path = Path("results")) -> tuple[Advice, ...]:
    """The same, of runs and shapes that are given."""
    return tuple(_advice(one, every, shapes, out) for one in fitted(every, shapes))


def _advice(one: Fitted, every: Sequence[Measured], shapes: Sequence[Shape], out: Path) -> Advice:
    apart = tuple(why for why in one.refused if not why.again and (why.helps or why.remedy))
    terms = [t for t in (*TERMS[one.group.family], *SHOWN.get(one.group.family, ())) if t.name in one.entry.terms]
    shows = revealing(one.group, terms, shapes) if untrue(one.entry) and not apart else ()
    cells = next_cells(one.group, one.entry, shapes) if not apart else ()
    named = [*(cell for why in apart for cell in why.helps), *(s.cell for s in shows), *(n.cell for n in cells)]
    like = [m.run.spec for m in every if m.run.id in one.entry.runs]
    lines = run_lines((with_work(like[-1], cell) for cell in named), out) if like else ()
    return Advice(entry=one.entry, apart=apart, shows=shows, cells=cells, lines=lines)
