"""A live intensity: asked with a key alone, of a kind of its own, and nothing stands in for it."""

import json

import pytest

from bench.errors import CannotRun, MissingFactor
from bench.wire.electricity_maps import KEY, live_factor

ANSWER = {
    "zone": "FR",
    "carbonIntensity": 31,
    "datetime": "2026-11-21T10:00:00.000Z",
    "emissionFactorType": "lifecycle",
    "isEstimated": True,
}


def fetching(answer, asked=None):
    def fetch(url, headers):
        if asked is not None:
            asked.append((url, dict(headers)))
        return answer if isinstance(answer, bytes) else json.dumps(answer).encode()

    return fetch


@pytest.fixture
def key(monkeypatch):
    monkeypatch.setenv(KEY, "secret")


def test_the_figure_is_an_average_of_consumption_and_says_its_hour(key):
    asked = []
    found = live_factor("FR", year=2025, fetch=fetching(ANSWER, asked))

    assert (found.g_per_kwh.value, found.kind.mix, found.kind.accounting) == (31, "consumption", "average")
    assert "2026-11-21T10:00" in found.source
    assert "estimated" in found.source
    ((url, headers),) = asked
    assert url.endswith("/v3/carbon-intensity/latest?zone=FR&emissionFactorType=lifecycle")
    assert headers == {"auth-token": "secret"}


def test_without_a_key_nothing_is_asked(monkeypatch):
    monkeypatch.delenv(KEY, raising=False)
    asked = []
    with pytest.raises(CannotRun, match=KEY):
        live_factor("FR", year=2025, fetch=fetching(ANSWER, asked))

    assert asked == []


@pytest.mark.parametrize(
    "change",
    [
        {"carbonIntensity": None},
        {"carbonIntensity": "31"},
        {"carbonIntensity": True},
        {"zone": "DE"},
        {"emissionFactorType": "direct"},
        {"emissionFactorType": None},
    ],
    ids=str,
)
def test_an_answer_to_another_question_is_no_figure(key, change):
    with pytest.raises(MissingFactor, match="FR: a live answer"):
        live_factor("FR", year=2025, fetch=fetching({**ANSWER, **change}))


@pytest.mark.parametrize("answer", [b"<html>", b"", b"\xff"])
def test_what_is_no_json_is_no_answer(key, answer):
    with pytest.raises(CannotRun, match="needed is JSON"):
        live_factor("FR", year=2025, fetch=fetching(answer))


@pytest.mark.parametrize(
    "answer", [b"[]", b'{"zone": "FR", "carbonIntensity": NaN, "emissionFactorType": "lifecycle"}']
)
def test_json_of_another_shape_is_no_figure(key, answer):
    with pytest.raises(MissingFactor):
        live_factor("FR", year=2025, fetch=fetching(answer))


def test_the_key_is_in_no_message(key):
    with pytest.raises(MissingFactor) as said:
        live_factor("FR", year=2025, fetch=fetching({}))

    assert "secret" not in str(said.value)
