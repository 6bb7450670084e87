"""The language of an answer: what ?lang= says, else the first known one of Accept-Language, else English.

Notes, sources and errors are told in it; names of fields, bases and methods stay English.
"""

from collections.abc import Iterator, Mapping

from bench.errors import UnknownName
from bench.files.locales import LANGUAGES, language
from bench.phrases import ENGLISH, Language, language_in_force, told
from bench.service.problems import unknown

_TOLD = ("rests_on", "notes", "chain")


def language_of(lang: str | None, accepted: str) -> Language:
    """The language to answer in. Raises Refused for a ?lang= that is not known."""
    if lang is not None:
        try:
            return language(lang)
        except UnknownName as error:
            raise unknown(("query", "lang"), error) from error
    if not accepted:
        return ENGLISH
    return next((language(code) for code in _wanted(accepted) if code in LANGUAGES), ENGLISH)


def _wanted(accepted: str) -> Iterator[str]:
    """Codes by their weight (RFC 9110, 12.5.4); a weight that is no number counts as none."""
    ranked = []
    for at, part in enumerate(accepted[:1000].split(",")):
        code, _, weight = part.partition(";q=")
        try:
            value = float(weight or 1)
        except ValueError:
            value = 0.0
        if value > 0:
            ranked.append((-value, at, code.strip().lower().partition("-")[0]))
    return (code for _, _, code in sorted(ranked))


def in_language(data: Mapping[str, object]) -> Mapping[str, object]:
    """An answer with its sentences told in the language in force."""
    if language_in_force().translate is None:
        return data
    return {
        name: [told(line) for line in value] if name in _TOLD and isinstance(value, list) else value
        for name, value in data.items()
    }
