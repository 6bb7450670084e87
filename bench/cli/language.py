"""`--lang fr|en`, before or after any command: the language of tables, errors and reports; keys stay English."""

from collections.abc import Sequence

from bench.errors import BadInput
from bench.files.locales import language
from bench.phrases import Language, Phrase

_OPTION = "--lang"


def taken(argv: Sequence[str]) -> tuple[Language | None, list[str]]:
    """The language that a command line says, None where it says none, and the line without it.

    What belongs to a command of the user's own is left alone: all after `--`, and all after the word `meter`.
    Raises BadInput for an option without a value or said twice, UnknownName for a language unknown.
    """
    ours = _ours(argv)
    rest: list[str] = []
    said: list[str] = []
    words = iter(argv[:ours])
    for word in words:
        name, equals, value = word.partition("=")
        if name != _OPTION:
            rest.append(word)
            continue
        following = value if equals else next(words, None)
        if following is None:
            raise BadInput(Phrase("--lang stands without a value; needed is one after it: en or fr"))
        said.append(following)
    if len(said) > 1:
        raise BadInput(Phrase("--lang is said twice; give it once"))
    return (language(said[0]) if said else None), [*rest, *argv[ours:]]


def first_word(argv: Sequence[str]) -> int:
    """Where the command stands: after options of the whole line."""
    at = 0
    while at < len(argv) and argv[at].startswith("-"):
        at += 2 if argv[at] == _OPTION else 1
    return at


def _ours(argv: Sequence[str]) -> int:
    """How many words of the line are ours to read."""
    command = first_word(argv)
    if argv[command : command + 1] == ["meter"]:
        return command
    return argv.index("--") if "--" in argv else len(argv)
