"""Which windows are work, and which are idle: before loading (bare), or with the model in memory (resident)."""

from collections.abc import Iterable
from typing import Literal, Protocol, TypeVar


class Phased(Protocol):
    """A window, or what was made of one."""

    @property
    def phase(self) -> str:
        """ "idle", "work", …"""

    @property
    def label(self) -> str:
        """ "bare-1", "resident-2", "1", …: unique within its phase."""


P = TypeVar("P", bound=Phased)


def idle(found: Iterable[P], kind: Literal["bare", "resident"]) -> tuple[P, ...]:
    """Those in which nothing was asked: "bare-1" and "bare-2", or "resident-1" and "resident-2"."""
    return tuple(one for one in found if one.phase == "idle" and one.label.startswith(kind))


def work(found: Iterable[P]) -> tuple[P, ...]:
    """Those in which work was done: of the engine, or of a preparation whose energy is told apart."""
    return tuple(one for one in found if one.phase in ("work", "prepare"))
