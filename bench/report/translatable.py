"""Templates of pages, their text marked to be told: nobody has to remember to mark a heading.

Each run of text between tags becomes `{{ say("…") }}`; bold and code that hold text alone stay inside it. What
jinja computes stands between runs, so that `{{ n }} of {{ all }} sentences` holds " of " and " sentences".
"""

import json
import re
from collections.abc import Iterator

from jinja2 import Environment
from jinja2.ext import Extension
from markupsafe import Markup

from bench.phrases import Phrase, language_in_force, told
from bench.report.stored import retell

# comments, statements, expressions, styles, tags; text is what lies between
_TOKENS = re.compile(r"(\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<style>.*?</style>|<!--.*?-->|<[^>]*>)", re.DOTALL)
_INLINE = re.compile(r"</?(?:b|code)>")
_LABEL = re.compile(r'(aria-label=")([^"]*)(")')
_SAID = re.compile(r'\bsay\("([^"]+)"\)')
_WORDS = re.compile(r"[^\W\d_]{2}")
_ENTITY = re.compile(r"&\w+;")


class Telling(Extension):
    """Marks the text of every template as it is loaded; style sheets are left alone."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.filters["retell"] = retell
        environment.globals |= {"say": said, "retell": retell, "language": lambda: language_in_force().code}

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:  # noqa: ARG002
        """The template with its text marked."""
        return source if (name or "").endswith(".css") else marked(source)


def said(text: str) -> Markup:
    """A template's own text in the language in force: HTML, as it stands in the template."""
    return Markup(told(Phrase(text)))  # a template's or a catalogue's, never a user's


def marked(source: str) -> str:
    """A template with each of its texts as an expression that tells it."""
    return "".join(_marked_text(one) if is_text else _marked_tag(one) for is_text, one in _runs(source))


def texts(source: str) -> Iterator[str]:
    """Every text of a template that is told, as its msgid."""
    yield from _SAID.findall(source)
    for is_text, one in _runs(source):
        if is_text:
            yield from _told_in(one)
        elif label := _LABEL.search(one):
            for piece in _TOKENS.split(label[2]):
                yield from _told_in(piece)


def _runs(source: str) -> Iterator[tuple[bool, str]]:
    """The template in its order: (True, text with bold and code inside) or (False, a tag or what jinja reads)."""
    held: list[str] = []
    for at, one in enumerate(_TOKENS.split(source)):
        if at % 2 == 0 or _INLINE.fullmatch(one):
            held.append(one)
            continue
        yield from _settled(held)
        held = []
        yield False, one
    yield from _settled(held)


def _settled(held: list[str]) -> Iterator[tuple[bool, str]]:
    """Held pieces as one text where their tags close inside it; else piece by piece."""
    whole = "".join(held)
    opened = len(re.findall(r"<(?:b|code)>", whole))
    if opened == len(re.findall(r"</(?:b|code)>", whole)) and not whole.strip().startswith("</"):
        if whole:
            yield True, whole
        return
    for one in held:
        yield not _INLINE.fullmatch(one), one


def _told_in(text: str) -> Iterator[str]:
    stripped = text.strip()
    if stripped in (":", ";") and text[-1].isspace():  # French puts a space before
        yield stripped
        return
    if _WORDS.search(re.sub(r"<code>.*?</code>", "", _ENTITY.sub("", stripped))) and not stripped.startswith("{"):
        yield stripped


def _marked_text(text: str) -> str:
    for stripped in _told_in(text):
        before, _, after = text.partition(stripped)
        return f"{before}{{{{ say({json.dumps(stripped, ensure_ascii=False)}) }}}}{after}"
    return text


def _marked_tag(tag: str) -> str:
    if tag.startswith("{"):
        return tag
    return _LABEL.sub(lambda m: m[1] + "".join(map(_marked_text, _TOKENS.split(m[2]))) + m[3], tag)
