"""The server's contract over real HTTP."""

import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from workloads.intent import INTENTS

LACKING = "pip install 'joulemark[intent]'"
SENTENCES = (
    "un billet de train pour Lyon demain",
    "book a hotel in York",
    "où manger une pizza près d'ici ?",
    "cheap flights from Paris to Tokyo",
    "tell me a joke",
)


def ask(address, sentence=None, path="/api/intent"):
    query = "" if sentence is None else "?" + urllib.parse.urlencode({"sentence": sentence})
    try:
        with urllib.request.urlopen(f"{address}{path}{query}", timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)


@pytest.fixture(scope="module")
def plain(server):
    return server()


def test_an_answer_holds_the_eight_intents_with_scores_whose_sum_is_one(plain):
    """And the highest is the sentence's."""
    status, scores = ask(plain, SENTENCES[0])

    assert status == 200
    assert tuple(scores) == INTENTS
    assert sum(scores.values()) == pytest.approx(1.0, abs=1e-5)
    assert max(scores, key=scores.get) == "find-train"


@pytest.mark.parametrize(
    ("sentence", "why"),
    [
        (None, "found no sentence"),
        ("", "without a word"),
        (" ?! ", "without a word"),
        ("x" * 2001, "2001 characters"),
        ("a " * 251, "250 words"),
    ],
)
def test_nothing_to_read_or_too_much_is_refused(plain, sentence, why):
    """400 with what was found; never a made-up intent."""
    status, answer = ask(plain, sentence)

    assert status == 400
    assert why in answer["detail"]


def test_the_longest_sentence_allowed_is_answered(plain):
    """250 words are read."""
    assert ask(plain, "mot " * 250)[0] == 200


def test_health_says_which_model_answers_and_how(plain):
    """So that a measurement can record what it measured."""
    status, health = ask(plain, path="/health")

    assert status == 200
    assert (health["status"], health["model"], health["threads"], health["max_batch"]) == ("ok", "fp32", 1, 1)


def test_the_contract_is_published(plain):
    """OpenAPI names the route, its parameter and its refusal."""
    status, contract = ask(plain, path="/openapi.json")
    [parameter] = contract["paths"]["/api/intent"]["get"]["parameters"]

    assert status == 200
    assert parameter["name"] == "sentence"
    assert {"200", "400"} <= contract["paths"]["/api/intent"]["get"]["responses"].keys()


def test_batches_change_no_answer(plain, server):
    """Sentences that ran together say what each says alone."""
    batched = server("--max-batch", "16", "--max-wait-ms", "20")
    alone = [ask(plain, one)[1] for one in SENTENCES]

    with ThreadPoolExecutor(10) as pool:
        together = list(pool.map(lambda one: ask(batched, one)[1], SENTENCES * 8))

    for scores, expected in zip(together, alone * 8, strict=True):
        assert scores == pytest.approx(expected, abs=1e-5)


def test_a_batched_server_answers_a_single_request(server):
    """Nobody waits for a batch to fill."""
    assert ask(server("--max-batch", "64", "--max-wait-ms", "5"), SENTENCES[0])[0] == 200


def test_a_smaller_model_answers_too(server):
    """The variant is a choice of the command line."""
    address = server("--model", "rows-int8")
    scores = ask(address, SENTENCES[1])[1]

    assert ask(address, path="/health")[1]["model"] == "rows-int8"
    assert max(scores, key=scores.get) == "find-hotel"


def test_answers_on_a_kept_connection_wait_for_no_acknowledgement(plain):
    """The quickest of thirty is far below the 40 ms of a delayed acknowledgement, for which Nagle waits."""
    at = urllib.parse.urlsplit(plain)
    connection = http.client.HTTPConnection(at.hostname, at.port, timeout=60)
    took_s = []
    for _ in range(30):
        started_s = time.monotonic()
        connection.request("GET", "/api/intent?sentence=hotel")
        connection.getresponse().read()
        took_s.append(time.monotonic() - started_s)
    connection.close()

    assert min(took_s[5:]) < 0.03


def test_the_client_is_the_one_to_close_an_idle_connection(onnx_folder):
    """Joulemark keeps its own for 300 s: a server that closed first would lose requests under load."""
    pytest.importorskip(
        "fastapi", reason="fastapi is missing: pip install 'joulemark[intent]'", exc_type=ImportError
    )
    from workloads.intent.app import Options, server_config

    assert server_config(Options()).timeout_keep_alive > 300
