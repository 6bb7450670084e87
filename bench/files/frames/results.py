"""The tables of a result folder as pandas frames. pandas is imported when they are read, never before."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.errors import CannotRun
from bench.files.frames.columns import PANDAS, FrameTable, Kind
from bench.files.frames.gather import Columns, gather
from bench.files.frames.tables import TABLES

if TYPE_CHECKING:
    import pandas as pd

_ASK_FOR_PANDAS = "bench.read_results needs pandas: pip install 'joulemark[frames]'"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class Results:
    """A result folder as tidy frames: `run_id`, `fit_id`, `curve_id` and `comparison_id` join them.

    What a row and a column are: `bench.files.frames.tables`, or README.md of `joulemark export`.
    """

    path: Path
    runs: "pd.DataFrame"
    windows: "pd.DataFrame"
    components: "pd.DataFrame"
    work: "pd.DataFrame"
    requests: "pd.DataFrame"
    latencies: "pd.DataFrame"
    verdicts: "pd.DataFrame"
    quality: "pd.DataFrame"
    ceilings: "pd.DataFrame"
    coefficients: "pd.DataFrame"
    fits: "pd.DataFrame"
    fit_runs: "pd.DataFrame"
    validity: "pd.DataFrame"
    curves: "pd.DataFrame"
    curve_lines: "pd.DataFrame"
    levels: "pd.DataFrame"
    ratios: "pd.DataFrame"
    differences: "pd.DataFrame"

    def __iter__(self) -> Iterator[tuple[str, "pd.DataFrame"]]:
        """(name, frame) of every table, in their order."""
        return ((f.name, getattr(self, f.name)) for f in fields(self) if f.name != "path")

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name} {len(frame)}" for name, frame in self)
        return f"Results({str(self.path)!r}: rows of {sizes})"


def read_results(path: str | Path) -> Results:
    """All that a result folder holds, but its raw readings. Columns and dtypes are those of an empty folder too.

    Raises CannotRun without pandas; BadInput where there is no such folder; BrokenResults naming the file that
    is damaged or was edited.
    """
    out = Path(path)
    pandas = _pandas()
    found = gather(out)
    return Results(path=out, **{table.name: frame(pandas, table, found[table.name]) for table in TABLES})


def frame(pandas: Any, table: FrameTable, columns: Columns) -> "pd.DataFrame":
    """One table as a frame with a plain index; each column has its own fixed dtype."""
    series = {
        column.name: pandas.array(columns[column.name], dtype=_dtype(pandas, column.kind))
        for column in table.columns
    }
    return pandas.DataFrame(series)


def _dtype(pandas: Any, kind: Kind) -> object:
    # the same whether or not pyarrow, which pandas would keep texts in, is installed
    return pandas.StringDtype("python") if kind == "text" else PANDAS[kind]


def _pandas() -> Any:
    try:
        import pandas
    except ImportError as error:
        raise CannotRun(_ASK_FOR_PANDAS) from error
    return pandas
