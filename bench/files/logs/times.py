"""Times in a log → days in a time zone, as SQL over whole numbers of microseconds.

A time with a zone is an instant, and its day is the one of the zone asked for (UTC unless said). A time without a
zone is a day as it stands. Both kinds in one log, or texts of several offsets, are refused unless a zone is said:
then a time without a zone is taken for one of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import numpy.typing as npt

from bench.errors import BadInput, UnknownName
from bench.files.logs.opened import Relation
from bench.phrases import Phrase, joined

_DAY_US, _SECOND_US = 86_400_000_000, 1_000_000
_EPOCH = date(1970, 1, 1)
_FIRST, _LAST = date(2000, 1, 1), date(2100, 1, 1)  # chosen: a request of another century is a slip of the pen
_OF_DATE = "(day - DATE '1970-01-01')"
_OFFSET = r"(Z|z|UTC|[+-]\d{2}:?\d{2}|[+-]\d{2})$"
_CLOCK = r"\d{1,2}:\d{2}"
# whole numbers from these on count milliseconds, microseconds: as seconds they were years beyond 5138
_MS_FROM, _US_FROM = 1e11, 1e14


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """A day as SQL to group by, NULL where a row's time is none; `notes` say what was assumed."""

    sql: str
    number: str = "day"  # of a group's `day`: whole days since 1970
    notes: tuple[str, ...] = ()
    dated: bool = False  # days alone, no time of day


def day_of(number: int) -> date:
    """The day of that number."""
    return _EPOCH + timedelta(days=int(number))


def days_of(relation: Relation, column: str, zone: str) -> Days:
    """The days of a log's column of times. Raises BadInput, UnknownName."""
    where = _zone(zone)
    kind, sql = relation.types[column], relation.columns[column]
    if kind == "DATE":
        return Days(sql=sql, number=_OF_DATE, dated=True)
    if kind in ("TIMESTAMP WITH TIME ZONE", "TIMESTAMP_NS WITH TIME ZONE"):
        return _instants(relation, f"epoch_us({sql})", where)
    if kind.startswith("TIMESTAMP"):
        return Days(sql=f"({sql})::DATE", number=_OF_DATE, notes=(_plain(zone),))
    if kind in ("BIGINT", "INTEGER", "UBIGINT", "UINTEGER", "DOUBLE", "HUGEINT", "FLOAT"):
        return _instants(relation, _epochs(sql), where)
    if kind != "VARCHAR":
        raise BadInput(
            Phrase(
                "{files}: {column} is {kind}; needed are times: say --columns time=COLUMN",
                files=relation.files.words,
                column=column,
                kind=kind,
            )
        )
    return _texts(relation, column, sql, zone, where)


def _zone(name: str) -> ZoneInfo:
    if name and name not in available_timezones():
        raise UnknownName("time zone", name, available_timezones())
    return ZoneInfo(name or "UTC")


def _plain(zone: str) -> str:
    if zone:
        return Phrase("times have no zone: days as they stand, taken for {zone}", zone=zone)
    return Phrase("times have no zone: days as they stand")


