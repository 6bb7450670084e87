"""Catalogues of bench/data/locale: sentences found in the code are added to each .po, each .mo is made from it.

python scripts/make_locale.py           what is new comes in untranslated, what is gone is marked obsolete
python scripts/make_locale.py --check   exit code 1 where that would change anything
"""

import ast
import csv
import io
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from bench.carbon import factors as carbon_factors
from bench.carbon.factors import Accounting, Method, Mix
from bench.carbon.places import PueBasis
from bench.estimators.prefill import ON_GPUS, ON_TWO_THREADS
from bench.estimators.roofline import Scope
from bench.nouns import Basis
from bench.nouns.estimates import Grade
from bench.physics.doubt import OF_A_CELL
from bench.physics.rules import RULES
from bench.report.translatable import texts
from bench.run.present import NOT_COVERED, OF_A_CARD, UNSCORED

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "bench" / "data" / "locale"
_MAKERS = ("Phrase", "UnknownName")
_HEAD = "# Joulemark in another language: sentences come from the code, made by scripts/make_locale.py."
# keys of sealed files that a page shows as words
_OF_PAGES = (
    "idle",
    "load",
    "warmup",
    "prepare",
    "work",
    "void",
    "flag",
    "model",
    "counter",
    "power",
    "host",
    "cpu",
    "dram",
    "platform",
    "statistical",
    "windows",
    "gain",
    "synthetic data",
    "tick",
    "model low",
    "model high",
    "view",
    "lag",
    "batch",
    "concurrency",
    "prompt tokens",
    "output tokens",
    "source tokens",
    "target tokens",
    "audio s",
    "audio windows",
    "video s",
    "condition number",
    "degrees of freedom",
    "excluded",
    "interval",
    "residual ratio",
    "runs",
    "held out error",
    "ok",
    "degraded",
    "missing",
    "audio second",
    "page",
    "request",
    "requests",
    "output token",
    "prompt token",
    "source token",
    "target token",
    "MODELLED",
    "SIMULATED",
    "SYNTHETIC",
    "sentence",
    "sentences",
    "question",
    "questions",
    "clip",
    "clips",
    "token",
    "audio window",
    "value",
    "low",
    "high",
    "instant",
    "average",
)
_WRITTEN = datetime(2026, 11, 22, tzinfo=UTC)  # a date of the day would change the files with every call


def sentences() -> Iterator[tuple[str, str]]:
    """Every template of a Phrase, kind of an UnknownName and text of a page in bench/: (file, sentence)."""
    for path in sorted((ROOT / "bench" / "report" / "templates").glob("*.html")):
        for one in texts(path.read_text(encoding="utf-8")):
            yield f"report/templates/{path.name}", one
    for path in sorted((ROOT / "bench").rglob("*.py")):
        for one in _said_in(path.read_text(encoding="utf-8")):
            if re.search(r"[^\W\d_]|[:;?!]", re.sub(r"\{[^}]*\}", "", one)):  # fields alone say nothing
                yield path.relative_to(ROOT / "bench").as_posix(), one


def _said_in(source: str) -> Iterator[str]:
    """The first argument of each call that makes a sentence, where it stands there as text."""
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in _MAKERS
            and node.args
        ):
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value


def words_of_keys() -> Iterator[tuple[str, str]]:
    """Keys and texts of tables that are told as words: what the code wraps in a Phrase when it shows them."""
    for kind in (Grade, Scope, Accounting, carbon_factors.Scope, Mix, Method, PueBasis, Basis):
        for key in get_args(kind):
            yield "keys", key.replace("_", " ")
    for key in ("synthetic", "pretrained", "served", "causal-lm", "speech", "translation", "classifier", "video"):
        yield "keys", key
    for key in _OF_PAGES:
        yield "report/templates", key
    for rule in RULES:
        yield "physics/rules", rule.name
        yield "physics/rules", rule.helps(OF_A_CELL)
    for line in (*NOT_COVERED, UNSCORED, *OF_A_CARD):
        yield "run/present.py", line
    for one in (ON_GPUS, ON_TWO_THREADS):
        yield "estimators/prefill.py", one.measured_on
    with (ROOT / "bench" / "data" / "grid.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["derived"]:
                yield "data/grid.csv", row["derived"]


def catalogue(path: Path) -> Catalog:
    """The catalogue of a file, with every sentence of the code, sorted."""
    with path.open("rb") as file:
        found = read_po(file, locale=path.parts[-3])
    fresh = Catalog(project="joulemark")
    for file, message in sorted({*sentences(), *words_of_keys()}):
        fresh.add(message, locations=[(f"bench/{file}", None)])
    found.creation_date = found.revision_date = _WRITTEN
    found.header_comment, found.last_translator, found.language_team = _HEAD, "", ""
    found.msgid_bugs_address = ""
    found.update(fresh, no_fuzzy_matching=True, update_creation_date=False)
    return found


def po_bytes(found: Catalog) -> bytes:
    """The catalogue for people: by sentence, without line numbers, which change with every edit."""
    out = io.BytesIO()
    write_po(out, found, width=110, sort_output=True, include_lineno=False, omit_header=False)
    return out.getvalue()


def mo_bytes(found: Catalog) -> bytes:
    """The catalogue as gettext reads it."""
    out = io.BytesIO()
    write_mo(out, found)
    return out.getvalue()


def main(check: bool) -> int:
    """Writes or checks every catalogue; returns the exit code."""
    differs = False
    for path in sorted(LOCALE.glob("*/LC_MESSAGES/joulemark.po")):
        found = catalogue(path)
        for target, content in ((path, po_bytes(found)), (path.with_suffix(".mo"), mo_bytes(found))):
            if not target.exists() or target.read_bytes() != content:
                differs = True
                if not check:
                    target.write_bytes(content)
        missing = [message.id for message in found if message.id and not message.string]
        print(f"{path.relative_to(ROOT)}: {len(found)} sentences, {len(missing)} without a translation")
    return 1 if check and differs else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
