"""When rounds end, as their labels keep it: a rule that looks at the rounds is sealed in every round under it.

A round's label is COMPARISON/NUMBER, or COMPARISON/NUMBER/RULE: whoever drops the rule from a comparison's record
is found by its runs.
"""

import re
from collections.abc import Iterable

from bench.nouns import RunSpec

_RULE = "within {:.3g} %, at most {}"
_RULED = re.compile(r"within (\S+) %, at most (\d+)")
_STOPPED = (
    "rounds ended as soon as every time and energy was within ±{} % (statistical), or after {}: such a stop "
    "keeps lucky rounds, so that these intervals cover 91 to 95 of 100, by simulation"
)
_SAID = re.compile(re.escape(_STOPPED).replace(r"\{\}", r"(\S+)"))


def label(comparison: str, number: int, rule: str = "") -> str:
    """What a round's runs bear."""
    return f"{comparison}/{number}" + (f"/{rule}" if rule else "")


def round_of(spec: RunSpec | None) -> tuple[str, int] | None:
    """The comparison and the number of the round that a run was measured for; None: for none."""
    name, number, _ = _parts(spec)
    return (name, int(number)) if name and number.isdecimal() else None


def rule_of(precision_ratio: float | None, most: int) -> str:
    """The rule of rounds that end by their width; '' where so many are asked for."""
    return "" if precision_ratio is None else _RULE.format(precision_ratio * 100, most)


def told(rule: str) -> str:
    """A rule in a sentence; '' for none."""
    found = _RULED.fullmatch(rule)
    return _STOPPED.format(*found.groups()) if found else ""


def is_told(text: str) -> bool:
    """Whether a sentence is one of a rule."""
    return _SAID.fullmatch(text) is not None


def stopping_of(specs: Iterable[RunSpec | None]) -> str:
    """When rounds ended, by the last round that bears a rule; '' where none does."""
    ruled = [(int(n), rule) for _, n, rule in map(_parts, specs) if n.isdecimal() and told(rule)]
    return told(max(ruled)[1]) if ruled else ""


def _parts(spec: RunSpec | None) -> tuple[str, str, str]:
    name, _, rest = ((spec.round if spec else None) or "").partition("/")
    number, _, rule = rest.partition("/")
    return name, number, rule
