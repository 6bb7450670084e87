"""The three parts share no sentence, and each is what the data's README says."""

import random
from collections import Counter

import pytest

from workloads.intent import INTENTS, LANGUAGES, noise
from workloads.intent.grammar import Reach, draw, parse, squashed
from workloads.intent.sentences import clean, generated, producers, read_labelled, read_source

HELDOUT, DEV = read_labelled("heldout"), read_labelled("dev")
KINDS = {"plain", "polite", "blunt", "typo", "sms", "mixed", "indirect", "near-miss", "long", "short"}


def test_the_held_out_half_has_thirty_sentences_of_every_intent_and_language():
    """And the dev part ten; labels, languages and kinds are the declared ones."""
    for part, each in ((HELDOUT, 30), (DEV, 10)):
        counts = Counter((one.intent, one.language) for one in part)
        assert counts == {(intent, language): each for intent in INTENTS for language in LANGUAGES}
        assert {one.kind for one in part} <= KINDS


def test_no_template_can_say_a_sentence_written_by_hand():
    """Whatever its spaces, case, accents, punctuation and frames, with the word lists of both languages."""
    found = {one.sentence: made for one in (*HELDOUT, *DEV) if (made := producers(one.sentence))}

    assert found == {}


def test_templates_can_say_what_they_say():
    """The check above would see a leak: it finds every sentence that is drawn without noise, framed or not."""
    drawn = list(clean(11, 6))

    assert all((one.intent, one.language) in producers(one.sentence) for one in drawn)
    assert all(producers(f"Bonjour, {one.sentence}, thanks") for one in drawn)


def test_no_generated_sentence_equals_one_written_by_hand():
    """Of tens of thousands with noise, as training draws them; and the two hand-written parts share none."""
    by_hand = [squashed(one.sentence) for one in (*HELDOUT, *DEV)]
    made = {squashed(one.sentence) for one in generated(20261121, 2000)}

    assert len(set(by_hand)) == len(by_hand)
    assert made.isdisjoint(by_hand)
    assert len(made) > 25_000


def test_the_same_seed_gives_the_same_sentences():
    """And another seed others."""
    assert list(generated(5, 3)) == list(generated(5, 3))
    assert list(generated(5, 3)) != list(generated(6, 3))


def test_every_slot_of_every_template_is_a_word_list_of_both_languages():
    """So that a mixed sentence can always be drawn."""
    source = read_source()

    assert source.slots["fr"].keys() == source.slots["en"].keys()
    for language in LANGUAGES:
        other = next(one for one in LANGUAGES if one != language)
        for template in (t for (_, spoken), some in source.templates.items() if spoken == language for t in some):
            for seed in range(3):
                lists = (source.slots[language], source.slots[other])
                assert draw(template, lists, 0.5, random.Random(seed)).strip()


def test_choices_and_optional_parts_are_read_as_drawn():
    """`(a|b)` is one of them, `[c]` and `(d)?` may be missing; a reach ends where a reading can."""
    tree = parse("(a|b)[c](d)?{e}")
    slots = {"e": (parse("x"), parse("xy"))}
    drawn = {draw(tree, (slots,), 0.0, random.Random(seed)) for seed in range(400)}

    assert drawn == {a + c + d + e for a in "ab" for c in ("", "c") for d in ("", "d") for e in ("x", "xy")}
    assert Reach(text="acxy", slots=slots).ends(tree, frozenset((0,))) == {3, 4}
    assert Reach(text="cx", slots=slots).ends(tree, frozenset((0,))) == frozenset()


@pytest.mark.parametrize("broken", ["(a|b", "a]", "{a", "[a)"])
def test_a_bracket_without_a_partner_is_refused(broken):
    """The message shows the template."""
    with pytest.raises(ValueError, match="template"):
        parse(broken)


def test_noise_changes_words_and_keeps_the_sentence():
    """Slips touch no short word, thinning never empties, and texting uses the list it is given."""
    rng = random.Random(1)

    assert noise.slipped("je", 1.0, rng) == "je"
    assert noise.slipped("train", 1.0, rng) != "train"
    assert noise.thinned("un deux", 1.0, rng) == "un deux"
    assert noise.texted("je veux pour toi", {"pour": "pr", "veux": "ve"}, 1.0, rng) == "je ve pr toi"
