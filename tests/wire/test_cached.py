"""An answer that a cache gave says so in its headers."""

import pytest

from bench.wire.cached import from_cache


@pytest.mark.parametrize(
    "headers",
    [
        {"age": "12"},
        {"age": "0, 12"},
        {"cache-status": 'ExampleCache; hit; ttl=30, "CDN"; fwd=uri-miss'},
        {"x-cache": "HIT from proxy"},
        {"cf-cache-status": "HIT"},
        {"helicone-cache": "HIT"},
        {"x-cache": "TCP_HIT"},
        {"x-cache": "TCP_REMOTE_HIT from a1-2.deploy.akamaitechnologies.com"},
        {"x-cache": "MISS, HIT"},
        {"x-cache": "RefreshHit from cloudfront"},
        {"x-cache-status": "STALE"},
        {"x-proxy-cache": "UPDATING"},
        {"x-cache-status": "REVALIDATED"},
        {"x-cache-hits": "3"},
        {"x-cache-hits": "0, 3"},
        {"x-cache-hit": "True"},
        {"x-varnish": "32770 32769"},
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
        {"x-cache": "TCP_MISS"},
        {"x-cache": "MISS from squid", "x-cache-lookup": "HIT from squid:3128"},
        {"x-cache": "MISS, MISS"},
        {"x-cache": "hit-for-pass"},
        {"x-cache": "white, which, architecture"},
        {"x-cache-status": "EXPIRED"},
        {"x-cache-hits": "0, 0"},
        {"x-cache-hit": "false"},
        {"x-cache-key": "/api?sentence=a+hit"},
        {"cache-tag": "hit"},
        {"cdn-cache-control": "stale-while-revalidate=60, stale"},
        {"x-varnish": "32770"},
    ],
)
def test_an_answer_that_was_worked_out_is_not(headers):
    assert from_cache(headers) is None
