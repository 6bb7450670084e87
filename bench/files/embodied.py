"""What making a board and its host emitted, from bench/data/embodied.csv: openly licensed figures alone."""

from collections.abc import Sequence
from pathlib import Path

from bench.carbon.embodied import SPREAD_RATIO, Embodied
from bench.errors import BadDeclaration, BadInput, MissingFactor
from bench.files.config import places
from bench.files.grid_tables import EmbodiedRow, read_embodied_rows
from bench.nouns import Range
from bench.phrases import Phrase

_SMALL_GIB, _LARGE_FROM_GIB, _LARGE_TO_GIB = 48.0, 60.0, 96.0
BOARDS_PER_HOST = 8  # what the figure for a server with boards was made for


def board_embodied(
    name: str,
    memory_gib: float,
    *,
    boards_per_host: int = BOARDS_PER_HOST,
    folder: Path | None = None,
    rows: Sequence[EmbodiedRow] = (),
) -> Embodied:
    """One board with its share of a host. Raises MissingFactor where no open figure of such a board is known.

    `boards_per_host` is how many share the host's figure; the figure itself is for eight. `rows`: the table, where
    somebody has read it already.
    """
    if not 1 <= boards_per_host <= BOARDS_PER_HOST:
        raise BadInput(
            Phrase(
                "{name}: {boards_per_host!r} boards in a host; needed is 1 to {most}",
                name=name,
                boards_per_host=boards_per_host,
                most=BOARDS_PER_HOST,
            )
        )
    rows = rows or read_embodied_rows(folder or places().data)
    board = _only(rows, "board", _class_of(name, memory_gib))
    host = _only(rows, "server", "with boards")
    return _spread(name, board.value + host.value / boards_per_host, rows, (board, host))


def server_embodied(name: str, *, share_ratio: float = 1.0, folder: Path | None = None) -> Embodied:
    """A server without boards, or a share of it (cores used ÷ cores there). Raises BadInput."""
    if not 0 < share_ratio <= 1:
        raise BadInput(
            Phrase(
                "{name}: a share of {share_ratio!r} of a server; needed is more than 0 and at most 1",
                name=name,
                share_ratio=share_ratio,
            )
        )
    rows = read_embodied_rows(folder or places().data)
    host = _only(rows, "server", "without boards")
    return _spread(name, share_ratio * host.value, rows, (host,))


def _class_of(name: str, memory_gib: float) -> str:
    if 0 < memory_gib <= _SMALL_GIB:
        return "up to 48 GB"
    if _LARGE_FROM_GIB <= memory_gib <= _LARGE_TO_GIB:
        return "64 to 96 GB"
    raise MissingFactor(
        Phrase(
            "{name}: no open figure of what making a board with {memory_gib:g} GiB emitted; known "
            "are boards of up to {small:g} and of {low:g} to {high:g} GiB; hand in an Embodied with "
            "its maker's own figure, or leave embodied grams out",
            name=name,
            memory_gib=memory_gib,
            small=_SMALL_GIB,
            low=_LARGE_FROM_GIB,
            high=_LARGE_TO_GIB,
        )
    )


def _spread(name: str, kg: float, rows: Sequence[EmbodiedRow], used: Sequence[EmbodiedRow]) -> Embodied:
    lives = [_only(rows, "lifetime", item) for item in ("shortest", "middle", "longest")]
    return Embodied(
        name=name,
        kg=Range(low=kg / SPREAD_RATIO, value=kg, high=kg * SPREAD_RATIO),
        lifetime_y=Range(low=lives[0].value, value=lives[1].value, high=lives[2].value),
        rests_on=tuple(
            f"{row.kind} {row.item}: {row.value:g} {row.unit}, {row.source}, {row.licence}"
            for row in (*used, *lives)
        ),
    )


def _only(rows: Sequence[EmbodiedRow], kind: str, item: str) -> EmbodiedRow:
    found = [row for row in rows if (row.kind, row.item) == (kind, item)]
    if len(found) != 1:
        raise BadDeclaration(
            "embodied.csv",
            None,
            Phrase("{n} rows of {kind!r}, {item!r}; needed is one", n=len(found), kind=kind, item=item),
        )
    return found[0]
