"""Which runs of a candidate are of one make: engine, version, weights, hardware; makes are never averaged."""

from collections.abc import Sequence

from bench.nouns.compared import Showing

_ALIKE = (
    "engine", "engine_version", "model", "precision", "weights", "hardware", "device", "driver", "power_limit_w",
    "weights_path", "endpoint", "threads", "parameters",
)  # fmt: skip


def one_make(showings: Sequence[Showing], names: Sequence[str]) -> tuple[list[Showing], list[str]]:
    """The showings of one make of each candidate, and why the others are set apart: makes are never averaged.

    The newest, and of one engine the newest version that all of its candidates have: else the ratio would be one
    of versions too.
    """
    wanted = {c: newest(_shared(showings, c), c).made for c in {s.candidate for s in showings}}
    taken, apart = [], []
    for one in showings:
        make = wanted[one.candidate]
        if told := [n for n in _ALIKE if getattr(one.made, n) != getattr(make, n)]:
            said = ", ".join(f"{n.replace('_', ' ')} {getattr(one.made, n)}" for n in told)
            since = ", ".join(f"{getattr(make, n)}" for n in told)
            apart.append(
                f"{one.run_id}, round {one.round} of {names[one.candidate]}: {said}, others {since}; "
                "rounds of two makes are never averaged: measure all anew with --fresh"
            )
        else:
            taken.append(one)
    return taken, apart


def _shared(showings: Sequence[Showing], candidate: int) -> list[Showing]:
    """The candidate's showings by the newest version that all candidates of its engine have; all where none is."""
    mine = [s for s in showings if s.candidate == candidate]
    kin = [s for s in showings if s.made.engine == mine[0].made.engine]
    versions = [{s.made.engine_version for s in kin if s.candidate == c} for c in {s.candidate for s in kin}]
    shared = set.intersection(*versions)
    if not shared:
        return mine
    last = max((s for s in kin if s.made.engine_version in shared), key=lambda s: s.run_id).made.engine_version
    return [s for s in mine if s.made.engine_version == last]


def newest(showings: Sequence[Showing], candidate: int) -> Showing:
    """The candidate's last showing."""
    return max((s for s in showings if s.candidate == candidate), key=lambda s: (s.run_id, s.round))
