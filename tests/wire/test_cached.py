"""An answer that a cache gave says so in its headers."""

import pytest

from bench.wire.cached import from_cache


@pytest.mark.parametrize(
    "headers",
    [
        {"age": "12"},
        {"cache-status": 'ExampleCache; hit; ttl=30, "CDN"; fwd=uri-miss'},
        {"x-cache": "HIT from proxy"},
        {"cf-cache-status": "HIT"},
        {"helicone-cache": "HIT"},
    ],
)
def test_an_answer_of_a_cache_is_seen(headers):
    assert from_cache(headers)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"age": "0"},
        {"cache-control": "max-age=60"},
        {"cache-status": "ExampleCache; fwd=miss; stored"},
        {"x-cache": "MISS"},
        {"x-hits": "hit"},
    ],
)
def test_an_answer_that_was_worked_out_is_not(headers):
    assert from_cache(headers) is None
