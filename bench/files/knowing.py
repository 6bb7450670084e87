"""What estimates rest on, read from the tables, the prior and the published coefficients; it loads no numpy."""

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from bench.carbon import Embodied, embodied_g
from bench.errors import BadDeclaration, BadInput, MissingFactor
from bench.estimators.answer import Answer, times
from bench.estimators.answering import Known
from bench.estimators.wanted import TokenRate
from bench.files.coefficient_files import coefficient_paths, read_coefficients
from bench.files.config import places
from bench.files.data_rows import read_rows
from bench.files.embodied import board_embodied
from bench.files.estimating import read_catalogue
from bench.files.grid_tables import EmbodiedRow
from bench.files.prior_file import read_fed, read_prior
from bench.nouns import Coefficients
from bench.nouns.estimates import Range
from bench.phrases import Phrase, joined
from bench.units import BYTES_PER_GIB


def read_known(results: Sequence[Path] = ()) -> Known:
    """Everything that travels with Joulemark, and the coefficients of results folders, which come first.

    Raises BadInput where a folder has no coefficients, BrokenResults, BadDeclaration.
    """
    where = places()
    own = [one for folder in results for one in _coefficients(folder)]
    shipped = [
        one
        for folder in where.coefficients
        for path in coefficient_paths(folder)
        for one in read_coefficients(path)
    ]
    return Known(
        catalogue=read_catalogue(),
        book=read_prior(),
        published=(*own, *shipped),
        token_rates=read_rows(where.data / "tokens_per_char.csv", _token_rate, "a rate of tokens"),
        families=_families(where.models),
        prior_sources=read_fed(),
    )


def _coefficients(folder: Path) -> Iterator[Coefficients]:
    inside = folder / "coefficients"
    paths = coefficient_paths(inside if inside.is_dir() else folder)
    if not paths:
        raise BadInput(
            Phrase("{folder}: no coefficients; needed is a results folder: joulemark fit {folder}", folder=folder)
        )
    for path in paths:
        yield from read_coefficients(path)


def _families(folder: Path) -> Mapping[str, str]:
    found = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            found[path.stem] = str(tomllib.loads(path.read_text(encoding="utf-8"))["family"])
        except (KeyError, ValueError) as error:
            raise BadDeclaration(str(path), None, Phrase("not a model: {error}", error=error)) from error
    return found


def _token_rate(row: Mapping[str, str]) -> TokenRate:
    return TokenRate(
        tokenizer=row["tokenizer"],
        language=row["lang"],
        ratio=float(row["tokens_per_char"]),
        meaning=float(row["tokens_vs_EN_same_meaning"]),
    )


Made = tuple[Embodied | None, str]  # what making a card emitted and what that rests on, or why it is not known


def made_of(name: str, memory_gib: float, rows: Sequence[EmbodiedRow] = ()) -> Made:
    """What making a card with its share of a host emitted. `rows`: the table, where somebody has read it."""
    try:
        made = board_embodied(name, memory_gib, rows=rows)
    except MissingFactor as error:
        return None, Phrase("embodied: {error}", error=error)
    return made, joined(made.rests_on, "; ")


def embodied_of(answer: Answer, making: Callable[[str, float], Made] = made_of) -> tuple[Range | None, str]:
    """The embodied grams of all requests, and what they rest on, or None and why there are none."""
    if answer.card is None or answer.device_s is None:
        return None, _UNTIMED
    if answer.card.name == "unknown":
        return None, _UNNAMED
    made, words = making(answer.card.name, answer.card.memory_b / BYTES_PER_GIB)
    if made is None:
        return None, words
    return embodied_g(made, times(answer.device_s, answer.wanted.count)), words


_UNTIMED = Phrase("embodied: how long a request holds its hardware is not known")
_UNNAMED = Phrase("embodied: no hardware was named")
