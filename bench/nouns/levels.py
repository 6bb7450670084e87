"""Levels at which one kind of work runs: how many requests go together, and how they come; and their names.

A level is called as a cell calls it, "batch=8" or "concurrency=8" or "rate=2", both parts with a comma between.
One request after the other has no name: beside other batches it is "batch=1", beside other loads "concurrency=1".
"""

from collections.abc import Sequence
from typing import Protocol

_BATCH = "batch="
_ALONE = "concurrency=1"


class Levelled(Protocol):
    """A cell, the group of its runs, or what was fitted on them."""

    @property
    def batch(self) -> int:
        """Requests that go through a model together."""

    @property
    def concurrency(self) -> int:
        """Users who wait for their answers."""

    @property
    def rate(self) -> float | None:
        """Requests a second that are offered, whatever comes back."""

    @property
    def load(self) -> str | None:
        """A named scenario."""


def level_of(one: Levelled) -> str:
    """Its level as a cell's name says it: "@batch=8", "@concurrency=8"; "" for one request after the other."""
    said = [f"{_BATCH}{one.batch}"] if one.batch != 1 else []
    if one.rate is not None:
        said.append(f"rate={one.rate:g}")
    elif one.load is not None:
        said.append(f"load={one.load}")
    elif one.concurrency != 1:
        said.append(f"concurrency={one.concurrency}")
    return "@" + ",".join(said) if said else ""


def names_of(levels: Sequence[Levelled]) -> tuple[str, ...]:
    """The names of several levels, the plain one too: "batch=1" where batches differ, else "concurrency=1"."""
    batches = len({one.batch for one in levels}) > 1
    loads = len({(one.concurrency, one.rate, one.load) for one in levels}) > 1
    plain = [f"{_BATCH}1"] if batches else []
    plain += [_ALONE] if loads or not batches else []
    return tuple(level_of(one).removeprefix("@") or ",".join(plain) for one in levels)


def parted(level: str) -> tuple[int, str]:
    """The batch and the load of a name: "batch=8,concurrency=4" → 8, "concurrency=4"; "" where they are plain."""
    parts = [part for part in level.split(",") if part]
    batch = next((int(part.removeprefix(_BATCH)) for part in parts if part.startswith(_BATCH)), 1)
    return batch, ",".join(part for part in parts if not part.startswith(_BATCH) and part != _ALONE)


def over_batches(levels: Sequence[str]) -> bool:
    """Whether levels, by their names, differ in their batch."""
    return len({parted(level)[0] for level in levels}) > 1


def over_loads(levels: Sequence[str]) -> bool:
    """Whether levels, by their names, differ in how requests come."""
    return len({parted(level)[1] for level in levels}) > 1
