"""OUT/comparisons/ID.json → the record of a comparison, and what followed from it when it was sealed.

The one reader of such files: what is of another schema, was renamed or names nobody's runs is refused.
"""

from pathlib import Path
from typing import Any

from bench.errors import BadInput, BrokenResults
from bench.files.codec import build
from bench.files.json_text import read_json
from bench.nouns.compared import COMPARISON_SCHEMA_VERSION, Compared, ComparisonRecord, check_price

_DERIVED = ("comparison", "verdicts", "front", "seals")  # what follows from the record


def read_record(path: Path) -> tuple[ComparisonRecord, Any]:
    """The record of a comparison's file, and the whole of what it says. Raises BrokenResults."""
    data = read_json(path)
    if not isinstance(data, dict) or data.get("schema_version") != COMPARISON_SCHEMA_VERSION:
        found = data.get("schema_version") if isinstance(data, dict) else type(data).__name__
        raise BrokenResults(f"{path}: schema_version {found!r}, this Joulemark reads {COMPARISON_SCHEMA_VERSION}")
    record = build(ComparisonRecord, {k: v for k, v in data.items() if k not in _DERIVED}, str(path))
    if record.id != path.stem:
        raise BrokenResults(f"{path}: its id is {record.id!r}: the file was renamed")
    if any(not 0 <= t.candidate < len(record.names) for t in record.runs):
        raise BrokenResults(f"{path}: a run belongs to no candidate")
    named = [*(t.run_id for t in record.runs), *(one.run_id for one in record.left_out)]
    if twice := sorted({n for n in named if named.count(n) > 1}):
        raise BrokenResults(f"{path}: {twice[0]} is named {named.count(twice[0])} times: a run is measured once")
    try:
        check_price(record.price.per_hour if record.price else 0.0, f"{path}: price")
    except BadInput as error:
        raise BrokenResults(str(error)) from error
    return record, data


def read_compared(path: Path) -> Compared:
    """The figures of a comparison's file, as they were sealed. Raises BrokenResults as `read_record`."""
    _, data = read_record(path)
    if "comparison" not in data:
        raise BrokenResults(f"{path}: 'comparison' is missing")
    return build(Compared, data["comparison"], f"{path}: comparison")
