"""A project's volumes in a TOML file: what it will ask of its models, month by month.

title = "Podcasts and articles"       # optional, as is all that follows but model, per_month and a length
start = "2026-12"                     # the first month; else months are numbered
months = 12                           # 12 unless said
region = "francecentral"              # else no grams; or pue and g_per_kwh of a place of your own

[[flow]]                              # one a kind of request; the names of `joulemark estimate` are known here
name = "podcasts"
model = "whisper-tiny"
per_month = 500                       # of the first month; {p10 = 400, p50 = 500, p90 = 700} where it is not known
audio_seconds = {p10 = 60, p50 = 300, p90 = 900, most = 3600}
growth = {kind = "exponential", per_month = {p10 = 0.0, p50 = 0.04, p90 = 0.08}, known_months = 6}

[[flow]]
name = "articles"
model = "mistral-7b"
hardware = "h100"
per_month = 2000
characters = {low = 3000, high = 5000}    # any between them alike; or a number; or {values = […]}, one a file
languages = {fr = 0.6, en = 0.3, ar = 0.1}
output_tokens = 250
growth = {kind = "saturating", per_month = 0.1, ceiling = 6000}
# history = [410, 432, 428, 455]      # in place of per_month and growth's: the months before `start`, oldest first
counted = 412                         # files that lengths and shares were counted from: a mean of few is not sure
assumed = ["per_month"]               # keys that nobody knows: `joulemark volumes --scan` writes them, and the
                                      # projection says so until they are taken out
[[always_on]]                         # a machine that waits for requests, whatever comes
name = "the server"
watts = {p10 = 165, p50 = 195, p90 = 225}
hours_per_month = 730                 # 730.5 unless said
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from bench.errors import BadDeclaration, BadInput, UnknownName
from bench.estimators import lengths
from bench.estimators.flows import INPUTS, UNKNOWN, Flow
from bench.estimators.growth import KINDS, Growth, GrowthKind, growing
from bench.estimators.history import Seen, seen
from bench.estimators.lengths import Lengths
from bench.estimators.likely import Likely
from bench.estimators.volumes import MONTH_H, Waiting
from bench.estimators.wanted import wanted_of
from bench.files.declaration import Table, read_table
from bench.files.languages import WHISPER_LANGUAGES

DEFAULT_MONTHS = 12
_MODEL_TEXTS = ("model", "hardware", "engine", "precision", "scope")
_MODEL_NUMBERS = ("cards", "batch", "params_b", "active_params_b")
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
_MOST_VALUES = 100_000  # of a list
_MOST_PER_MONTH = 1e12


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What a file of volumes says; None or "": not said. `places`: of each flow, file and line for messages."""

    title: str
    start: str
    months: int
    region: str
    pue: float | None
    g_per_kwh: float | None
    flows: tuple[Flow, ...]
    places: tuple[tuple[str, int | None], ...]
    waiting: tuple[Waiting, ...]
    assumed: tuple[tuple[str, ...], ...]  # of each flow, the keys that stand in for what nobody knows


def read_volumes(path: Path) -> Project:
    """The project of a TOML file. Raises BadDeclaration with file, line, what was found and needed."""
    table = read_table(path)
    entries = table.tables("flow")
    if not entries:
        raise BadDeclaration(str(path), None, "no [[flow]]; needed is one at least: docs/how-to/volumes.md")
    project = Project(
        title=table.text("title", path.stem),
        start=_start(table),
        months=table.integer("months", DEFAULT_MONTHS, least=1),
        region=table.text("region", ""),
        pue=table.optional_number("pue"),
        g_per_kwh=table.optional_number("g_per_kwh"),
        waiting=tuple(_waiting(one) for one in table.tables("always_on")),
        assumed=tuple(_assumed(one) for one in entries),
        flows=tuple(_flow(one, at) for at, one in enumerate(entries)),
        places=tuple((one.file, one.line("name") or one.line("model")) for one in entries),
    )
    table.finish()
    names = [flow.name for flow in project.flows]
    for at, name in enumerate(names):
        if name in names[:at]:
            raise entries[at].wrong("name", f"{name!r} is there twice; give each flow a name of its own")
    return project


def _start(table: Table) -> str:
    start = table.text("start", "")
    if start and not _MONTH.fullmatch(start):
        raise table.wrong("start", f"expected a month as 2026-12, found {start!r}")
    return start


def _assumed(table: Table) -> tuple[str, ...]:
    found = table.texts("assumed", ())
    for key in found:
        if key not in table:
            raise table.wrong("assumed", f"{key!r} is no key of this flow; known are {', '.join(table.keys())}")
    return found


def _flow(table: Table, at: int) -> Flow:
    said: dict[str, object] = {name: table.text(name, "") or None for name in _MODEL_TEXTS if name != "model"}
    said |= {name: table.optional_number(name) for name in _MODEL_NUMBERS}
    said["model"] = table.text("model")
    name = table.text("name", f"{said['model']} {at + 1}")
    inputs = [kind for kind in INPUTS if kind in table]
    if len(inputs) > 1:
        raise table.wrong(inputs[1], f"beside {inputs[0]}: two counts of one input; give one of them")
    counted = table.optional_integer("counted", least=1)
    past = _history(table) if "history" in table else None
    try:
        flow = Flow(
            name=name,
            wanted=wanted_of(said),
            requests=past.level if past else _likely(table, "per_month", 0.0, _MOST_PER_MONTH),
            growth=past.growth if past else _growth(table),
            input_kind=inputs[0] if inputs else None,
            input_lengths=_lengths(table, inputs[0]) if inputs else None,
            output_tokens=_lengths(table, "output_tokens") if "output_tokens" in table else None,
            shares=_shares(table),
            counted=counted,
        )
    except BadDeclaration:
        raise
    except BadInput as error:
        raise table.wrong("name" if "name" in table else "model", str(error)) from error
    table.finish()
    return flow


