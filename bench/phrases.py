"""Text for people that can be told in another language: an English sentence, and the values inside it.

A Phrase is its English text, so that it goes wherever text goes: JSON, tests, logs. At the edge, where people
read, `told(text)` says it in the language in force. Its template is the msgid of the gettext catalogue
(bench/data/locale); fields that are phrases themselves, lists of them and errors that carry one are told too, and
numbers are written as the language writes them.
"""

import re
import string
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, SupportsIndex


class Phrase(str):
    """English text of a template with named fields: `Phrase("{n:g} cards assumed", n=2)`.

    Without fields the template is the text as it stands, braces and all.
    """

    __slots__ = ("fields", "template")
    template: str
    fields: Mapping[str, object]

    def __new__(cls, template: str, /, **fields: object) -> "Phrase":
        """The template with its fields. A phrase stays what it is. Raises KeyError for a field not given."""
        if not fields and isinstance(template, Phrase):
            return template
        self = super().__new__(cls, template.format(**fields) if fields else template)
        self.template, self.fields = str(template), fields
        return self

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
        return _again, (self.template, dict(self.fields))


def _again(template: str, fields: dict[str, object]) -> Phrase:
    return Phrase(template, **fields)


class Figure(str):
    """A number that was found written in a text: told as the language writes numbers."""

    __slots__ = ()


def recognised(text: str, templates: Iterable[str]) -> Phrase | None:
    """A text that was stored in English as the phrase that it was made of; None where no template fits.

    A field holds no line break; the first template that fits is taken.
    """
    for template in templates:
        parts = [(literal, name) for literal, name, _, _ in string.Formatter().parse(template)]
        pattern = "".join(re.escape(literal) + (f"(?P<{name}>.+?)" if name else "") for literal, name in parts)
        found = re.fullmatch(pattern, text)
        if found is None:
            continue
        fields = {name: Figure(one) if _NUMBER.fullmatch(one) else one for name, one in found.groupdict().items()}
        return Phrase(template, **fields)
    return None


def joined(parts: Iterable[str], between: str = ", ") -> Phrase:
    """Several texts as one, each told by itself; a Phrase as `between` is told too."""
    listed = list(parts)
    fields: dict[str, object] = {f"p{at}": part for at, part in enumerate(listed)}
    return Phrase("{between}".join(f"{{p{at}}}" for at in range(len(listed))), between=between, **fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """How one language says templates and writes numbers; English says them as they are."""

    code: str
    translate: Callable[[str], str] | None = None  # None: templates and numbers as they are
    decimal: str = "."

    def tell(self, text: str) -> str:
        """The text in this language; one that is no Phrase as it is."""
        if (
            self.translate is None or not isinstance(text, Phrase) or not text.template
        ):  # of "" gettext tells its head
            return str(text)
        template = self.translate(text.template)
        if not text.fields:
            return template
        return _Filled(self).format(template, **{name: self._field(one) for name, one in text.fields.items()})

    def number(self, text: str) -> str:
        """A number as this language writes it, from what format() made of it."""
        return text if self.translate is None else _rewritten(text, self.decimal)

    def _field(self, found: object) -> object:
        if isinstance(found, Phrase):
            return self.tell(found)
        if isinstance(found, Figure):
            return self.number(found)
        if isinstance(found, BaseException) and found.args and isinstance(found.args[0], Phrase):
            return self.tell(found.args[0])
        return found


class _Filled(string.Formatter):
    """Fills a template; numbers among its fields are written as the language writes them."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def format_field(self, value: Any, format_spec: str) -> str:
        text = format(value, format_spec)
        return self._language.number(text) if isinstance(value, int | float) else text


ENGLISH = Language(code="en")
_IN_FORCE: ContextVar[Language] = ContextVar("language", default=ENGLISH)
_GROUP = "\u202f"  # narrow no-break space
_NUMBER = re.compile(r"([+-]?)(\d+|\d{1,3}(?:,\d{3})+)(?:\.(\d+))?(?:e([+-]\d+))?(%?)")
_GROUP_FROM_DIGITS = 5
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def _rewritten(text: str, decimal: str) -> str:
    """Another decimal sign, groups of three digits, × 10⁻⁵ for e-05; what is no number as it is.

    Source: ISO 80000-1:2022, 7.3 (groups by a thin space, a comma or a point before decimals; checked 2026-11-22).
    """
    found = _NUMBER.fullmatch(text)
    if found is None:
        return text
    sign, whole, rest, exponent, percent = found.groups()
    power, whole = int(exponent or 0), whole.replace(",", "")
    if 0 < power < 15:  # 1.234e+04 is 12 340
        digits = (rest or "").ljust(power, "0")
        whole, rest, power = whole + digits[:power], digits[power:], 0
    if len(whole) >= _GROUP_FROM_DIGITS:
        whole = f"{int(whole):,}".replace(",", _GROUP)
    written = sign.replace("-", "\u2212") + whole + (decimal + rest if rest else "")
    times = f"\u00a0×\u00a010{str(power).translate(_SUPERSCRIPT)}" if power else ""
    return written + times + ("\u202f%" if percent else "")


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """The language in force inside the block, in this thread and task alone."""
    before = _IN_FORCE.set(language)
    try:
        yield
    finally:
        _IN_FORCE.reset(before)


def told(text: str) -> str:
    """The text in the language in force; what is no Phrase as it is."""
    return _IN_FORCE.get().tell(text)


def number(value: float, spec: str = "") -> str:
    """A number in the language in force, formatted by `spec`."""
    return _IN_FORCE.get().number(format(value, spec))


def language_in_force() -> Language:
    """The language that `told` speaks."""
    return _IN_FORCE.get()
