"""The suites in workloads/suites/: a name → cells in the order they run in, and how long a phase lasts."""

from dataclasses import dataclass
from pathlib import Path

from bench.errors import BadDeclaration, BadInput, UnknownName
from bench.files.cells import parse_cell
from bench.files.config import places
from bench.files.declaration import Table, read_table
from bench.nouns import Cell, Timing


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """A file in workloads/suites/: what is run together."""

    name: str
    description: str
    timing: Timing
    cells: tuple[Cell, ...]
    needs: str | None = None  # "gpu": it makes no sense without one
    notes: tuple[str, ...] = ()


def suite_names(folder: Path | None = None) -> tuple[str, ...]:
    """The names of all declared suites, sorted."""
    return tuple(sorted(path.stem for path in (folder or places().workloads / "suites").glob("*.toml")))


def read_suite(name: str, *, folder: Path | None = None) -> Suite:
    """The suite of that name. Raises UnknownName, or BadDeclaration for a wrong key or a misspelt cell."""
    folder = folder or places().workloads / "suites"
    if name not in suite_names(folder):
        raise UnknownName("suite", name, suite_names(folder))
    table = read_table(folder / f"{name}.toml")
    suite = Suite(
        name=name,
        description=table.text("description"),
        timing=_timing(table.table("timing")),
        cells=_cells(table),
        needs=table.text("needs", one_of=("gpu",)) if "needs" in table else None,
        notes=table.texts("notes", ()),
    )
    table.finish()
    return suite


def _timing(table: Table) -> Timing:
    """Every phase's length is declared: a suite says how long it measures."""
    timing = Timing(
        window_s=table.number("window_s", least=0.1),
        windows=table.integer("windows", least=1),
        most_windows=table.integer("most_windows", least=1) if "most_windows" in table else None,
        precision_ratio=table.number("precision_ratio", least=0.001) if "precision_ratio" in table else 0.02,
        idle_s=table.number("idle_s", least=0.0),
        warmup_s=table.number("warmup_s", least=0.0),
        sample_period_s=table.number("sample_period_s", least=0.001, most=10.0),
    )
    table.finish()
    return timing


def _cells(table: Table) -> tuple[Cell, ...]:
    cells: list[Cell] = []
    for text in table.texts("cells"):
        try:
            cell = parse_cell(text)
        except BadInput as error:
            raise BadDeclaration(table.file, table.line("cells"), str(error)) from error
        if cell in cells:
            raise table.wrong("cells", f"{text!r} stands there twice")
        cells.append(cell)
    if not cells:
        raise table.wrong("cells", "expected at least one cell")
    return tuple(cells)
