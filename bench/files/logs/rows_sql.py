"""A log's rows as SQL: lengths, requests and keys as numbers, and what is wrong with a row."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.errors import BadInput
from bench.estimators.wanted import MOST_SOUND_S, MOST_TOKENS
from bench.files.logs.names import Mapped
from bench.files.logs.opened import Relation, literal
from bench.files.logs.times import Days
from bench.phrases import Phrase

MOST_CALLS = 1e12  # of one row; chosen: beyond any service
MOST_VALUES = 10_000  # different values of one column of names; chosen: beyond, an output is no table
MOST_LENGTH = max(10 * MOST_TOKENS, MOST_SOUND_S)  # of any kind: characters are the most
INPUTS = ("tokens", "audio", "chars")  # what a row's first length counts: kind 0, 1, 2
REASONS = (
    "",
    Phrase("time that is none, or of another century"),
    Phrase("count of requests that is negative, missing or absurd"),
    Phrase("input that is negative, absurd or no number"),
    Phrase("output that is negative, absurd or no number"),
)
_LOOKED_AT = 200_000  # rows that a column's values are first learnt from
_EVERY_THIRD = r"^\s*-?\d{1,3}(,\d{3})+\s*$"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsSql:
    """Expressions over a log's rows, each a number. `x` is NULL where a row says no input, `y` no output."""

    day: Days | None
    keys: Mapping[str, str]  # a column of names by its purpose, as text or NULL
    kind: str  # which of INPUTS x counts
    kinds: tuple[int, ...]
    x: str | None
    y: str | None
    weight: str | None  # requests of a row; None: each row is one
    reason: str  # which of REASONS, 0 for none
    sound: str  # a condition that only rows without fault and with every length meet
    reported: Mapping[str, str]  # kWh and kg that the log itself says
    whole: bool = False  # every row has every length


def rows_sql(
    relation: Relation,
    names: Mapped,
    day: Days | None,
    wanted: Sequence[str],
    *,
    totals: bool,
) -> RowsSql:
    """The expressions of a log. `wanted`: columns of names to group by.

    `totals`: tokens beside a count are those of all its requests. Raises BadInput.
    """
    measured = ("in_tokens", "out_tokens", "audio_seconds", "chars", "count")
    numbers = {key: _number(relation, names.columns[key]) for key in measured if key in names.columns}
    weight = numbers.get("count")
    share = f" / (CASE WHEN {weight} = 0 THEN 1e-9 ELSE {weight} END)" if weight and totals else ""
    inputs = {
        kind: f"({numbers[key]}{share})" if share else numbers[key]
        for kind, key in enumerate(("in_tokens", "audio_seconds", "chars"))
        if key in numbers
    }
    x, kind = _input(inputs)
    y = numbers.get("out_tokens")
    y = f"({y}{share})" if y and share else y
    return RowsSql(
        day=day,
        keys={key: _text(relation, key, names.columns[key]) for key in wanted},
        kind=kind,
        kinds=tuple(inputs) or (0,),
        x=x,
        y=y,
        weight=weight,
        reason=_reason(relation, names, x, y, weight),
        sound=_sound(x, y, weight),
        reported={
            key: _reported(relation, names.columns[key])
            for key in ("reported_kwh", "reported_kg")
            if key in names.columns
        },
    )


def _reported(relation: Relation, column: str) -> str:
    """What the log itself says; of EcoLogits' least and most the middle, which is its own mean."""
    number = _number(relation, column)
    most = column.removesuffix(".min") + ".max"
    if column.endswith(".min") and most in relation.columns:
        return f"(({number} + {_number(relation, most)}) / 2)"
    return number


def _input(inputs: Mapping[int, str]) -> tuple[str | None, str]:
    """The first length of a row and which it is: sound where there is some, tokens before characters."""
    if not inputs:
        return None, "0"
    if len(inputs) == 1:
        only = next(iter(inputs))
        return inputs[only], str(only)
    order = [kind for kind in (1, 0, 2) if kind in inputs]
    tests = {kind: f"{inputs[kind]} > 0" if kind == 1 else f"{inputs[kind]} IS NOT NULL" for kind in order}
    whens = " ".join(f"WHEN {tests[kind]} THEN {{{kind}}}" for kind in order)
    values = [inputs.get(kind, "") for kind in range(len(INPUTS))]
    x = f"(CASE {whens} END)".format(*values)
    return x, f"(CASE {whens} ELSE 0 END)".format(*range(len(INPUTS)))


