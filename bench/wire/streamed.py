"""Whether as much came as a server counts: pieces and characters of its streams, against those of its probes.

A stream's pieces are not its tokens: servers hold back half a character, some send several tokens at once, and a
busy one sends together what it made meanwhile. So neither pieces nor characters alone tell a false count. But
pieces that were sent together are longer by as much as they are fewer; pieces that never were are only fewer.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

_FEWER = 0.8  # of the probes' pieces a token: chosen, streams of a server that keeps up vary less
_DEVIATIONS = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What came of one answer, or of several, and how many tokens the server counts for it."""

    tokens: int
    pieces: int
    characters: int

    def __add__(self, other: "Delivered") -> "Delivered":
        return Delivered(
            tokens=self.tokens + other.tokens,
            pieces=self.pieces + other.pieces,
            characters=self.characters + other.characters,
        )


NOTHING = Delivered(tokens=0, pieces=0, characters=0)  # nothing to go by


def together(several: Iterable[Delivered]) -> Delivered:
    """All of them as one."""
    return sum(several, NOTHING)


def overstated(probed: Delivered, found: Delivered) -> str | None:
    """Why the tokens counted for `found` can't have come, by what came of `probed`; None: they can.

    With r pieces a token in the probes, n tokens come in n·r pieces, within a fifth and four binomial deviations.
    Where fewer came, each is as much longer as they are fewer if they were sent together (factor m), and as long
    as ever if the rest never came: the geometric middle between the two, √m, decides.
    """
    if not (probed.tokens and probed.pieces and probed.characters and found.pieces):
        return None
    share = min(1.0, probed.pieces / probed.tokens)
    usual = found.tokens * share
    if found.pieces >= _FEWER * usual - _DEVIATIONS * math.sqrt(usual * (1 - share)) - 1:
        return None
    fewer = usual / found.pieces
    longer = (found.characters / found.pieces) / (probed.characters / probed.pieces)
    if longer >= math.sqrt(fewer):
        return None
    return (
        f"{found.tokens} output tokens are counted, {found.pieces} pieces came, no longer than usual, where about "
        f"{usual:.0f} come of so many"
    )
