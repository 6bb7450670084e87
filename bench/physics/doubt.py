"""A reason to doubt a domain of a run: its figures go (void), or a remark stands beside them (flag)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from bench.nouns import Domain, Verdict

Level: TypeAlias = Literal["flag", "void"]
Words: TypeAlias = Mapping[str, str]

# What a remedy calls measuring once more, and the option that lengthens windows: of a cell, and of `profile`
OF_A_CELL: Words = {"again": "run the cell again", "longer": "--window-s 10"}
OF_A_CALIBRATION: Words = {"again": "run it again", "longer": "--seconds 5"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When a circumstance flags and when it voids: over a number, which stands in `of`, or as the words say."""

    name: str
    touches: str  # whose figures, in words
    why: str  # what the thresholds rest on
    remedy: str  # holes, {again} and {longer}, are filled by what was measured
    of: str = ""
    flag_over: float | None = None
    void_over: float | None = None
    flagged: str = ""
    voided: str = ""

    def level(self, value: float) -> Level | None:
        """What a value means, by the two numbers."""
        if self.void_over is not None and value > self.void_over:
            return "void"
        return "flag" if self.flag_over is not None and value > self.flag_over else None

    def graded(self, value: float, domain: Domain | None, evidence: str) -> list[Verdict]:
        """The verdict that a value earns; none where it is below both numbers."""
        level = self.level(value)
        return [self._verdict(level, domain, evidence)] if level else []

    def voids(self, domain: Domain | None, evidence: str) -> Verdict:
        """A verdict that takes the figures of `domain` away; None: of every domain."""
        return self._verdict("void", domain, evidence)

    def flags(self, domain: Domain | None, evidence: str) -> Verdict:
        """A verdict that stands beside the figures of `domain`; None: of every domain."""
        return self._verdict("flag", domain, evidence)

    def when(self, level: Level) -> str:
        """When it flags or voids, in words; "" for never."""
        number, words = (self.flag_over, self.flagged) if level == "flag" else (self.void_over, self.voided)
        return words or ("" if number is None else f"over {self.of.format(number)}")

    def helps(self, words: Words) -> str:
        """The remedy in the words of what was measured."""
        return self.remedy.format_map(words)

    def _verdict(self, level: Level, domain: Domain | None, evidence: str) -> Verdict:
        return Verdict(name=self.name, level=level, domain=domain, evidence=evidence, remedy=self.helps(OF_A_CELL))