def _history(table: Table) -> Seen:
    """Level and growth by the months that are over; only the kind and a ceiling are said beside them."""
    if "per_month" in table:
        raise table.wrong("per_month", "beside history: two counts of one thing; give one of them")
    inner = table.table("growth")
    kind = inner.text("kind", "exponential", one_of=KINDS[1:])
    ceiling = inner.optional_number("ceiling", least=0)
    if (kind == "saturating") != (ceiling is not None):
        raise table.wrong(
            "growth", f"{kind} beside history; expected a ceiling with 'saturating' alone, one number"
        )
    inner.finish()
    try:
        return seen(_numbers(table, "history"), ceiling)
    except BadDeclaration:
        raise
    except BadInput as error:
        raise table.wrong("history", str(error)) from error


def _waiting(table: Table) -> Waiting:
    try:
        found = Waiting(
            name=table.text("name"),
            watts=_likely(table, "watts", 0.0, math.inf),
            hours=table.number("hours_per_month", MONTH_H),
        )
    except BadDeclaration:
        raise
    except BadInput as error:
        raise table.wrong("name", str(error)) from error
    table.finish()
    return found


def _growth(table: Table) -> Growth:
    if "growth" not in table:
        return Growth()
    inner = table.table("growth")
    kind = inner.text("kind", "exponential", one_of=KINDS)
    known = inner.optional_number("known_months", least=1)
    rates = _three(inner, "per_month") if kind != "none" else (0.0, 0.0, 0.0)
    ceiling = _likely(inner, "ceiling", 0.0, _MOST_PER_MONTH) if "ceiling" in inner else None
    try:
        found = Growth(kind=cast(GrowthKind, kind), factor=growing(*rates), ceiling=ceiling, known_months=known)
    except BadInput as error:
        raise table.wrong("growth", str(error)) from error
    inner.finish()
    return found


def _likely(table: Table, key: str, least: float, most: float) -> Likely:
    low, middle, high = _three(table, key)
    for value in (low, middle, high):
        if not least <= value <= most:
            raise table.wrong(key, f"expected {least:g} to {most:g}, found {value:g}")
    try:
        return Likely(p10=low, p50=middle, p90=high)
    except BadInput as error:
        raise table.wrong(key, str(error)) from error


def _three(table: Table, key: str) -> tuple[float, float, float]:
    """A number, or a table of p10, p50 and p90."""
    inner = _table(table, key)
    if inner is None:
        value = table.number(key)
        return value, value, value
    low, middle, high = (inner.number(name) for name in ("p10", "p50", "p90"))
    inner.finish()
    return low, middle, high


def _table(table: Table, key: str) -> Table | None:
    """The table under a key that may hold a number too."""
    try:
        return table.table(key) if key in table else None
    except BadDeclaration:  # no table: `number` says what it is, if it is no number either
        return None


def _lengths(table: Table, key: str) -> Lengths:
    inner = _table(table, key)
    if inner is None:
        return lengths.fixed(_checked(table, key, table.number(key)))
    most = inner.optional_number("most", least=0)
    try:
        if "values" in inner:
            found = lengths.listed(_numbers(inner, "values"))
            inner.only("values", "most")
        elif "low" in inner or "high" in inner:
            inner.only("low", "high", "most")
            found = lengths.uniform(_checked(inner, "low", inner.number("low")), inner.number("high"))
        else:
            inner.only("p10", "p50", "p90", "most")
            low, middle, high = (_checked(inner, name, inner.number(name)) for name in ("p10", "p50", "p90"))
            found = lengths.by_percentiles(Likely(p10=low, p50=middle, p90=high))
        return found if most is None else lengths.at_most(found, most)
    except BadDeclaration:
        raise
    except BadInput as error:
        raise table.wrong(key, str(error)) from error


def _checked(table: Table, key: str, value: float) -> float:
    if value < 0:
        raise table.wrong(key, f"expected a length of 0 or more, found {value:g}")
    return value


def _numbers(table: Table, key: str) -> Sequence[float]:
    """The list of numbers of 0 or more under a key."""
    values = table.numbers(key)
    if not 1 <= len(values) <= _MOST_VALUES:
        raise table.wrong(key, f"expected 1 to {_MOST_VALUES} numbers, found {len(values)}")
    if max(values) > _MOST_PER_MONTH:
        raise table.wrong(
            key, f"expected numbers of at most {_MOST_PER_MONTH:g}, found {max(values):g} among them"
        )
    if min(values) < 0:
        raise table.wrong(key, f"expected numbers of 0 or more, found {min(values):g} among them")
    return values


def _shares(table: Table) -> Mapping[str, float]:
    if "languages" not in table:
        return {}
    inner = table.table("languages")
    shares = {}
    for code in inner.keys():  # noqa: SIM118  a Table is no dict
        if code != UNKNOWN and code not in WHISPER_LANGUAGES:
            raise table.wrong("languages", str(UnknownName("language", code, [*WHISPER_LANGUAGES, UNKNOWN])))
        shares[code] = inner.number(code)
    inner.finish()
    return shares


def months_from(start: str, count: int) -> tuple[str, ...]:
    """The names of so many months: 2026-12, 2027-01 …, or 1, 2 … where no first one was said."""
    if not start:
        return tuple(str(at + 1) for at in range(count))
    year, month = map(int, start.split("-"))
    return tuple(f"{year + (month - 1 + at) // 12}-{(month - 1 + at) % 12 + 1:02d}" for at in range(count))
