"""What an answer says of a cache that gave it: then no work was done for it.

A shared cache must give the age of what it hands on (RFC 9111, section 5.1) and may name itself (RFC 9211,
section 2); before that, and in gateways of language models, a header of their own says so: X-Cache,
CF-Cache-Status, Helicone-Cache, x-portkey-cache-status. Checked 2026-11-21.
"""

from collections.abc import Mapping

_OWN = "cache-status"  # RFC 9211: a list of caches, each with its own words behind semicolons


def from_cache(headers: Mapping[str, str]) -> str | None:
    """The header that says so; None: none does. Names are in lower case."""
    if (age := headers.get("age", "").strip()).isdigit() and int(age) > 0:
        return f"Age: {age}"
    words = headers.get(_OWN, "").replace(",", ";").split(";")
    if any(word.strip().lower() == "hit" for word in words):
        return f"{_OWN}: {headers[_OWN]}"
    told = ((name, value) for name, value in headers.items() if "cache" in name and name != _OWN)
    return next((f"{name}: {value}" for name, value in told if value.strip().lower().startswith("hit")), None)
