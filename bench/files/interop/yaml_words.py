"""Scalars as YAML that every reader takes alike, of 1.1 (PyYAML's) and 1.2: what may be misread is quoted."""

import re

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
# what YAML 1.1 reads as something else than text (yaml.org/type/bool.html, null.html; checked 2026-11-22)
_TAKEN = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def word(text: str) -> str:
    """A name as a key: plain where no reader takes it for anything else, else quoted."""
    return text if _PLAIN.fullmatch(text) and text.lower() not in _TAKEN else quoted(text)


def quoted(text: str) -> str:
    """Text in double quotes, whatever is in it. Half a surrogate pair, which no file can hold, becomes U+FFFD."""
    return '"' + "".join(_ESCAPES.get(one) or _character(one) for one in text) + '"'


def number(value: float) -> str:
    """A finite number; with a point before its exponent, without which YAML 1.1 takes it for text."""
    shown = repr(value)
    if "e" in shown and "." not in shown:
        return shown.replace("e", ".0e")
    return shown


def comment(text: str) -> str:
    """A line of comment; what is no character of a line becomes a question mark."""
    return "# " + "".join(one if one.isprintable() else "?" for one in " ".join(text.split()))


def _character(one: str) -> str:
    code = ord(one)
    if one.isprintable():
        return one
    if 0xD800 <= code <= 0xDFFF:
        return "\\uFFFD"
    return f"\\x{code:02X}" if code <= 0xFF else f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"
