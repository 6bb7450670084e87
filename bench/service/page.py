"""The page at /, a form and its answer, in each language; and /docs, every route. Neither loads anything."""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from bench.files.locales import LANGUAGES, language
from bench.phrases import speaking, told
from bench.service.examples import ESTIMATES
from bench.service.page_words import ANSWER, FORM

Page = tuple[bytes, Mapping[str, str]]  # its HTML, and its headers
_INLINE = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)


def pages() -> Mapping[str, Page]:
    """By language: the page, and headers that let it run its own script and ask its own service, and no more."""
    template = _environment().get_template("page.html")
    models = [str(body["model"]) for body in ESTIMATES.values()]
    shown = dict(zip(("text_model", "speech_model", "translation_model"), models, strict=False))
    found = {}
    for code in LANGUAGES:
        with speaking(language(code)):
            text = template.render(code=code, t=_told(FORM), answer=_told(ANSWER), **shown)
        found[code] = text.encode("utf-8"), _headers(text, code)
    return found


def docs(api: Mapping[str, Any]) -> Page:
    """Every route as OpenAPI describes it, with its fields and examples."""
    schemas = api["components"]["schemas"]
    fields = {
        "/v1/estimate": {name: _field(one) for name, one in schemas["Request"]["properties"].items()},
        "/calculate-raw": {
            f"{section}.{name}": _field(one)
            for section, fields in schemas["OlderRequest"]["properties"].items()
            for name, one in fields["properties"].items()
        },
    }
    text = _environment().get_template("docs.html").render(api=api, fields=fields)
    return text.encode("utf-8"), _headers(text, "en")


def _environment() -> Environment:
    loader = PackageLoader("bench.service", "templates")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    environment.filters["plain"] = lambda found: json.dumps(found, ensure_ascii=False)
    environment.filters["indented"] = lambda found: json.dumps(found, ensure_ascii=False, indent=1)
    return environment


def _field(schema: Mapping[str, Any]) -> str:
    """What a field means and may be, in a line."""
    bounds = [f"{words} {schema[key]:g}" for key, words in _BOUNDS.items() if key in schema]
    listed = [one for one in schema.get("enum", ()) if one]
    if listed:
        bounds.append("one of " + ", ".join(listed[:8]) + (f" … {len(listed)} in all" if len(listed) > 8 else ""))
    if "default" in schema:
        bounds.append(f"{schema['default']} unless said")
    return " ".join(filter(None, (schema.get("description", ""), ", ".join(bounds))))


_BOUNDS = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to"}


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
