"""One entry of a fit, with what is known of it besides what is published."""

from dataclasses import dataclass

from bench.fit.refusal import Refusal
from bench.fit.rows import Group
from bench.nouns import Coefficients


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """The coefficients, the rows that they rest on, and why terms are absent."""

    entry: Coefficients
    group: Group
    refused: tuple[Refusal, ...] = ()
