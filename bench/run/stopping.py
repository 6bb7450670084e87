"""When rounds end, as their labels keep it: a rule that looks at the rounds is sealed in every round under it.

A round's label is COMPARISON/NUMBER/RULE: whoever drops the rule from a comparison's record is found by its runs.
A rule is so many rounds, or a width and the most of them; whoever takes the last ones away leaves fewer than that.
"""

import re
from collections.abc import Iterable

from bench.nouns import RunSpec

_PLANNED = "of {}"
_OF = re.compile(r"of (\d+)")
_FEWER = "{} rounds were asked for and {} begun: it ended before its time, and nothing tells why"
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


def rule_of(precision_ratio: float | None, most: int, planned: int) -> str:
    """The rule under which rounds end: by their width, after `most` at the latest, or after so many as planned."""
    return _PLANNED.format(planned) if precision_ratio is None else _RULE.format(precision_ratio * 100, most)


def told(rule: str, begun: int = 0) -> str:
    """What a rule means for a comparison of so many rounds, in a sentence; '' for nothing."""
    if found := _RULED.fullmatch(rule):
        return _STOPPED.format(*found.groups())
    planned = _OF.fullmatch(rule)
    return _FEWER.format(planned.group(1), begun) if planned and begun < int(planned.group(1)) else ""


def is_told(text: str) -> bool:
    """Whether a sentence is one of a rule."""
    return _SAID.fullmatch(text) is not None


def stopping_of(specs: Iterable[RunSpec | None], *, planned: bool = True) -> str:
    """When rounds ended, by the last round with a rule of widths; else how many are missing that were asked for.

    `planned`: whether the rounds are those of one comparison, so that their number says something.
    """
    rounds = sorted((int(n), rule) for _, n, rule in map(_parts, specs) if n.isdecimal())
    widths = [rule for _, rule in rounds if _RULED.fullmatch(rule)]
    if widths:
        return told(widths[-1])
    return told(rounds[-1][1], rounds[-1][0]) if planned and rounds else ""


def _parts(spec: RunSpec | None) -> tuple[str, str, str]:
    name, _, rest = ((spec.round if spec else None) or "").partition("/")
    number, _, rule = rest.partition("/")
    return name, number, rule
