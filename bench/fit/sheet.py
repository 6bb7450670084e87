"""What a fit has found so far: terms, the components of their intervals, and why others are absent."""

from dataclasses import dataclass, field

from bench.nouns import Quantity


@dataclass(slots=True, kw_only=True)
class Sheet:
    """Filled in while a group is fitted."""

    terms: dict[str, Quantity] = field(default_factory=dict)
    parts: dict[str, dict[str, float]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def enter(self, name: str, found: tuple[Quantity, dict[str, float]]) -> None:
        """Writes a term with its components down."""
        self.terms[name], self.parts[name] = found
