"""Addresses and options of servers as people type them. No client is imported here."""

import json
from collections.abc import Mapping
from urllib.parse import quote, urlsplit, urlunsplit

from bench.errors import BadInput
from bench.files.config import environment

KEY_VARIABLE = "JOULEMARK_API_KEY"
_MOST = 2.0**32  # seeds are the largest numbers that servers take; a limit against typing errors
_SECRET_CHARACTERS = 4  # from so many on a key is taken for one: "x" is what servers without keys are given


def hidden(text: str) -> str:
    """The same text without the user's key, which a server may echo: what it says is printed and kept."""
    key = environment(KEY_VARIABLE)
    if not key or len(key) < _SECRET_CHARACTERS:
        return text
    for spelt in (key, json.dumps(key)[1:-1], quote(key, safe="")):
        text = text.replace(spelt, "…")
    return text


def plain_url(text: str) -> str:
    """The address without a slash at its end. Raises BadInput where it carries a key or is none."""
    try:
        parts = urlsplit(text.strip())
    except ValueError as error:  # an open bracket
        raise BadInput(f"--endpoint {text!r}: {error}; expected http://HOST:PORT or https://…") from error
    if parts.username or parts.password or parts.query or parts.fragment:
        raise BadInput(
            f"--endpoint: an address is recorded, so no user, password or query may be in it; a key goes into the "
            f"environment variable {KEY_VARIABLE}"
        )
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadInput(f"--endpoint {text!r}: expected http://HOST:PORT or https://…")
    try:
        parts.hostname.encode("idna")
    except UnicodeError as error:
        raise BadInput(f"--endpoint {text!r}: {error}; expected a host's name") from error
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    try:
        port = f":{parts.port}" if parts.port is not None else ""
    except ValueError as error:
        raise BadInput(f"--endpoint {text!r}: {error}") from error
    if parts.port == 0:
        raise BadInput(f"--endpoint {text!r}: nothing listens at port 0; expected http://HOST:PORT or https://…")
    return urlunsplit((parts.scheme, host + port, parts.path.rstrip("/"), "", ""))


def number(options: Mapping[str, str], name: str, default: float, least: float = 1e-9) -> float:
    """An option that is a number. Raises BadInput."""
    text = options.get(name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError as error:
        raise BadInput(f"--set {name}={text}: expected a number") from error
    if not least <= value < _MOST:
        raise BadInput(f"--set {name}={text}: expected a number from {least:g} to below {_MOST:g}")
    return value
