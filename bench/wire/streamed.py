"""Whether as much came as a server counts: pieces and characters of its streams, against those of its probes.

A stream's pieces are not its tokens: servers hold back half a character (16 honest tokens of llama-server in 7
pieces, with random weights), some send several tokens at once, and a busy one sends together what it made
meanwhile. So no answer alone tells a false count, and neither do pieces alone. But most answers of a window come
as the probes did; and pieces that were sent together are longer by as much as they are fewer, while pieces that
never were are only fewer.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bench.physics.rules import FEWEST_ANSWERS

_FEWER = 0.8  # of the probes' pieces a token: chosen, most answers of an honest server vary less


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What came of one answer, or of several, and how many tokens the server counts for it."""

    tokens: int
    pieces: int  # those without a text among them: a token may have none
    characters: int


NOTHING = Delivered(tokens=0, pieces=0, characters=0)  # nothing to go by


def together(several: Sequence[Delivered]) -> Delivered:
    """All of them as one."""
    return Delivered(
        tokens=sum(one.tokens for one in several),
        pieces=sum(one.pieces for one in several),
        characters=sum(one.characters for one in several),
    )


def overstated(probed: Delivered, answers: Sequence[Delivered]) -> str | None:
    """Why the tokens counted for `answers` can't have come, by what came of `probed`; None: they can.

    With r pieces a token in the probes, n tokens come in about n·r. Where most answers came in a fifth fewer,
    their pieces are longer by the same factor m if they were sent together, and as long as ever if the rest never
    came: the geometric middle between the two, √m, decides.
    """
    if not (probed.tokens and probed.pieces and probed.characters) or len(answers) < FEWEST_ANSWERS:
        return None
    share = min(1.0, probed.pieces / probed.tokens)
    short = [one for one in answers if one.pieces < _FEWER * one.tokens * share]
    if 2 * len(short) <= len(answers):
        return None
    found = together(short)
    usual = found.tokens * share
    # characters a piece, in those of the probes; of nothing there is nothing that is long
    longer = found.characters / max(1, found.pieces) / (probed.characters / probed.pieces)
    if longer >= math.sqrt(usual / max(1, found.pieces)):
        return None
    return (
        f"{len(short)} of {len(answers)} answers came in fewer pieces than their tokens take: "
        f"{found.tokens} tokens are counted, {found.pieces} pieces came, no longer than usual, where about "
        f"{usual:.0f} do"
    )
