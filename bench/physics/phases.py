"""Which windows are work, and which are idle: before loading (bare), or with the model in memory (resident)."""

from collections.abc import Iterable
from typing import Literal, Protocol, TypeAlias, TypeVar, get_args

IdleKind: TypeAlias = Literal["bare", "resident"]
AFTER = "after"
WORK_PHASES = ("work", "prepare")  # a preparation's energy is told apart: a sound track taken out of a video


class Phased(Protocol):
    """A window, or what was made of one."""

    @property
    def phase(self) -> str:
        """ "idle", "work", …"""

    @property
    def label(self) -> str:
        """ "bare-1", "resident-2", "1", …: unique within its phase."""


P = TypeVar("P", bound=Phased)


def idle_kind(one: Phased) -> IdleKind | None:
    """ "bare" for the idle window "bare-1", "resident" for "resident-2"; None for any other window."""
    kind, _, number = one.label.partition("-")
    named = one.phase == "idle" and number.isdecimal()
    return next((known for known in get_args(IdleKind) if named and known == kind), None)


def idle(found: Iterable[P], kind: IdleKind) -> tuple[P, ...]:
    """Those in which nothing was asked: "bare-1" and "bare-2", or "resident-1" and "resident-2"."""
    return tuple(one for one in found if idle_kind(one) == kind)


def after(found: Iterable[P]) -> tuple[P, ...]:
    """Those behind the last work, when every answer of a server has come: "after-1"."""
    return tuple(one for one in found if one.phase == "idle" and one.label.partition("-")[0] == AFTER)


def is_work(one: Phased) -> bool:
    """Whether work was done in it: of the engine, or of a preparation."""
    return one.phase in WORK_PHASES


def work(found: Iterable[P]) -> tuple[P, ...]:
    """Those in which work was done."""
    return tuple(one for one in found if is_work(one))
