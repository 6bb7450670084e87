"""Peers: other tools that watch the same windows. Their figures stand beside ours and never enter them."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

from bench.nouns.sensors import Check
from bench.nouns.words import Domain

_PREFIX = "peer:"
_MODELLED = " (modelled)"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerEnergy:
    """What a peer says that one domain took between its begin and its end."""

    domain: Domain
    energy_j: float
    basis: Literal["measured", "modelled"]  # of the peer: it read a sensor, or it has a model of its own


class Watching(Protocol):
    """A peer that has been started: one window after another, never two at once."""

    def begin(self) -> None:
        """From here on it watches."""
        ...

    def end(self) -> Sequence[PeerEnergy]:
        """What it says of the time since `begin`; a domain of which it says nothing is left out."""
        ...


class Witness(Protocol):
    """A peer: one file in bench/witnesses/. Native units die inside it."""

    def check(self) -> Check:
        """Whether its library is here. Never raises, imports nothing heavy."""
        ...

    def version(self) -> str:
        """The version of the library that does the work, without importing it."""
        ...

    def open(self) -> AbstractContextManager[Watching]: ...


def peer_field(name: str, basis: str) -> str:
    """The field under which a peer's readings are kept: `peer:codecarbon`, `peer:codecarbon (modelled)`."""
    return _PREFIX + name + (_MODELLED if basis == "modelled" else "")


def peer_label(field: str) -> str | None:
    """The peer's name as it stands beside a figure, its own model named as one; None: a field of a sensor."""
    return field.removeprefix(_PREFIX) if field.startswith(_PREFIX) else None


def is_modelled(label: str) -> bool:
    """Whether a peer's figure is a model of its own."""
    return label.endswith(_MODELLED)


def peer_name(label: str) -> str:
    """The peer whose label this is: `codecarbon (modelled)` is codecarbon's."""
    return label.removesuffix(_MODELLED)
