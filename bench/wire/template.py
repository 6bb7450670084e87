"""What users write of a request, `{text}` standing for its text → what is sent, so that the same text arrives.

Percent-encoding: RFC 3986, 2.1, and 5.2.4 for segments of dots; forms: WHATWG URL, 5.2; escapes and characters of
XML: XML 1.0, 2.2 and 2.4. Checked 2026-11-21.
"""

import json
import re
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

from bench.errors import BadInput

TEXT, TOKENS, NUMBER = "{text}", "{output_tokens}", "{serial}"
KNOWN = (TEXT, TOKENS, NUMBER)
_WORD = re.compile(r"\{[A-Za-z_]+\}")
_FORM = "application/x-www-form-urlencoded"
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_XML = {
    '"': "&quot;",
    "'": "&apos;",
    "\r": "&#13;",
    "\n": "&#10;",
    "\t": "&#9;",
}  # as they are in an attribute too
_CHARSET = re.compile(r"charset\s*=\s*\"?([\w-]+)", re.IGNORECASE)


def check_words(option: str, template: str) -> None:
    """Raises BadInput for a word in braces that stands for nothing: it would be sent as it is."""
    for word in _WORD.findall(template):
        if word not in KNOWN:
            raise BadInput(
                f"--set {option}=: {word} stands for nothing; known are {', '.join(KNOWN)}. Braces that are meant "
                "as they are take a space inside them, or %7B and %7D in an address"
            )


def check_media(content_type: str, body: str | None) -> None:
    """Raises BadInput where it is not known how a text is written into such a body."""
    if body is None or TEXT not in body:
        return
    media = _media(content_type)
    if not (_is_json(media) or _is_xml(media) or media in (_FORM, "text/plain")):
        raise BadInput(
            f"--set content_type={content_type}: how a text is quoted in it is not known; "
            f"known are JSON, XML, {_FORM} and text/plain"
        )
    charset = _CHARSET.search(content_type)
    if charset and charset[1].lower() not in ("utf-8", "utf8"):
        raise BadInput(f"--set content_type={content_type}: texts are sent in UTF-8; leave the charset out")


def quoted(text: str, content_type: str) -> str:
    """A text as a body of that type holds it. Raises BadInput for one that it can't hold."""
    media = _media(content_type)
    if _is_json(media):
        return json.dumps(text)[1:-1]
    if media == _FORM:
        return quote_plus(text)
    if not _is_xml(media):
        return text
    if odd := _NO_XML.search(text):
        raise BadInput(f"a text holds {odd[0]!r}, which XML can't hold: take it out of {text[:40]!r}")
    return escape(text, _XML)


def in_address(template: str, text: str) -> str:
    """A path and query with the text in them. Raises BadInput where it would be a step to another path."""
    filled = template.replace(TEXT, quote(text, safe=""))
    for was, is_ in zip(*(one.partition("?")[0].split("/") for one in (template, filled)), strict=True):
        if is_ in (".", "..") and TEXT in was:
            raise BadInput(
                f"the text {text!r} in the path {template} names another path (RFC 3986, 5.2.4): take the "
                "text into the query or the body, or leave it out"
            )
    return filled


def _media(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _is_json(media: str) -> bool:
    return media.endswith(("/json", "+json"))


def _is_xml(media: str) -> bool:
    return media.endswith(("/xml", "+xml"))
