"""What one request meant and what was said: all that a score rests on."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledAnswer:
    """What one question meant, what was said, and the group it is reported with (a language, say)."""

    meant: str
    said: str
    group: str = ""
