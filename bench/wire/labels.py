"""What a workload's requests tell of a classifier's answers: whether its scores are scores of their classes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bench.nouns import Fact, Request
from bench.wire.about import UNKNOWN_CLASSES
from bench.wire.api import ApiDialect

_NAMED = 5


def prepared(
    dialect: ApiDialect, requests: Sequence[Request], *, guessed: bool
) -> tuple[ApiDialect, Mapping[str, Fact]]:
    """The dialect for these requests, and what was found of their classes.

    `guessed`: nobody said that the numbers of the replies are scores of classes. They are taken for it where at
    least half of the labels are among their names (chosen: `prediction`, `confidence` and `latency_ms` are
    numbers too). Raises BadInput for a text that can't be sent as it is.
    """
    for request in requests:
        dialect.call(request, 0)
    labels = {request.meant for request in requests if request.meant}
    if not dialect.classes or not labels:
        return dialect, {}
    unknown = sorted(labels - dialect.classes)
    if guessed and 2 * len(unknown) > len(labels):
        return replace(dialect, classes=frozenset()), {"answer": "status", UNKNOWN_CLASSES: _named(unknown)}
    return dialect, {UNKNOWN_CLASSES: _named(unknown)} if unknown else {}


def _named(labels: Sequence[str]) -> str:
    more = f" and {len(labels) - _NAMED} more" if len(labels) > _NAMED else ""
    return ", ".join(f"'{label}'" for label in labels[:_NAMED]) + more
