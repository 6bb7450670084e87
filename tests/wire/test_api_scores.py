"""A classifier over HTTP: its highest score is its answer, beside the one that was meant."""

import json
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

import pytest
from http_sessions import answering, send, session, silent

from bench.errors import BadInput, CannotRun, UnknownName
from bench.nouns import Request, Usage

pytest.importorskip("aiohttp", reason="the client's library is an extra: pip install 'joulemark[endpoints]'")

SCORES = {
    "hotel": {"train": 0.1, "hotel": 0.9},
    "list": [0.1, 0.9],
    "words": {"train": "high"},
    "nothing": {},
    "yes": {"train": True},
    "none": {"train": float("nan")},
}


class Scoring(BaseHTTPRequestHandler):
    """Answers /scores with classes and scores, everything else with the sentence."""

    protocol_version, log_message = "HTTP/1.1", silent

    def do_GET(self):
        sentence = parse_qs(urlsplit(self.path).query).get("sentence", [""])[0]
        scores = SCORES.get(sentence, {"train": 0.7, "hotel": 0.3})
        body = json.dumps(scores if self.path.startswith("/scores") else {"said": sentence}).encode()
        send(self, body)


@pytest.fixture
def address():
    with answering(Scoring) as url:
        yield url


def labelled(text, meant):
    return Request(id=text, text=text, asked=Usage(requests=1), meant=meant)


def test_a_classifiers_answer_is_its_highest_score(address):
    """Beside what was meant; found out from the first reply, and said in the record."""
    with session(address, path="/scores?sentence={text}", family="classifier") as opened:
        found = [opened.run([labelled(text, "train")])[0] for text in ("train", "hotel")]
        facts = opened.loaded.facts

    assert [(o.said, o.meant, o.error) for o in found] == [("train", "train", None), ("hotel", "train", None)]
    assert facts["answer"] == "argmax"


@pytest.mark.parametrize("text", ["list", "words", "nothing", "yes", "none"])
def test_a_classifiers_answer_without_scores_counts_for_nothing(address, text):
    """No object, no number, no class, a truth value, NaN: malformed, never a class of its own."""
    with session(address, path="/scores?sentence={text}", family="classifier") as opened:
        [bad] = opened.run([labelled(text, "train")])

    assert (bad.cause, bad.said, bad.meant) == ("malformed", None, None)
    assert bad.achieved == Usage(requests=0)


def test_answers_that_are_no_scores_are_measured_and_not_scored(address):
    """A classifier of another form is what it always was; asked for, its form is said to be wrong."""
    with session(address, path="/?sentence={text}", family="classifier") as opened:
        [found] = opened.run([labelled("un train", "train")])
        assert opened.loaded.facts["answer"] == "status"

    assert (found.error, found.said, found.meant) == (None, None, None)
    with (
        pytest.raises(CannotRun, match="object of classes and scores"),
        session(address, path="/?sentence={text}", family="classifier", answer="argmax"),
    ):
        pass


def test_scores_need_not_be_looked_at(address):
    """answer=status; another word, or a server that is no classifier, is refused."""
    with session(address, path="/scores?sentence={text}", family="classifier", answer="status") as opened:
        assert opened.run([labelled("train", "train")])[0].said is None
    for family, answer, error in (("classifier", "best", UnknownName), ("api", "argmax", BadInput)):
        with pytest.raises(error), session(address, path="/scores", family=family, answer=answer):
            pass


class Numbering(BaseHTTPRequestHandler):
    """A class by its number, how sure it is and how long it took: numbers, and no scores."""

    protocol_version, log_message = "HTTP/1.1", silent

    def do_GET(self):
        send(self, b'{"prediction": 3, "confidence": 0.93, "latency_ms": 2.1}')


def test_an_object_of_numbers_is_no_object_of_classes():
    """Unless it is said to be: then its classes are still none of the workload's."""
    requests = [labelled("un train", "train"), labelled("un hôtel", "hotel")]
    with answering(Numbering) as url:
        with session(url, path="/?sentence={text}", family="classifier") as opened:
            opened.stage(requests)
            assert {(o.error, o.said) for o in opened.run(requests)} == {(None, None)}
            facts = opened.loaded.facts
            assert (facts["answer"], facts["classes_unknown"]) == ("status", "'hotel', 'train'")
        with session(url, path="/?sentence={text}", family="classifier", answer="argmax") as opened:
            opened.stage(requests)
            facts = opened.loaded.facts
            assert (facts["answer"], facts["classes_unknown"]) == ("argmax", "'hotel', 'train'")


def test_a_label_that_the_server_never_offers_is_named(address):
    """By each workload anew: a session serves several."""
    with session(address, path="/scores?sentence={text}", family="classifier") as opened:
        opened.stage([labelled("un train", "train"), labelled("un vol", "flight")])
        assert opened.loaded.facts["classes_unknown"] == "'flight'"
        assert opened.run([labelled("un train", "train")])[0].said == "train"
        opened.stage([labelled("un train", "train")])
        assert "classes_unknown" not in opened.loaded.facts
