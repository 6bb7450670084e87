"""A small grammar of sentences: `(a|b)` chooses, `[a]` and `(a)?` may be missing, `{slot}` is from a word list."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TypeAlias

from .tokens import words

LEAVE_OUT_RATIO = 0.55
"""How often an optional part is left out: short requests are more common than full ones (chosen, not counted)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A word list's name."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of several sequences, or nothing where it is optional."""

    options: tuple["Sequence_", ...]
    optional: bool = False


Node: TypeAlias = str | Slot | Choice
Sequence_: TypeAlias = tuple[Node, ...]
Slots: TypeAlias = Mapping[str, tuple[Sequence_, ...]]
_CLOSING = {"(": ")", "[": "]"}


def parse(text: str) -> Sequence_:
    """The template as a tree. Raises ValueError where a bracket has no partner."""
    found, end = _sequence(text, 0, "")
    if end != len(text):
        raise ValueError(f"template {text!r}: found {text[end]!r} at {end} with no opening partner")
    return found


def _sequence(text: str, at: int, stops: str) -> tuple[Sequence_, int]:
    nodes: list[Node] = []
    plain = ""
    while at < len(text) and text[at] not in stops and text[at] not in ")]":
        if text[at] in "([{":
            nodes, plain = ([*nodes, plain] if plain else nodes), ""
            node, at = _slot(text, at) if text[at] == "{" else _choice(text, at)
            nodes.append(node)
        else:
            plain, at = plain + text[at], at + 1
    return tuple([*nodes, plain] if plain else nodes), at


def _slot(text: str, at: int) -> tuple[Node, int]:
    end = text.find("}", at)
    if end < 0:
        raise ValueError(f"template {text!r}: the slot at {at} is not closed")
    return Slot(name=text[at + 1 : end]), end + 1


def _choice(text: str, at: int) -> tuple[Node, int]:
    opening, options = text[at], []
    while True:
        option, at = _sequence(text, at + 1, "|")
        options.append(option)
        if at >= len(text) or text[at] in _CLOSING.values():
            break
    if at >= len(text) or text[at] != _CLOSING[opening]:
        raise ValueError(f"template {text!r}: {opening!r} is not closed")
    at += 1
    optional = opening == "[" or text[at : at + 1] == "?"
    if opening == "(" and optional:
        at += 1
    return Choice(options=tuple(options), optional=optional), at


def draw(nodes: Sequence_, slots: Sequence[Slots], stranger_ratio: float, rng: random.Random) -> str:
    """One sentence of the template. `slots` are one or more languages' lists, the template's own first; a slot is
    filled from another one's list in `stranger_ratio` of cases."""
    said = []
    for node in nodes:
        if isinstance(node, str):
            said.append(node)
        elif isinstance(node, Slot):
            lists = slots[rng.randrange(1, len(slots))] if rng.random() < stranger_ratio else slots[0]
            said.append(draw(rng.choice(lists[node.name]), slots, stranger_ratio, rng))
        elif not (node.optional and rng.random() < LEAVE_OUT_RATIO):
            said.append(draw(rng.choice(node.options), slots, stranger_ratio, rng))
    return "".join(said)


@cache
def squashed(text: str) -> str:
    """The text's letters and digits alone: what is compared, whatever the spaces, accents and punctuation."""
    return "".join(words(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far templates can read into one squashed sentence, from where, with word lists of every language."""

    text: str
    slots: Slots
    _seen: dict[tuple[str, int], frozenset[int]] = field(default_factory=dict)

    def ends(self, nodes: Sequence_, starts: frozenset[int]) -> frozenset[int]:
        """The places where a reading of `nodes` that began at one of `starts` can end."""
        for node in nodes:
            if not starts:
                break
            if isinstance(node, str):
                piece = squashed(node)
                starts = frozenset(at + len(piece) for at in starts if self.text.startswith(piece, at))
            elif isinstance(node, Slot):
                starts = frozenset().union(*(self._slot_ends(node.name, at) for at in starts))
            else:
                kept = starts if node.optional else frozenset[int]()
                starts = kept.union(*(self.ends(option, starts) for option in node.options))
        return starts

    def _slot_ends(self, name: str, at: int) -> frozenset[int]:
        if (name, at) not in self._seen:
            start = frozenset((at,))
            self._seen[name, at] = frozenset().union(*(self.ends(entry, start) for entry in self.slots[name]))
        return self._seen[name, at]
