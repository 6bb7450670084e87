"""The scenarios in workloads/loads/: a name → how requests are sent."""

from pathlib import Path

from bench.errors import UnknownName
from bench.files.config import places
from bench.files.declaration import Table, read_table
from bench.nouns import Cell, Pace

# More than one client machine opens, and than a schedule of 10 s keeps up with; a limit against typing errors.
MOST_USERS, MOST_PER_S = 10_000, 10_000.0


def load_names(folder: Path | None = None) -> tuple[str, ...]:
    """The names of all declared scenarios, sorted."""
    return tuple(sorted(path.stem for path in (folder or _folder()).glob("*.toml")))


def read_load(name: str, folder: Path | None = None) -> Pace:
    """The scenario of that name. Raises UnknownName or BadDeclaration."""
    folder = folder or _folder()
    if name not in load_names(folder):
        raise UnknownName("load", name, load_names(folder))
    table = read_table(folder / f"{name}.toml")
    table.text("description")
    pace = _open(table) if table.text("kind", one_of=("closed", "open")) == "open" else _closed(table)
    table.finish()
    return pace


def pace_of(cell: Cell) -> Pace:
    """How a cell sends its requests: its scenario, its rate, or so many users who never think."""
    if cell.load is not None:
        return read_load(cell.load)
    if cell.rate is not None:
        return Pace(kind="open", rate_per_s=cell.rate)
    return Pace(kind="closed", users=cell.concurrency)


def _open(table: Table) -> Pace:
    return Pace(kind="open", rate_per_s=table.number("rate_per_s", least=0.001, most=MOST_PER_S))


def _closed(table: Table) -> Pace:
    least_s = table.number("least_think_s", 0.0, least=0.0)
    return Pace(
        kind="closed",
        users=table.integer("users", least=1, most=MOST_USERS),
        least_think_s=least_s,
        most_think_s=table.number("most_think_s", least_s, least=least_s),
    )


def _folder() -> Path:
    return places().workloads / "loads"
