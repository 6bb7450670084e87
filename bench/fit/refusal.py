"""Why a fit lacks a term, and what would give it one: a value, of which the published sentence is made."""

from dataclasses import dataclass

from bench.nouns import Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One absent term."""

    term: str
    why: str
    helps: tuple[Cell, ...] = ()  # the cells that would mend it, the best first
    again: bool = False  # they have run, and are to run once more
    remedy: str = ""  # in words, where no cell is known that helps

    @property
    def sentence(self) -> str:
        """As it is published under `not_identified`."""
        cells = ", ".join(map(str, self.helps))
        told = f"measure {cells} again" if cells and self.again else f"add {cells}" if cells else self.remedy
        return f"{self.why}; {told}" if told else self.why
