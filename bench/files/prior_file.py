"""bench/data/prior.json: the physical prior with its sources; written by the fit, read by every estimate."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.errors import BadDeclaration, BadInput
from bench.estimators.prior import TERMS, Z90, Book, Coefficient, Prior
from bench.files.atomic import write_whole
from bench.files.config import places
from bench.phrases import Phrase
from bench.stats import significant

SCHEMA_VERSION = 1
_DIGITS = 5  # every coefficient is known to a tenth or two
_FORM = (
    "joules of a request = sum over terms of coefficient x power limit x seconds at the roofline; "
    "a coefficient is a share of the power limit over a share of the peak (no unit)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FedBy:
    """A file that the prior was fitted on."""

    source: str
    file: str
    repository: str
    commit: str
    licence: str
    measured: str
    sha256: str
    rows: int


def prior_path() -> Path:
    """Where the prior lies."""
    return places().data / "prior.json"


def prior_text(book: Book, fed: Sequence[FedBy]) -> str:
    """The file's text: the same for the same fit, five significant digits."""
    content = {
        "schema_version": SCHEMA_VERSION,
        "form": _FORM,
        "terms": {name: {"unit": "1", "at_one": what} for name, what in TERMS.items()},
        "sources": [{name: getattr(one, name) for name in FedBy.__slots__} for one in fed],
        "one_model_half_width": _rounded(book.one_model),
        "fits": [_fit(prior) for prior in book.priors.values()],
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def write_prior(path: Path, text: str) -> None:
    """Writes the file in one step."""
    write_whole(path, text.encode("utf-8"))


def _rounded(value: float) -> float:
    return significant(value, _DIGITS)


def _fit(prior: Prior) -> dict[str, Any]:
    return {
        "sources": list(prior.sources),
        "width": _rounded(prior.width),
        "overall": _rounded(prior.overall),
        "coefficients": {
            name: {
                "low": _rounded(one.value * math.exp(-Z90 * one.spread)),
                "value": _rounded(one.value),
                "high": _rounded(one.value * math.exp(Z90 * one.spread)),
                "spread": _rounded(one.spread),
            }
            for name, one in prior.coefficients.items()
        },
    }


def read_prior(path: Path | None = None) -> Book:
    """The prior and its parts. Raises BadInput where there is none, BadDeclaration where it is damaged."""
    path = path or prior_path()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(
            Phrase("{path}: no prior: {error}; fit one with scripts/fit_prior.py DATA", path=path, error=error)
        ) from error
    except ValueError as error:
        raise BadDeclaration(str(path), None, Phrase("not JSON: {error}", error=error)) from error
    try:
        if content["schema_version"] != SCHEMA_VERSION:
            raise BadDeclaration(
                str(path),
                None,
                Phrase("schema {found}, needed {needed}", found=content["schema_version"], needed=SCHEMA_VERSION),
            )
        return Book(
            priors={tuple(fit["sources"]): _prior(fit) for fit in content["fits"]},
            sources=tuple(sorted(one["source"] for one in content["sources"])),
            one_model=float(content["one_model_half_width"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadDeclaration(str(path), None, Phrase("not a prior: {error!r}", error=error)) from error


def read_fed(path: Path | None = None) -> tuple[str, ...]:
    """A line for each file that fed the prior, with its commit, licence and sha256. Raises BadDeclaration."""
    path = path or prior_path()
    try:
        sources = json.loads(path.read_text(encoding="utf-8"))["sources"]
        return tuple(
            Phrase(
                "{source}: {repository} at {commit} ({licence}), {file}, {rows} rows, sha256 {sha256}",
                source=one["source"],
                repository=one["repository"],
                commit=one["commit"],
                licence=one["licence"],
                file=one["file"],
                rows=one["rows"],
                sha256=one["sha256"],
            )
            for one in sources
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise BadDeclaration(
            str(path), None, Phrase("not a prior with its sources: {error!r}", error=error)
        ) from error


def _prior(fit: Mapping[str, Any]) -> Prior:
    return Prior(
        coefficients={
            name: Coefficient(
                value=float(fit["coefficients"][name]["value"]), spread=float(fit["coefficients"][name]["spread"])
            )
            for name in TERMS
        },
        width=float(fit["width"]),
        overall=float(fit["overall"]),
        sources=tuple(fit["sources"]),
    )
