"""One line of an audit: the question that was asked, what it expects, what was found, and where."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from bench.nouns import Domain

Status: TypeAlias = Literal["pass", "warn", "fail", "not applicable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """The place that a line speaks of; whatever is None does not narrow it."""

    file: str | None = None  # inside the result folder
    run: str | None = None
    window: str | None = None  # "work 1"
    domain: Domain | None = None

    def __str__(self) -> str:
        return ", ".join(part for part in (self.file, self.window, self.domain) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    """What one question found at one place."""

    name: str
    status: Status
    expected: str
    found: str
    where: Where


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """A check's name, and in words what it expects. (A rule with thresholds is bench/physics/doubt.py's.)"""

    name: str
    expected: str

    def passed(self, found: str, where: Where) -> AuditLine:
        """All is as expected."""
        return self._line("pass", found, where)

    def warned(self, found: str, where: Where) -> AuditLine:
        """Weaker than it should be, or not to be told; the figures stand."""
        return self._line("warn", found, where)

    def failed(self, found: str, where: Where) -> AuditLine:
        """Figures that rest on this are not to be trusted."""
        return self._line("fail", found, where)

    def skipped(self, why: str, where: Where) -> AuditLine:
        """The question makes no sense here."""
        return self._line("not applicable", why, where)

    def _line(self, status: Status, found: str, where: Where) -> AuditLine:
        return AuditLine(name=self.name, status=status, expected=self.expected, found=found, where=where)


Lines: TypeAlias = tuple[AuditLine, ...]


def told(short: Iterable[AuditLine], fine: AuditLine) -> Lines:
    """The lines that fall short; where there is none, the one that says so."""
    return tuple(short) or (fine,)
