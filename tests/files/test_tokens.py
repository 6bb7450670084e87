"""Prompts have an exact count of ids, of the model's own tokenizer where it is at hand, and never begin alike."""

import dataclasses
import importlib.util
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import BadInput, NoEngine, UnknownName
from bench.files import tokens
from bench.files.models import read_model
from bench.nouns import ModelSpec

TEXTS = (
    "Le musée ouvre ses portes gratuitement le premier dimanche de chaque mois, sauf au mois d'août.",
    "The library lends books, but also tools, musical instruments and seeds, to anyone in the district.",
    "يفتح المتحف أبوابه مجانا في أول يوم أحد من كل شهر، ما عدا شهر أغسطس.",
)
MISTRAL = read_model("mistral-160m")
PHI = read_model("phi-4-mini")


@pytest.fixture(scope="module")
def own() -> tokens.PromptSource:
    pytest.importorskip("mistral_common")
    return tokens.prompt_source(MISTRAL, TEXTS, 0)


def tiny(vocabulary: int, architecture: str = "mistral") -> ModelSpec:
    """A model with a vocabulary so small that every id can be looked at."""
    return dataclasses.replace(
        MISTRAL, tokenizer=None, architecture=architecture, config={"vocab_size": vocabulary, "bos_token_id": 1}
    )


@pytest.mark.parametrize("count", [2, 3, 32, 100, 8192])
def test_a_prompt_has_exactly_its_count_and_bos_is_one_of_it(own: tokens.PromptSource, count: int) -> None:
    """Long prompts go round the texts; the count stays exact."""
    for source in (own, tokens.seeded_source(tiny(500), 0, "")):
        ids = tokens.cut(source, count, 3)

        assert len(ids) == count
        assert ids[0] == 1
        assert 1 not in ids[1:]


def test_prompts_by_a_tokenizer_are_pieces_of_the_texts(own: tokens.PromptSource) -> None:
    """What the model reads is what its tokenizer makes of the texts, in order, with no foreign token between."""
    tokenizer, _ = tokens.open_tokenizer(MISTRAL)
    assert tokenizer is not None
    stream = tuple(i for text in TEXTS for i in tokenizer.encode(text))

    assert own.stream == stream
    for index in range(own.capacity):
        body = tokens.cut(own, 12, index)[1:]
        assert any((stream * 2)[at : at + 11] == body for at in range(len(stream)))


def test_every_prompt_begins_with_a_token_of_its_own_until_they_run_out(own: tokens.PromptSource) -> None:
    """As many prompts as the texts hold different tokens; one more is refused, not repeated."""
    firsts = {tokens.first_token(own, index) for index in range(own.capacity)}

    assert firsts == set(own.stream)
    assert len(firsts) == own.capacity
    with pytest.raises(BadInput, match="more texts"):
        tokens.cut(own, 32, own.capacity)


@given(st.integers(8, 3000), st.integers(0, 2**32))
def test_seeded_prompts_begin_with_every_ordinary_id_once(vocabulary: int, seed: int) -> None:
    """The walk over first tokens visits all of them before it repeats, whatever the vocabulary and seed."""
    source = tokens.seeded_source(tiny(vocabulary), seed, "")
    firsts = {tokens.first_token(source, index) for index in range(source.capacity)}

    assert firsts == set(range(source.low, source.high))


@pytest.mark.parametrize(
    ("name", "first_special", "last_low_special"),
    # <|startoftext|> 199998; NLLB's languages from 256001; <|endoftext|> 199999; Mistral v3's last byte 1026
    [
        ("gpt-oss-20b", 199_998, 0),
        ("nllb-600m", 256_001, 3),
        ("phi-4-mini", 199_999, 0),
        ("mistral-7b", 32_768, 1026),
    ],
)
def test_seeded_ids_are_never_special(name: str, first_special: int, last_low_special: int) -> None:
    """An end of text in the middle of a prompt would be another kind of work."""
    source = tokens.seeded_source(read_model(name), 0, "")

    assert source.low > last_low_special
    assert source.high <= first_special
    ids = tokens.cut(source, 2000, 0)[1:]
    assert all(source.low <= i < source.high for i in ids)


def test_only_models_whose_tokenizer_adds_one_begin_with_bos() -> None:
    """Mistral's does; Phi-4-mini's, gpt-oss' and NLLB's do not, so their count is all text."""
    begins = {
        n: tokens.seeded_source(read_model(n), 0, "").bos for n in ("mistral-7b", "phi-4-mini", "gpt-oss-20b")
    }

    assert begins == {"mistral-7b": 1, "phi-4-mini": None, "gpt-oss-20b": None}
    assert tokens.seeded_source(read_model("nllb-600m"), 0, "").bos is None


def test_without_mistral_common_ids_are_seeded_and_the_note_says_how_to_mend_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A light installation still runs, exact counts and BOS included, and its record does not claim real text."""
    monkeypatch.setitem(sys.modules, "mistral_common", None)
    source = tokens.prompt_source(MISTRAL, TEXTS, 0)

    assert source.stream == ()
    assert "seeded token ids" in source.note
    assert "pip install 'joulemark[transformers]'" in source.note
    assert tokens.cut(source, 32, 0)[0] == 1


def test_a_tokenizer_larger_than_the_model_is_refused() -> None:
    """Its ids would lie outside the embedding."""
    pytest.importorskip("mistral_common")
    model = dataclasses.replace(MISTRAL, config={**MISTRAL.config, "vocab_size": 32_000})

    with pytest.raises(BadInput, match=r"32768 ids.*32000"):
        tokens.open_tokenizer(model)


def test_an_unknown_tokenizer_names_those_that_are_known() -> None:
    """A slip in a model's declaration is answered with the right name."""
    with pytest.raises(UnknownName, match="mistral-common:tekken"):
        tokens.open_tokenizer(dataclasses.replace(MISTRAL, tokenizer="mistral-common:teken"))


def test_tekken_is_read_too() -> None:
    """Newer Mistral models bring another kind of tokenizer; BOS and count hold there as well."""
    pytest.importorskip("mistral_common")
    model = dataclasses.replace(
        MISTRAL, tokenizer="mistral-common:tekken", config={**MISTRAL.config, "vocab_size": 131_072}
    )
    source = tokens.prompt_source(model, TEXTS, 0)

    assert len(tokens.cut(source, 50, 0)) == 50
    assert tokens.cut(source, 50, 0)[0] == 1
    assert min(source.stream) >= 1000  # Tekken's control ids lie below


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the library leaves its file open
def test_whisper_tokens_are_counted_as_whisper_counts_them() -> None:
    """The same ids as openai-whisper's own tokenizer, for three alphabets, digits and spaces."""
    whisper = pytest.importorskip("whisper.tokenizer")
    encode = whisper.get_tokenizer(multilingual=True).encode
    for text in (*TEXTS, "It's 3 457,90 €…  twice", "日本語"):
        assert tokens.whisper_tokens(text) == len(encode(" " + text))


def test_counting_whisper_tokens_without_whisper_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never a guess: the count, or the command that makes it possible."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    with pytest.raises(NoEngine, match=r"joulemark\[whisper\]"):
        tokens.whisper_tokens("bonjour")


def test_one_prompt_alone_is_the_same_as_out_of_many(own: tokens.PromptSource) -> None:
    """prompt_ids is the short way to what a workload cuts."""
    assert tokens.prompt_ids(MISTRAL, 20, 5, 0, TEXTS) == tokens.cut(own, 20, 5)
    assert tokens.prompt_ids(PHI, 20, 5, 7) == tokens.cut(tokens.seeded_source(PHI, 7, ""), 20, 5)
