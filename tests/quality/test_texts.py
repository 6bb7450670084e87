"""WER, chrF, BLEU and exact match against scores counted by hand, and against the libraries' own."""

import pytest

from bench.errors import BadInput, NoEngine
from bench.quality import exact, library, overlap, resample, words
from bench.quality.answer import LabelledAnswer

jiwer = pytest.importorskip("jiwer")
sacrebleu = pytest.importorskip("sacrebleu")


def pairs(*texts, group="fr"):
    return [LabelledAnswer(meant=meant, said=said, group=group) for meant, said in texts]


def test_word_errors_are_counted_over_all_clips_together():
    """By hand: a substitution of 3 words, and a deletion with an insertion of 5: 3/8, no mean of 1/3 and 2/5."""
    found = words.word_error_rate(
        pairs(("le chat dort", "le chien dort"), ("il fait beau ce matin", "il fait ce matin là")), "fr"
    )

    assert found.value == 3 / 8
    assert (found.n, found.low, found.high) == (2, None, None)


def test_a_clip_that_was_not_heard_is_all_errors_and_more_words_pass_one():
    """Nothing said: every word is deleted. Four words said for one: three insertions and a substitution."""
    assert words.word_error_rate(pairs(("un deux trois", "")), "fr").value == 1
    assert words.word_error_rate(pairs(("bonjour", "au revoir à tous")), "fr").value == 4


@pytest.mark.parametrize(
    ("language", "text", "plain"),
    [
        ("fr", "L’eau, c'est-à-dire « l'été » !", "l eau c est à dire l été"),
        ("fr", "Ｐｏｒｔｅ-monnaie… À 9 h 30 ?", "porte monnaie à 9 h 30"),
        ("en", "I can’t; it's the WELL-known one.", "i can not it is the well known one"),
        ("es", "¿Qué tal?", "qué tal"),
    ],
)
def test_rules_of_transcripts(language, text, plain):
    """Each rule of wer-1 once: forms, apostrophes, hyphens, case, contractions, punctuation."""
    assert words.plain_words(text, language) == plain.split()


@pytest.mark.parametrize(("text", "language"), [("東京", "ja"), ("…", "fr")])
def test_what_has_no_words_is_refused(text, language):
    """A language without spaces, and a transcript of punctuation alone."""
    with pytest.raises(BadInput, match=r"spaces|no word"):
        words.word_error_rate([LabelledAnswer(meant=text, said="a")], language)


def test_chrf_and_bleu_are_sacrebleus_own_over_the_corpus():
    """The same numbers as its corpus functions give, and its signatures."""
    said = ["the cat sat on the mat", "he reads a long book in the garden today"]
    meant = ["the cat sat on the mat", "he is reading a long book in the garden"]
    found = overlap.overlap(pairs(*zip(meant, said, strict=True)))

    assert found["bleu"].value == pytest.approx(sacrebleu.corpus_bleu(said, [meant]).score, abs=1e-9)
    assert found["chrf"].value == pytest.approx(sacrebleu.corpus_chrf(said, [meant]).score, abs=1e-9)
    assert 0 < found["bleu"].value < 100
    assert overlap.overlap(pairs(("a b c d e", "a b c d e")))["bleu"].value == pytest.approx(100)
    assert overlap.signatures()["chrf"].startswith("nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:")
    assert overlap.signatures()["bleu"].startswith("nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:")


def test_bleu_by_hand():
    """4 of 5 unigrams, 3 of 4 bigrams, 2 of 3, 1 of 2, no brevity: (4/5 · 3/4 · 2/3 · 1/2)^¼ = 0.2^¼."""
    found = overlap.overlap(pairs(("a b c d e", "a b c d x")))

    assert found["bleu"].value == pytest.approx(100 * 0.2**0.25)


def test_the_whole_counts_give_the_score_that_is_resampled():
    """sacrebleu's own parts, as the bootstrap uses them: undrawn they are the corpus score."""
    metric = overlap._metrics()["chrf"]
    said, meant = ["abc def", "xyz"], [["abc dex", "xyy"]]
    counts = metric._extract_corpus_statistics(said, meant)

    assert metric._aggregate_and_compute(counts).score == metric.corpus_score(said, meant).score


def test_an_interval_needs_ten_and_is_the_same_each_time():
    """Of twenty clips, half of them wrong in one word of two: the rate is 1/4, and its bounds hold it."""
    clips = pairs(*[("oui non", "oui non" if i % 2 else "oui oui") for i in range(20)])
    found, again = words.word_error_rate(clips, "fr"), words.word_error_rate(clips, "fr")

    assert found == again
    assert found.value == 0.25
    # a clip's errors are 0 or 1 of 2 words: the normal interval is 0.25 ± 1.96 · 0.5/√20/2 = 0.14 to 0.36
    assert found.low == pytest.approx(0.14, abs=0.03)
    assert found.high == pytest.approx(0.36, abs=0.03)
    assert words.word_error_rate(clips[: resample.FEWEST - 1], "fr").low is None


@pytest.mark.parametrize(
    ("said", "meant", "group", "right"),
    [
        (" Paris.\nQuestion: more", "Paris", "en", True),
        ("\n\nThe Eiffel Tower", "eiffel tower", "en", True),
        ("Paris, in France", "Paris", "en", False),
        ("L’eau", "eau", "fr", True),
        ("les chats", "chats", "fr", True),
        ("the chats", "chats", "fr", False),
        ("4", "four\n4", "en", True),
        ("-4", "4", "en", False),
        ("3.5", "35", "en", False),
        ("12.", "12", "en", True),
        ("été", "ete", "fr", False),
        ("", "a", "en", False),
        ("the", "a", "en", False),
    ],
)
def test_exactly_right_after_the_rules(said, meant, group, right):
    """Each rule of exact-1 once, from either side; an answer of nothing but articles is none."""
    assert exact.is_right(LabelledAnswer(said=said, meant=meant, group=group)) is right


def test_exact_match_is_a_share_with_wilsons_interval():
    """3 of 4: Wilson's bounds are 0.3006 and 0.9544 (the formula worked by hand)."""
    found = exact.exact_match(pairs(("oui", "oui"), ("oui", "Oui."), ("non", "non"), ("non", "oui")))

    assert (found.value, found.n) == (0.75, 4)
    assert found.low == pytest.approx(0.3006, abs=1e-4)
    assert found.high == pytest.approx(0.9544, abs=1e-4)


def test_an_absent_library_is_named_with_its_remedy():
    """Found out without importing anything."""
    with pytest.raises(NoEngine, match=r"pip install 'joulemark\[quality\]'"):
        library.library("no-such-library")
