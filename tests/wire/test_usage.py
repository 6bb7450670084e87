"""What a server says that it counted is held against itself."""

import pytest

from bench.nouns import Usage
from bench.wire.openai import usage_of


def test_totals_are_the_sum_of_their_parts():
    """Hidden thoughts are work: a total that holds more than prompt and completion leaves them out of both."""
    told = {"prompt_tokens": 10, "completion_tokens": 16, "total_tokens": 74}

    assert "total_tokens 74" in str(usage_of(told))
    assert usage_of({**told, "total_tokens": 26}) == Usage(requests=1, prompt_tokens=10, output_tokens=16)
    assert usage_of({k: v for k, v in told.items() if k != "total_tokens"}) == usage_of(
        {**told, "total_tokens": 26}
    )


@pytest.mark.parametrize("cached", [11, -1, "4"])
def test_a_cache_gives_no_more_than_the_prompt(cached):
    told = {"prompt_tokens": 10, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": cached}}

    assert "cached" in str(usage_of(told))
