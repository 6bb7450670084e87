"""A log → kWh and kg by day, endpoint, language, model: files read, groups priced, intervals joined."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import numpy as np

from bench.errors import BadInput, UnknownName
from bench.estimators.columns import Many
from bench.estimators.priced import grid_of
from bench.estimators.roofline import Scope
from bench.files.knowing import read_known
from bench.files.logs.daily import daily_groups
from bench.files.logs.found import log_files
from bench.files.logs.grouped import Groups, grouped, rows_of
from bench.files.logs.length_cells import CellsBy
from bench.files.logs.names import KEYS, mapped, nearest_column
from bench.files.logs.opened import Relation, opened
from bench.files.logs.rows_sql import REASONS, RowsSql, rows_sql
from bench.files.logs.sample import sampled
from bench.files.logs.times import days_of, missing_days
from bench.phrases import Phrase
from bench.run.log_cells import Cells, cells_for
from bench.run.log_pricing import Filling, named, price, unpriced
from bench.run.log_sums import Gap, LogRow, Places, Summing, summed_rows

DIMENSIONS = ("day", "endpoint", "language", "model", "hardware", "region")
USUAL = ("day", "endpoint", "language", "model")
EXACT_ROWS = 2_000_000  # up to which every pair of lengths is priced by itself: some seconds; chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class LogAsked:
    """What is asked of a log. `by` empty: the usual columns that it has. `exact` None: by how large it is."""

    files: tuple[str, ...]
    by: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    filling: Filling = field(default_factory=Filling)
    zone: str = ""
    region: str = ""
    pue: float | None = None
    g_per_kwh: float | None = None
    grid: str = "life_cycle"
    scope: Scope | None = None
    results: tuple[Path, ...] = ()
    per_request: bool = False
    exact: bool | None = None
    threads: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """A log's table and its total; `gaps` are rows without an estimate, `missing` days without a row.

    `methods`: how estimates were come by, each with its share of the energy.
    """

    rows: tuple[LogRow, ...]
    total: LogRow
    by: tuple[str, ...]
    log_rows: int
    gaps: tuple[Gap, ...]
    missing: tuple[str, ...]
    notes: tuple[str, ...]
    rests_on: tuple[str, ...]
    methods: Mapping[str, float]
    unplaced: bool  # some of its energy has a place, and some has not

    @property
    def partial(self) -> bool:
        """Whether something of the log is in no sum."""
        return bool(self.gaps or self.missing or self.unplaced)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A log in groups, and what was found on the way."""

    groups: Groups
    by: tuple[str, ...]
    log_rows: int
    faults: Mapping[int, int]
    missing: tuple[str, ...]
    notes: tuple[str, ...]
    as_logged: bool = False  # the log says what was drawn, and nothing that an estimate could be made of


def read_logs(asked: LogAsked, say: Callable[[str], None] = lambda _: None) -> Logged:
    """The sums of a log. `say` hears what goes on. Raises BadInput, UnknownName, CannotRun, BrokenResults."""
    for name in asked.by:
        if name not in DIMENSIONS:
            raise UnknownName("--by", name, DIMENSIONS)
    places = Places.of(grid_of(asked.grid), region=asked.region, pue=asked.pue, g_per_kwh=asked.g_per_kwh)
    known = read_known(asked.results)
    many = Many(known)
    files = log_files(asked.files)
    if files.kind == "yaml":
        found = _daily(asked, files.paths)
    else:
        with opened(files, threads=asked.threads, say=say) as relation:
            found = _from_rows(
                asked, relation, lambda one: cells_for(one, asked.filling, many, known, asked.scope), say
            )
    if files.left:
        found = replace(
            found, notes=(*found.notes, Phrase("not read in folders: {left}", left=", ".join(files.left[:5])))
        )
    say(f"pricing {len(found.groups)} groups")
    filled = named(found.groups, asked.filling)
    priced = unpriced(filled) if found.as_logged else price(filled, many, known, asked.scope)
    done = summed_rows(Summing(asked=filled, priced=priced, by=found.by, places=places, as_logged=found.as_logged))
    faults = tuple(Gap(reason=REASONS[code], rows=count, requests=None) for code, count in found.faults.items())
    return Logged(
        rows=done.rows,
        total=done.total,
        by=found.by,
        log_rows=found.log_rows,
        gaps=(*done.gaps, *faults),
        missing=found.missing,
        notes=(*found.notes, *_filled(filled.filled, asked.filling, found.log_rows), *done.notes),
        rests_on=done.rests_on,
        methods=done.methods,
        unplaced=done.unplaced,
    )


def _filled(filled: Mapping[str, int], filling: Filling, rows: int) -> list[str]:
    texts = {**filling.names, **{name: f"{length:g}" for name, length in filling.lengths.items()}}
    notes = [
        Phrase(
            "{name} {value} taken where the log says none: {count} of {rows} rows",
            name=name,
            value=texts.get(name, Phrase("of the endpoint")),
            count=count,
            rows=rows,
        )
        for name, count in filled.items()
    ]
    return [
        *notes,
        *(
            Phrase("{model} priced as {other}, as you said", model=model, other=other)
            for model, other in filling.stand_ins.items()
        ),
    ]


