"""What an answer says of a cache that gave it: then no work was done for it.

A shared cache must give the age of what it hands on (RFC 9111, section 5.1) and may name itself (RFC 9211,
section 2). Before that, and in gateways of language models, a header of their own says so, in words of their own:
`X-Cache: Hit from cloudfront`, `MISS, HIT` and `X-Cache-Hits: 0, 3` of two nodes (Fastly's reference of HTTP
headers: any entry but MISS, and any positive count, was given by a cache), `TCP_HIT` and `TCP_REMOTE_HIT` (debug
headers of Azure CDN and Front Door, Akamai, Squid), and HIT, STALE, UPDATING and REVALIDATED of nginx
($upstream_cache_status of ngx_http_upstream_module). Varnish's X-Varnish holds the request's number, and of a hit
that of the request which filled the cache too (Varnish's user guide, "Achieving a high hitrate").
Checked 2026-11-21.
"""

import re
from collections.abc import Mapping

_OWN = "cache-status"  # RFC 9211: a list of caches, each with its own words behind semicolons
_VARNISH = "x-varnish"
# Directives, what a cache would find a reply by (words of the request, perhaps), and whether it looked (Squid's
# X-Cache-Lookup: HIT stands beside X-Cache: MISS where what it found was not used)
_NO_STATUS = re.compile(r"cache-control|key|tag|lookup")
_GIVEN = re.compile(r"(?<![a-z])(?:[a-z]*hit|stale|updating|revalidated)(?![a-z])")
_PASSED = re.compile(r"hit[-_ ]for[-_ ](?:pass|miss)")  # Varnish remembers that it must not answer: no hit
_TWO_IDS = re.compile(r"\d+\s+\d+")


def from_cache(headers: Mapping[str, str]) -> str | None:
    """The header that says so; None: none does. Names are in lower case."""
    if any(age.strip().isdigit() and int(age) > 0 for age in headers.get("age", "").split(",")):
        return f"Age: {headers['age']}"
    words = headers.get(_OWN, "").replace(",", ";").split(";")
    if any(word.strip().lower() == "hit" for word in words):
        return f"{_OWN}: {headers[_OWN]}"
    if _TWO_IDS.search(headers.get(_VARNISH, "")):
        return f"{_VARNISH}: {headers[_VARNISH]}"
    told = ((name, value) for name, value in headers.items() if "cache" in name and name != _OWN)
    return next((f"{name}: {value}" for name, value in told if _given(name, value.lower())), None)


def _given(name: str, value: str) -> bool:
    """Whether a cache's own header says that it gave the answer: a word anywhere in it, or a count of hits."""
    if _NO_STATUS.search(name):
        return False
    if name.endswith("hits"):
        return any(int(count) > 0 for count in re.findall(r"\d+", value))
    if name.endswith("hit"):
        return value.strip() in ("1", "true", "yes")
    return bool(_GIVEN.search(_PASSED.sub("", value)))
