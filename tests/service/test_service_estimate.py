"""POST /v1/estimate answers what `joulemark estimate --json` prints, digit for digit."""

import json

import pytest
from asked import CHAT, ask, estimate, knowledge
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.cli import estimate_line
from bench.service.asking import ALIASES, FIELDS

FLAGS = ("shadow", "explain")


def printed(capsys, body):
    """What the command line prints for a body's fields."""
    argv = [f"--{name.replace('_', '-')}={value!s}" for name, value in body.items() if name not in FLAGS]
    argv += [f"--{name}" for name in FLAGS if body.get(name)]
    code = estimate_line.main([*argv, "--json"])
    out = capsys.readouterr().out
    return code, json.loads(out)


def test_the_fields_are_the_command_lines():
    """What a results folder, a table or JSON would be has no place in a request."""
    line = {*estimate_line._VALUED, *estimate_line.FLAGS} - {"results", "csv", "csv_style", "json"}
    assert set(FIELDS) == line
    assert ALIASES == estimate_line._ALSO


@pytest.mark.parametrize(
    "body",
    [
        CHAT,
        CHAT | {"explain": True, "shadow": True, "count": 1000},
        {"model": "llama-3.1-8b", "out_tokens": 211},
        {"model": "whisper-tiny", "audio_seconds": 61.5, "region": "Sweden"},
        {"model": "nllb-600m", "chars": 500, "language": "fr", "region": "eu-data-zone"},
        {"model": "mistral-160m", "in_tokens": 32, "out_tokens": 64, "batch": 4, "scope": "wall"},
        {"model": "mine", "params_b": 7, "in_tok": 10, "out_tok": 3, "pue": 1.3, "g_per_kwh": 60},
        CHAT | {"market_factor": 12, "market_kind": "ppa", "market_scope": "life_cycle"},
        {"model": "llama-3-70b", "out_tokens": 50, "region": "eastus", "grid": "direct"},
    ],
)
def test_an_answer_is_the_command_lines_digit_for_digit(capsys, body):
    code, line = printed(capsys, body)
    status, found = estimate(body)
    assert (code, status) == (0, 200)
    assert found == line
    assert json.dumps(found) == json.dumps(line)  # in the same order, too


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_request_is_answered_or_refused_as_the_command_line_does(data):
    from bench.errors import BadInput
    from bench.estimators.priced import plain_estimate
    from bench.estimators.wanted import wanted_of
    from bench.run.estimating import estimate as by_line

    models = st.sampled_from(knowledge().known.models)
    body = {"model": data.draw(models), "in_tokens": data.draw(st.floats(0, 1e5))}
    body |= {"out_tokens": data.draw(st.floats(0, 1e5)), "count": data.draw(st.floats(0, 1e9))}
    region = data.draw(st.sampled_from(sorted(knowledge().regions.places)))
    status, found = estimate(body | {"region": region})
    try:
        expected = {"schema_version": 1, **plain_estimate(by_line(wanted_of(body), region=region), explain=False)}
    except BadInput as error:
        expected = str(error)
    assert status == 200 if isinstance(expected, dict) else status in (409, 422)
    said = found if status == 200 else found["detail"][0]["msg"]
    assert said == expected


def test_the_answer_of_equal_bodies_is_the_same_bytes_and_of_others_its_own():
    one, again, other = (json.dumps(CHAT | {"count": count}).encode() for count in (1, 1, 2))
    first, second, third = (ask("POST", "/v1/estimate", body) for body in (one, again, other))
    assert first.content == second.content
    assert third.json()["energy_kwh"]["value"] == pytest.approx(2 * first.json()["energy_kwh"]["value"])


def test_a_place_is_named_in_any_writing_and_null_is_not_said():
    answers = [estimate(CHAT | {"region": name, "batch": None})[1] for name in ("usa", "United States", "US")]
    assert answers[0] == answers[1] == answers[2]
    assert answers[0]["carbon_g"]["location"]["value"] > 0


def test_notes_are_told_in_the_language_asked_for_and_keys_are_not():
    plain = ask("POST", "/v1/estimate", json.dumps(CHAT).encode()).json()
    french = ask("POST", "/v1/estimate?lang=fr", json.dumps(CHAT).encode())
    accepted = {"content-type": "application/json", "accept-language": "de, fr-FR;q=0.9, en;q=0.5"}
    same = ask("POST", "/v1/estimate", json.dumps(CHAT).encode(), headers=accepted)
    assert french.json()["energy_kwh"] == plain["energy_kwh"]
    assert french.json().keys() == plain.keys()
    assert french.headers["content-language"] == "fr"
    assert french.json()["notes"] != plain["notes"]
    assert same.json() == french.json()


def test_a_language_that_is_not_known_is_refused_by_its_parameter():
    found = ask("POST", "/v1/estimate?lang=tlh", json.dumps(CHAT).encode())
    assert found.status_code == 422
    assert found.json()["detail"][0]["loc"] == ["query", "lang"]


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/v1/models", ("name", "kind", "parameters_b")),
        ("/v1/hardware", ("name", "power_limit_w", "memory_gb")),
        ("/v1/regions", ("name", "g_per_kwh", "pue")),
    ],
)
def test_every_name_of_the_tables_is_one_that_can_be_asked_for(path, names):
    found = ask("GET", path)
    table = found.json()[path.rpartition("/")[2]]
    assert found.status_code == 200
    assert all(set(names) <= set(row) for row in table)
    asked = {"/v1/models": "model", "/v1/hardware": "hardware", "/v1/regions": "region"}[path]
    for row in table:
        status, answer = estimate({"model": "llama-3.1-8b", "out_tokens": 1} | {asked: row["name"]})
        said = {one["type"] for one in answer.get("detail", [])}
        assert status == 200 or not said & {"unknown_name"}, row


def test_health_says_the_version():
    from bench import __version__

    assert ask("GET", "/health").json() == {"status": "ok", "version": __version__}


def test_answers_are_kept_up_to_a_number_and_the_oldest_goes_first(monkeypatch):
    from bench.service import posts

    monkeypatch.setattr(posts, "_KEPT", 2)
    kept = posts.Kept()
    first, second, third = (("/v1/estimate", "en", body) for body in (b"1", b"2", b"3"))
    kept.put(first, b"one")
    kept.put(second, b"two")
    assert kept.get(first) == b"one"  # asked for again, and so the newest
    kept.put(third, b"three")
    assert (kept.get(first), kept.get(second), kept.get(third)) == (b"one", None, b"three")
    kept.put(second, b"x" * posts._LARGEST)
    assert kept.get(second) is None