def sensible(days: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Which of these numbers are days of this century."""
    found: npt.NDArray[np.bool_] = (days >= (_FIRST - _EPOCH).days) & (days <= (_LAST - _EPOCH).days)
    return found


def _epochs(sql: str) -> str:
    number = f"({sql})::DOUBLE"
    us = f"CASE WHEN {number} < {_MS_FROM:.0f} THEN {number} * 1e6 WHEN {number} < {_US_FROM:.0f} THEN "
    return f"(CASE WHEN isfinite({number}) THEN {us}{number} * 1e3 ELSE {number} END END)::BIGINT"


def _instants(relation: Relation, us: str, zone: ZoneInfo) -> Days:
    note = (
        Phrase("days of UTC; --tz Europe/Paris has those of Paris")
        if zone.key == "UTC"
        else Phrase("days of {zone}", zone=zone.key)
    )
    return Days(sql=f"(({us} + {_shift(relation, us, zone)}) // {_DAY_US})::INTEGER", notes=(note,))


def _shift(relation: Relation, us: str, zone: ZoneInfo) -> str:
    """Microseconds to add to an instant: the zone's, which change where its clocks do."""
    if zone.key == "UTC":
        return "0"
    low, high = relation.rows(f"SELECT min({us}), max({us}) FROM ({relation.sql})")[0]
    if low is None:
        return "0"
    first, last = (min(max(end, _us(_FIRST)), _us(_LAST)) for end in (low, high))
    changes = list(_changes(zone, first, last))
    if len(changes) == 1:
        return str(changes[0][1])
    whens = " ".join(f"WHEN {us} < {until} THEN {shift}" for until, shift in changes[:-1])
    return f"(CASE {whens} ELSE {changes[-1][1]} END)"


def _changes(zone: ZoneInfo, first: int, last: int) -> list[tuple[int, int]]:
    """Shifts of a span of instants, each with the instant until which it holds (both in µs)."""
    found: list[tuple[int, int]] = []
    here, shift = first, _offset(zone, first)
    while here < last:
        there = min(here + _DAY_US, last)
        if (after := _offset(zone, there)) != shift:
            low, high = here, there
            while high - low > _SECOND_US:
                middle = (low + high) // 2 // _SECOND_US * _SECOND_US
                low, high = (middle, high) if _offset(zone, middle) == shift and middle > low else (low, middle)
                if middle <= low:
                    break
            found.append((-(-high // _SECOND_US) * _SECOND_US, shift))
            shift = after
        here = there
    return [*found, (last + 1, shift)]


def _offset(zone: ZoneInfo, us: int) -> int:
    shift = datetime.fromtimestamp(us / _SECOND_US, UTC).astimezone(zone).utcoffset()
    return round((shift or timedelta()).total_seconds()) * _SECOND_US


def _us(day: date) -> int:
    return (day - _EPOCH).days * _DAY_US


def _texts(relation: Relation, column: str, sql: str, zone: str, where: ZoneInfo) -> Days:
    """Days of texts: by the offsets that stand in them."""
    clock = f"regexp_matches({sql}, '{_CLOCK}')"
    none = f"try_cast(trim({sql}) AS TIMESTAMPTZ) IS NULL"
    found = relation.rows(
        f"SELECT CASE WHEN {none} THEN NULL WHEN NOT {clock} THEN 'day' "
        f"ELSE regexp_extract(trim({sql}), '{_OFFSET}', 1) END AS o, count(*) FROM ({relation.sql}) "
        "GROUP BY ALL ORDER BY 2 DESC LIMIT 40"
    )
    counts = {offset: count for offset, count in found if offset is not None}
    if set(counts) <= {"day"}:
        return _no_clock(relation, column, sql, where, dates=bool(counts))
    aware = {offset for offset in counts if offset not in ("", "day")}
    if not zone:
        _one_zone(relation, column, counts)
    instant = f"epoch_us(try_cast(trim({sql}) AS TIMESTAMPTZ))"
    stands = f"(epoch_us(try_cast(trim({sql}) AS TIMESTAMP)) // {_DAY_US})::INTEGER"
    if not aware:
        return Days(sql=stands, notes=(_plain(zone),))
    offset = next(iter(aware))
    if not zone and offset.upper() not in ("Z", "UTC"):
        # one offset everywhere: the days of the clocks that wrote it
        local = f"regexp_replace(trim({sql}), '{_OFFSET}', '')"
        return Days(
            sql=f"(epoch_us(try_cast({local} AS TIMESTAMP)) // {_DAY_US})::INTEGER",
            notes=(Phrase("days of the offset {offset}, which all times have", offset=offset),),
        )
    days = _instants(relation, instant, where)
    if set(counts) == aware:
        return days
    naive = f"NOT regexp_matches(trim({sql}), '{_OFFSET}')"
    return Days(sql=f"CASE WHEN {naive} THEN {stands} ELSE {days.sql} END", notes=(*days.notes, _plain(zone)))


def _no_clock(relation: Relation, column: str, sql: str, where: ZoneInfo, *, dates: bool) -> Days:
    """Days of texts without a time of day: days, or whole numbers of seconds."""
    numbers = relation.rows(f"SELECT count(*) FROM ({relation.sql}) WHERE try_cast({sql} AS DOUBLE) > 1e8")[0][0]
    if numbers:
        return _instants(relation, _epochs(f"try_cast({sql} AS DOUBLE)"), where)
    if not dates:
        raise BadInput(
            Phrase(
                "{files}: {column} has {relation}; needed are times as 2026-10-01T10:00:00Z or days as "
                "2026-10-01: name another column, --columns time=COLUMN, or leave day out of --by",
                files=relation.files.words,
                column=column,
                relation=_one(relation, sql),
            )
        )
    return Days(sql=f"try_cast(trim({sql}) AS DATE)", number=_OF_DATE, dated=True)


def _one(relation: Relation, sql: str) -> str:
    found = relation.rows(f"SELECT {sql} FROM ({relation.sql}) WHERE {sql} <> '' LIMIT 1")
    return f"{found[0][0]!r:.60}" if found else "nothing"


def _one_zone(relation: Relation, column: str, counts: Mapping[str, int]) -> None:
    kinds = {"Z" if offset.upper() in ("Z", "UTC", "+00:00", "+0000") else offset for offset in counts}
    if len(kinds) > 1:
        told = joined(
            Phrase("{offset} in {count} rows", offset=_words(offset), count=f"{count:,}".replace(",", " "))
            for offset, count in counts.items()
        )
        raise BadInput(
            Phrase(
                "{files}: {column} has times of {n} zones: {told}; needed is the zone whose days are "
                "meant: say --tz Europe/Paris (a time without a zone is then taken for one of it)",
                files=relation.files.words,
                column=column,
                n=len(kinds),
                told=told,
            )
        )


def _words(offset: str) -> str:
    return {"": Phrase("no zone"), "day": Phrase("a day alone")}.get(offset, offset)


def missing_days(days: Iterable[int]) -> list[date]:
    """The days between the first and the last that have no row."""
    there = {int(day) for day in days}
    return [day_of(n) for n in range(min(there), max(there)) if n not in there] if there else []
