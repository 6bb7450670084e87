"""Tables as CSV, for programs or for spreadsheets set to French: the one place that writes cells.

write_table(sys.stdout, ("model", "kwh"), rows)                                  commas, a decimal point
write_table(Path("a.csv"), ("model", "kwh"), rows, delimiter=";", decimal=",")   as French spreadsheets read
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TextIO

from bench.errors import BadInput, UnknownName
from bench.files.atomic import write_whole
from bench.stats import significant

# Text of others lands in cells (OWASP, CSV Injection: these begin a formula; checked 2026-11-21).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a CSV file writes numbers and parts columns."""

    delimiter: str
    decimal: str
    encoding: str
    said: str
    guards: bool = False  # texts that a spreadsheet would take for a formula begin with an apostrophe


# A spreadsheet set to French reads `;` between columns and `,` before decimals, and takes a file without a byte
# order mark for Windows-1252 (Microsoft: "Opening CSV UTF-8 files correctly in Excel"; checked 2026-11-21).
STYLES: Mapping[str, Style] = {
    "plain": Style(delimiter=",", decimal=".", encoding="utf-8", said="commas between columns, a decimal point"),
    "fr": Style(
        delimiter=";",
        decimal=",",
        encoding="utf-8-sig",
        said="semicolons between columns, a decimal comma, UTF-8 with a byte order mark; a text that a "
        "spreadsheet would run as a formula begins with an apostrophe",
        guards=True,
    ),
}


def style_of(name: str) -> Style:
    """The style of that name. Raises UnknownName."""
    if name not in STYLES:
        raise UnknownName("CSV style", name, STYLES)
    return STYLES[name]


def write_table(
    to: Path | TextIO,
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    delimiter: str = ",",
    decimal: str = ".",
) -> None:
    """Writes one table to a file, whole or not at all, or to an open text stream such as stdout.

    With a decimal comma it is for a spreadsheet: files get a byte order mark, and no text begins a formula.
    Raises BadInput where one sign would stand for two things, or the file cannot be written.
    """
    if delimiter == decimal:
        raise BadInput(f"a CSV with {delimiter!r} between columns and before decimals; needed are two signs")
    for_spreadsheet = decimal == ","
    style = Style(
        delimiter=delimiter,
        decimal=decimal,
        encoding=STYLES["fr" if for_spreadsheet else "plain"].encoding,
        said="",
        guards=for_spreadsheet,
    )
    text = table_text(header, rows, style)
    if isinstance(to, Path):
        write_whole(to, text.encode(style.encoding))
    else:
        to.write(text)


def table_text(header: Sequence[str], rows: Iterable[Sequence[object]], style: Style) -> str:
    """One table as CSV (RFC 4180, but for its line ends)."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=style.delimiter, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([cell(value, style) for value in row] for row in rows)
    return out.getvalue()


def cell(value: object, style: Style) -> str:
    """A value as a cell has it: seven significant digits, `true` and `false`, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(significant(value)).replace(".", style.decimal)
    if isinstance(value, str) and style.guards and value.startswith(_FORMULA):
        return f"'{value}"
    return value.isoformat() if isinstance(value, datetime) else str(value)
