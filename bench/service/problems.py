"""What is wrong with a request, at which field, and the status that says so.

422: a field is wrong by itself, or missing. 409: each is right, and no estimate can rest on what is known of all
together (no measured cell of such speech, weights that those cards do not hold). 413, 415, 408: body and its kind.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bench.errors import BadInput, JoulemarkError, UnknownName
from bench.phrases import Phrase, told

Type = Literal[
    "bad_json", "bad_value", "unknown_name", "missing", "refused", "too_large", "wrong_kind", "too_slow"
]
Path = tuple[str | int, ...]  # "body", then the names and places that lead to the field
Headers = tuple[tuple[bytes, bytes], ...]
LONGEST_NAME = 60  # of what a client said, as an answer repeats it


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong: where, what was found and what is needed, and names that are near."""

    loc: Path
    message: str
    type: Type
    near: tuple[str, ...] = ()

    @property
    def plain(self) -> dict[str, object]:
        """As JSON has it, in the shape that FastAPI's clients know; `near` only where a name is."""
        loc = [part if isinstance(part, int) else part[:LONGEST_NAME] for part in self.loc]
        data: dict[str, object] = {"loc": loc, "msg": self.message, "type": self.type}
        return data | ({"near": list(self.near)} if self.near else {})


class Refused(BadInput):
    """A request that gets no estimate: its status, its problems, and headers. Only the routes catch it."""

    def __init__(self, status: int, *problems: Problem, headers: Headers = ()) -> None:
        super().__init__(problems[0].message)
        self.status, self.problems, self.headers = status, problems, headers


def refused(loc: Path, message: str, type: Type = "bad_value", status: int = 422) -> Refused:
    """A refusal for one field, told in the language in force."""
    return Refused(status, Problem(loc=loc, message=told(message), type=type))


def unknown(loc: Path, error: UnknownName) -> Refused:
    """A refusal of a name that is not known, with the nearest ones."""
    return Refused(422, Problem(loc=loc, message=words_of(error), type="unknown_name", near=error.near))


def words_of(error: JoulemarkError) -> str:
    """What an error says, in the language in force."""
    return told(Phrase("{error}", error=error))


def body_of(problems: Sequence[Problem]) -> bytes:
    """The JSON of a refusal; ASCII alone, whatever a client sent."""
    return json.dumps({"detail": [one.plain for one in problems]}).encode("ascii")
