"""The page at /: a form and its answer in one file that loads nothing from elsewhere, in each language."""

import base64
import hashlib
import re
from collections.abc import Mapping

from jinja2 import Environment, PackageLoader, StrictUndefined

from bench.files.locales import LANGUAGES, language
from bench.phrases import speaking, told
from bench.service.examples import ESTIMATES
from bench.service.page_words import ANSWER, FORM

_INLINE = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)


def pages() -> Mapping[str, tuple[bytes, Mapping[str, str]]]:
    """By language: the page, and headers that let it run its own script and ask its own service, and no more."""
    loader = PackageLoader("bench.service", "templates")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    template = environment.get_template("page.html")
    models = [str(body["model"]) for body in ESTIMATES.values()]
    shown = dict(zip(("text_model", "speech_model", "translation_model"), models, strict=False))
    found = {}
    for code in LANGUAGES:
        with speaking(language(code)):
            text = template.render(code=code, t=_told(FORM), answer=_told(ANSWER), **shown)
        found[code] = text.encode("utf-8"), _headers(text, code)
    return found


def _told(words: Mapping[str, str]) -> Mapping[str, str]:
    return {name: told(text) for name, text in words.items()}


def _headers(text: str, code: str) -> Mapping[str, str]:
    own: dict[str, list[str]] = {"script": [], "style": []}
    for found in _INLINE.finditer(text):
        digest = base64.b64encode(hashlib.sha256(found[2].encode("utf-8")).digest()).decode("ascii")
        own[found[1]].append(f"'sha256-{digest}'")
    return {
        "content-language": code,
        "vary": "accept-language",
        "content-security-policy": (
            f"default-src 'none'; connect-src 'self'; img-src data:; script-src {' '.join(own['script'])}; "
            f"style-src {' '.join(own['style'])}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        ),
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
    }
