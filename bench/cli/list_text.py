"""Everything that can be named, short enough for one screen: one kind by name says what each is."""

from collections.abc import Mapping

from bench.cli.output import table

Entries = tuple[tuple[str, str], ...]  # (name, what it is)
_LONG = 20  # of so many names, those that begin alike are told together
_ALIKE = 4
_NOT_HERE = "not here"


def brief(found: Mapping[str, Entries]) -> str:
    """A row per kind with its names; families of names by their beginning, and what cannot run here marked."""
    rows = [(kind, str(len(entries)), _names(entries)) for kind, entries in found.items()]
    more = "`joulemark list workloads`, or another kind, says what each is"
    return f"{table(rows, ('KIND', 'ALL', 'NAMES'))}\n\n{more}"


def _names(entries: Entries) -> str:
    begins = [name.partition("-")[0] for name, _ in entries]
    together = {b for b in begins if len(entries) > _LONG and begins.count(b) >= _ALIKE}
    said: dict[str, None] = {}  # in order, each once
    for (name, about), begin in zip(entries, begins, strict=True):
        many = begins.count(begin)
        mark = f" ({_NOT_HERE})" if about.startswith(_NOT_HERE) else ""
        said[f"{begin}-… ({many})" if begin in together else f"{name}{mark}"] = None
    return ", ".join(said) or "none"
