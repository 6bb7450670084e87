"""Simulated servers that tests share; whoever sets faults takes them away again."""

import pytest
from sim.served import simulated_server

FAST = (
    "--request-s", "1e-3", "--prefill-token-s", "5e-5", "--decode-step-s", "1e-3", "--decode-sequence-s", "1e-4",
    "--load-s", "0.05",
)  # fmt: skip


@pytest.fixture(scope="session")
def fast(tmp_path_factory):
    """A server whose steps take a millisecond, without a cache."""
    with simulated_server(tmp_path_factory.mktemp("fast"), *FAST) as served:
        yield served


@pytest.fixture(scope="module")
def caching(tmp_path_factory):
    """One with a cache, llama-server's timings, bundles of three tokens, and replies of about ten."""
    habits = (
        "--cache",
        "--timings",
        "--bundle",
        "3",
        "--reply-tokens",
        "10",
        "--unloaded",
        "--context-tokens",
        "64",
    )
    with simulated_server(tmp_path_factory.mktemp("caching"), *FAST, *habits) as served:
        yield served
