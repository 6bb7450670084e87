"""What is asked of many requests at once: a column a question, of names as codes or one name for all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.errors import BadInput
from bench.estimators.roofline import Scope
from bench.phrases import Phrase

Floats = npt.NDArray[np.float64]
Numeric = Floats | float  # a column, or one number for all rows
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded:
    """A column of names: `codes` count in `names`. A code that is none of theirs is refused, its row alone."""

    codes: Ints
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.codes.ndim != 1 or not np.issubdtype(self.codes.dtype, np.integer):
            raise BadInput(
                Phrase(
                    "codes are an array of {ndim} dimensions of {kind}; needed are whole numbers in one "
                    "dimension, that count in names",
                    ndim=self.codes.ndim,
                    kind=self.codes.dtype,
                )
            )


def coded(names: Sequence[str]) -> Coded:
    """A column of names as codes: 10 million a second; keep the codes where a file has them (Parquet, Arrow)."""
    known: dict[str, int] = {}
    codes = np.fromiter((known.setdefault(name, len(known)) for name in names), np.int32, len(names))
    return Coded(codes=codes, names=tuple(known))


Names = str | Coded
Numbers = float | npt.NDArray[Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Requests, a row each: arrays of one length, or one value for all rows. Raises BadInput.

    Fields are those of bench.estimators.wanted.Wanted, with `region` the place by name, "" for no grams. A number
    that was not said is None for all rows, or masked (numpy.ma) in its own; NaN is no number, and is refused.
    """

    model: Names
    hardware: Names = ""
    region: Names = ""
    precision: Names = ""
    engine: Names = ""
    in_tokens: Numbers = None
    out_tokens: Numbers = None
    audio_seconds: Numbers = None
    batch: Numbers = None
    cards: Numbers = None
    count: Numbers = 1.0
    scope: Scope | None = None

    def __post_init__(self) -> None:
        for name, found in self._arrays():
            if found.ndim != 1 or found.dtype.kind not in "iuf":
                raise BadInput(
                    Phrase(
                        "{name}: an array of {ndim} dimensions of {kind}; needed are numbers in one",
                        name=name,
                        ndim=found.ndim,
                        kind=found.dtype,
                    )
                )
        lengths = {name: len(found) for name, found in self._arrays()}
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"{name} {length}" for name, length in lengths.items())
            raise BadInput(
                Phrase(
                    "columns of unlike length: {found}; needed is one length, or one value for all rows",
                    found=told,
                )
            )

    def _arrays(self) -> Iterator[tuple[str, npt.NDArray[Any]]]:
        for one in fields(self):
            found = getattr(self, one.name)
            if isinstance(found, Coded):
                yield one.name, found.codes
            elif isinstance(found, np.ndarray):
                yield one.name, found

    def __len__(self) -> int:
        return next((len(found) for _, found in self._arrays()), 1)