def _daily(asked: LogAsked, paths: Sequence[Path]) -> _Read:
    kinds = tuple(dict.fromkeys(("chatbots", "completions", "translations", *asked.filling.services)))
    groups, missing, notes = daily_groups(paths, kinds)
    if asked.columns:
        raise BadInput(Phrase("--columns: daily counts in YAML have no columns; leave it out"))
    by = tuple(name for name in asked.by or USUAL if name in ("day", "endpoint", "model"))
    told = tuple(Phrase("{kind}: {days}", kind=kind, days=_days(days)) for kind, days in missing.items() if days)
    return _Read(groups=groups, by=by, log_rows=len(groups), faults={}, missing=told, notes=notes)


def _from_rows(
    asked: LogAsked, relation: Relation, cells: Callable[[Groups], Cells], say: Callable[[str], None]
) -> _Read:
    names = mapped(list(relation.columns), asked.columns, relation.files.words)
    if not names.columns:
        raise BadInput(
            Phrase(
                "{file}: no column that a log has; columns are {columns}; needed are names such as model, "
                "input_tokens, output_tokens, created: say --columns KEY=COLUMN",
                file=relation.files.words,
                columns=", ".join(list(relation.columns)[:12]),
            )
        )
    by = _dimensions(asked.by, names.columns, relation)
    total = int(relation.rows(f"SELECT count(*) FROM ({relation.sql})")[0][0])
    if not total:
        raise BadInput(Phrase("{files}: no row; needed is one at least", files=relation.files.words))
    days = days_of(relation, names.columns["time"], asked.zone) if "day" in by else None
    wanted = [key for key in KEYS if key in names.columns and (key in by or key not in ("endpoint", "language"))]
    for key in ("endpoint", "language"):
        needed = asked.filling.services if key == "endpoint" else "chars" in names.columns
        if needed and key in names.columns and key not in wanted:
            wanted.append(key)
    sql = rows_sql(relation, names, days, wanted, totals=not asked.per_request)
    exact = total <= EXACT_ROWS if asked.exact is None else asked.exact
    notes = [*(() if days is None else days.notes), *_counted(sql, asked)]
    notes += [Phrase("columns not read: {ignored}", ignored=", ".join(names.ignored[:8]))] if names.ignored else []
    say(f"reading {total} rows of {relation.files.words}")
    levels = None if exact else _levels(relation, sql, cells, notes)
    done = grouped(relation, sql, levels, total)
    missing = missing_days(np.unique(done.groups.days)) if "day" in by else []
    if days is not None and days.dated and sql.weight and sql.x is None and sql.y is None:
        _no_day_twice(done.groups, relation)
    return _Read(
        groups=done.groups,
        by=by,
        log_rows=total,
        faults=done.faults,
        missing=(_days(missing),) if missing else (),
        notes=tuple(notes),
        as_logged=_as_logged(sql, asked),
    )


def _levels(relation: Relation, sql: RowsSql, cells: Callable[[Groups], Cells], notes: list[str]) -> CellsBy:
    """How finely lengths are parted, by a sample; a note says how far that lies from its rows."""
    found = cells(rows_of(sampled(relation), replace(sql, day=None)))
    notes.append(
        Phrase(
            "lengths in cells: sums of {tried} rows lie within {value_off:.1e} of those of each row "
            "by itself, their bounds within {bound_off:.1e}",
            tried=found.tried,
            value_off=found.value_off,
            bound_off=found.bound_off,
        )
    )
    return found.by


def _as_logged(sql: RowsSql, asked: LogAsked) -> bool:
    """Whether a log says what was drawn, and nothing that an estimate could be made of, as CodeCarbon's."""
    named = "model" in sql.keys or "model" in asked.filling.names or asked.filling.services
    return bool(sql.reported) and sql.x is None and sql.y is None and not named


def _dimensions(by: Sequence[str], columns: Mapping[str, str], relation: Relation) -> tuple[str, ...]:
    def column(name: str) -> str:
        return "time" if name == "day" else name

    for name in by:
        if column(name) not in columns:
            raise BadInput(
                Phrase(
                    "{files}: no column of {name}; {hint}",
                    files=relation.files.words,
                    name=name,
                    hint=nearest_column(column(name), relation.columns),
                )
            )
    return tuple(by) or tuple(name for name in USUAL if column(name) in columns)


def _counted(sql: RowsSql, asked: LogAsked) -> list[str]:
    if sql.weight is None or (sql.x is None and sql.y is None):
        return []
    each = Phrase("each of its requests") if asked.per_request else Phrase("all of them together")
    return [
        Phrase("a row counts several requests: its lengths are those of {each}, and alike within it", each=each)
    ]


def _days(days: Sequence[date]) -> str:
    shown = ", ".join(map(str, days[:5]))
    more = ", …" if len(days) > 5 else ""
    if len(days) == 1:
        return Phrase("1 day without a row, not zero: {shown}", shown=shown)
    return Phrase("{days} days without a row, not zero: {shown}{more}", days=len(days), shown=shown, more=more)


def _no_day_twice(groups: Groups, relation: Relation) -> None:
    """Daily counts that stand twice are a slip: nothing says whether to add them up. Raises BadInput."""
    twice = np.flatnonzero(groups.rows > 1)
    if len(twice):
        from bench.files.logs.times import day_of

        at = twice[0]
        said = " ".join(groups.names[name][groups.codes[name][at]] for name in groups.codes)
        raise BadInput(
            Phrase(
                "{files}: {days} {said} has {n} counts; needed is one a day: leave one, or add them up",
                files=relation.files.words,
                days=day_of(groups.days[at]),
                said=said,
                n=groups.rows[at],
            )
        )
