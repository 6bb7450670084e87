"""Names as people read them: `audio_second` → energy per audio second, `gpu:0` → GPU 0."""

from collections.abc import Mapping
from types import MappingProxyType

from bench.nouns import Domain

_DOMAINS: Mapping[str, str] = MappingProxyType(
    {"gpu": "GPU", "cpu-package": "CPU package", "dram": "DRAM", "platform": "platform", "host": "whole host"}
)
_TERMS: Mapping[str, str] = MappingProxyType(
    {
        "request": "per request",
        "prompt_token": "per prompt token",
        "cached_token": "per cached token",
        "output_token": "per output token",
        "prompt_token_sq": "per prompt token squared",
        "context_token": "per output token and token of context",
        "decode_step": "per decode step",
        "source_token": "per source token",
        "target_token": "per target token",
        "audio_window": "per audio window of 30 s",
        "video_second": "per video second",
        "load": "loading the model, once",
        "idle_bare": "idle, no model loaded",
        "idle_resident": "idle, model resident",
    }
)


def person(domain: Domain) -> str:
    """A domain in words: `gpu:0` → GPU 0."""
    name, colon, number = domain.partition(":")
    return f"{_DOMAINS.get(name, name)} {number}".strip() if colon else _DOMAINS.get(domain, domain)


def term_name(term: str) -> str:
    """A coefficient's term in words."""
    return _TERMS.get(term, term.replace("_", " "))


def rate_name(rate: str) -> str:
    """A rate in words; its unit says per what. A leading domain and `gross_` are said elsewhere."""
    short = rate.rpartition("/")[2].removeprefix("gross_")
    known = _TERMS.get(short)
    return known if known else ("per " + short.replace("_", " ")).replace("per per ", "per ")
