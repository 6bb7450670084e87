"""Sentences with fields, and numbers as a language writes them."""

import pickle

import pytest

from bench.errors import BadInput, UnknownName
from bench.phrases import Language, Phrase, joined, number, recognised, speaking, told

WORDS = {
    "{n:g} cards on {machine}": "{machine} : {n:g} cartes",
    "a {what}": "un {what}",
    " or ": " ou ",
    "{name} is wrong": "{name} est faux",
    "braces { stay": "accolades { restent",
}
FRENCH = Language(code="fr", translate=lambda text: WORDS.get(text, text or "head"), decimal=",")


def test_a_phrase_is_its_english_text_wherever_text_goes():
    found = Phrase("{n:g} cards on {machine}", n=2.0, machine="h100")
    assert found == "2 cards on h100"
    assert told(found) == "2 cards on h100"
    assert type(told(found)) is str
    assert Phrase(found) is found
    assert pickle.loads(pickle.dumps(found)).fields == found.fields


def test_it_is_told_in_the_language_in_force_and_no_longer():
    found = Phrase("{n:g} cards on {machine}", n=1234567.5, machine=Phrase("a {what}", what="H100 {x}"))
    with speaking(FRENCH):
        assert told(found) == "un H100 {x} : 1\u202f234\u202f570 cartes"
        assert told(Phrase("braces { stay")) == "accolades { restent"
        assert told("a {what}") == "a {what}"
        assert told(Phrase("")) == ""
    assert told(found) == "1.23457e+06 cards on a H100 {x}"


def test_parts_of_a_list_and_errors_are_told_too():
    either = joined([Phrase("a {what}", what="b"), "c"], Phrase(" or "))
    assert either == "a b or c"
    error = BadInput(Phrase("{name} is wrong", name="x"))
    with speaking(FRENCH):
        assert told(either) == "un b ou c"
        assert told(Phrase("{error}", error=error)) == "x est faux"
    assert str(error) == "x is wrong"
    assert str(UnknownName("model", "lama", ["llama"])) == "unknown model 'lama': did you mean 'llama'?"


@pytest.mark.parametrize(
    ("value", "spec", "english", "french"),
    [
        (0.5, ".3g", "0.5", "0,5"),
        (-1.5, "", "-1.5", "−1,5"),
        (1.234e-5, ".4g", "1.234e-05", "1,234\u00a0×\u00a010⁻⁵"),
        (12345.6, ".4g", "1.235e+04", "12\u202f350"),
        (2280.0, ".4g", "2280", "2280"),
        (16670.0, ",.0f", "16,670", "16\u202f670"),
        (0.125, ".1%", "12.5%", "12,5\u202f%"),
        (float("inf"), "g", "inf", "inf"),
    ],
)
def test_numbers(value, spec, english, french):
    assert number(value, spec) == english
    with speaking(FRENCH):
        assert number(value, spec) == french


def test_a_stored_sentence_is_known_by_its_template():
    found = recognised("3.5 cards on a.b", ["{n} of {m}", "{n} cards on {machine}"])
    assert found.fields == {"n": "3.5", "machine": "a.b"}
    with speaking(Language(code="fr", translate=lambda text: text, decimal=",")):
        assert told(found) == "3,5 cards on a.b"
    assert recognised("nothing of the kind", ["{n} cards on {machine}"]) is None
