"""Daily counts in YAML as groups: a service is an endpoint, and every request of it is alike."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np

from bench.errors import BadInput
from bench.files.interop.daily_counts import read_daily_counts
from bench.files.logs.grouped import Groups
from bench.phrases import Phrase

_EPOCH = date(1970, 1, 1)


def daily_groups(
    paths: Sequence[Path], kinds: Sequence[str]
) -> tuple[Groups, Mapping[str, Sequence[date]], tuple[str, ...]]:
    """A group a day and service, the missing days of each service, and notes. Raises as read_daily_counts does.

    A day of a service that two files count is refused.
    """
    counts, notes = _counts(paths, kinds)
    names = ("", *dict.fromkeys(kind for kind, _ in counts))
    missing = {name: _missing([day for kind, day in counts if kind == name]) for name in names[1:]}
    size = len(counts)
    zero, none = np.zeros(size), np.full(size, np.nan)
    groups = Groups(
        days=np.array([(day - _EPOCH).days for _, day in counts], np.int64),
        codes={"endpoint": np.array([names.index(kind) for kind, _ in counts], np.int64)},
        names={"endpoint": names},
        kinds=np.zeros(size, np.int64),
        rows=np.ones(size, np.int64),
        requests=np.array(list(counts.values()), float),
        x=none,
        y=none.copy(),
        xx=zero,
        xy=zero,
        yy=zero,
        reported={},
        exact=True,
    )
    return groups, missing, tuple(notes)


def _counts(paths: Sequence[Path], kinds: Sequence[str]) -> tuple[dict[tuple[str, date], int], list[str]]:
    counts: dict[tuple[str, date], int] = {}
    notes: list[str] = []
    for path in paths:
        found = read_daily_counts(path, kinds)
        notes += found.notes
        for service in found.services:
            for day in service.days:
                if (service.kind, day.day) in counts:
                    raise BadInput(
                        Phrase(
                            "{path}:{line}: {kind} of {day} is counted in another file too; needed is one count a "
                            "day: leave one, or add them up",
                            path=path,
                            line=day.line,
                            kind=service.kind,
                            day=day.day,
                        )
                    )
                counts[service.kind, day.day] = day.count
    return counts, notes


def _missing(days: Sequence[date]) -> list[date]:
    there = {(day - _EPOCH).days for day in days}
    return [date.fromordinal(_EPOCH.toordinal() + n) for n in range(min(there), max(there)) if n not in there]
