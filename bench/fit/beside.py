"""What was in memory with a candidate while it worked: ratios are of runs that had the same beside them."""

from collections.abc import Sequence

from bench.errors import BadInput
from bench.nouns import RunSpec
from bench.nouns.compared import Showing


def candidate_text(parts: Sequence[str]) -> str:
    """ENGINE/MODEL:PRECISION, with its device and whose weights where they are told: `parts` hold all five."""
    engine, model, precision, device, weights_path = parts
    name = f"{engine}/{model}:{precision}" + (f"@device={device}" if device else "")
    return f"{name} {last_part(weights_path)}" if weights_path else name


def last_part(path: str) -> str:
    """Of a folder its name, of a hub id the model's; the sum stays: two folders may be named alike."""
    return path.rstrip("/").rpartition("/")[2] or "own-weights"


def loaded_with(spec: RunSpec) -> tuple[str, ...]:
    """The run's candidate and those in memory with it, the same for each of them; () of one that was alone."""
    cell = spec.cell
    path = spec.weights_path if spec.weights != "synthetic" else None
    own = candidate_text((cell.engine, cell.model, cell.precision, cell.device or "", path or ""))
    return tuple(sorted((own, *spec.beside))) if spec.beside else ()


def same_beside(showings: Sequence[Showing], names: Sequence[str]) -> None:
    """Raises BadInput where no two of all candidates had the same in memory with them."""
    if not set.intersection(*_held(showings).values()):
        first = showings[0]
        other = next(s for s in showings if s.loaded_with != first.loaded_with)
        both = " ".join(f"{s.made.engine}/{s.made.model}:{s.made.precision}" for s in (first, other))
        raise BadInput(
            f"{names[first.candidate]} was measured {_said(first)}, {names[other.candidate]} {_said(other)}: each "
            "energy holds the idle power of what was in memory, so no ratio is of the two alone; measure them "
            f"beside each other: `joulemark compare {both} --on {first.work}`"
        )


def one_company(showings: Sequence[Showing], names: Sequence[str]) -> tuple[list[Showing], list[str]]:
    """Those that had the same in memory with them, and why the others are set apart: the newest that all had."""
    held = _held(showings)
    shared = set.intersection(*held.values()) or set.union(*held.values())
    if len(set.union(*held.values())) == 1:
        return list(showings), []
    last = max((s for s in showings if s.loaded_with in shared), key=lambda s: s.run_id)
    return [s for s in showings if s.loaded_with == last.loaded_with], [
        f"{s.run_id}, round {s.round} of {names[s.candidate]}: measured {_said(s)}, others {_said(last)}; the "
        "idle power of what is in memory is in each energy, so the two are never averaged"
        for s in showings
        if s.loaded_with != last.loaded_with
    ]


def _held(showings: Sequence[Showing]) -> dict[int, set[tuple[str, ...]]]:
    return {c: {s.loaded_with for s in showings if s.candidate == c} for c in {s.candidate for s in showings}}


def _said(one: Showing) -> str:
    return (
        f"with {len(one.loaded_with)} candidates in memory ({', '.join(one.loaded_with)})"
        if one.loaded_with
        else "alone"
    )