def _sound(x: str | None, y: str | None, weight: str | None) -> str:
    parts = [f"{one} BETWEEN 0 AND {MOST_LENGTH:.0f}" for one in (x, y) if one]
    parts += [f"{weight} BETWEEN 0 AND {MOST_CALLS:.0f}"] if weight else []
    return " AND ".join(parts) or "true"


def _reason(relation: Relation, names: Mapped, x: str | None, y: str | None, weight: str | None) -> str:
    whens = []
    if weight:
        whens.append(f"WHEN {weight} IS NULL OR NOT {weight} BETWEEN 0 AND {MOST_CALLS:.0f} THEN 2")
    for code, sql, keys in ((3, x, ("in_tokens", "audio_seconds", "chars")), (4, y, ("out_tokens",))):
        if sql:
            whens.append(f"WHEN NOT {sql} BETWEEN 0 AND {MOST_LENGTH:.0f} THEN {code}")
        for key in keys:
            if key in names.columns and relation.types[names.columns[key]] == "VARCHAR":
                raw = relation.columns[names.columns[key]]
                number = _number(relation, names.columns[key])
                whens.append(f"WHEN trim({raw}) <> '' AND {number} IS NULL THEN {code}")
    return f"(CASE {' '.join(whens)} ELSE 0 END)" if whens else "0"


_WHOLE = re.compile(
    r"(TINY|SMALL|BIG)?INT(EGER)?|U(TINY|SMALL)?INT(EGER)?"
)  # compared as they are, which is faster
_NUMERIC = re.compile(r"(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL.*)")


def _number(relation: Relation, column: str) -> str:
    kind, sql = relation.types[column], relation.columns[column]
    if kind == "VARCHAR":
        comma = relation.files.kind == "csv" and _decimal_comma(relation, column, sql)
        text = f"replace(trim({sql}), ',', '.')" if comma else f"trim({sql})"
        return f"try_cast({text} AS DOUBLE)"
    if not _NUMERIC.fullmatch(kind):
        raise BadInput(
            Phrase(
                "{files}: {column} is {kind}; needed are numbers: say --columns KEY=COLUMN",
                files=relation.files.words,
                column=column,
                kind=kind,
            )
        )
    return f"({sql})" if _WHOLE.fullmatch(kind) else f"({sql})::DOUBLE"


def _decimal_comma(relation: Relation, column: str, sql: str) -> bool:
    """Whether numbers of a CSV have decimal commas. Raises BadInput where 1,234 may be one or a thousand."""
    commas, thirds = relation.rows(
        f"SELECT count(*) FILTER ({sql} LIKE '%,%' AND NOT regexp_matches({sql}, {literal(_EVERY_THIRD)})), "
        f"count(*) FILTER (regexp_matches({sql}, {literal(_EVERY_THIRD)})) FROM ({relation.sql})"
    )[0]
    if thirds and not commas:
        example = relation.rows(
            f"SELECT {sql} FROM ({relation.sql}) WHERE regexp_matches({sql}, {literal(_EVERY_THIRD)}) LIMIT 1"
        )[0][0]
        raise BadInput(
            Phrase(
                "{files}: {column} has {example!r}, a decimal comma or thousands; needed are plain "
                "numbers, as 1234 or 1.234: write them so",
                files=relation.files.words,
                column=column,
                example=example,
            )
        )
    return bool(commas)


def _text(relation: Relation, name: str, column: str) -> str:
    """A column of names as text. Raises BadInput where its first rows have too many to be any table's."""
    sql = relation.columns[column]
    text = sql if relation.types[column] == "VARCHAR" else f"({sql})::VARCHAR"
    first = f"SELECT DISTINCT {text} AS v FROM (SELECT * FROM ({relation.sql}) LIMIT {_LOOKED_AT})"
    count = relation.rows(f"SELECT count(*), min(v) FROM ({first})")[0]
    if count[0] > MOST_VALUES:
        raise BadInput(
            Phrase(
                "{files}: {name} has more than {most_values} different values, as {count!r:.40}; needed "
                "are fewer: name another column, --columns {name}=COLUMN, or leave it out of --by",
                files=relation.files.words,
                name=name,
                most_values=MOST_VALUES,
                count=count[1],
            )
        )
    return text
