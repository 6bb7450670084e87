"""transformers with a static KV cache: the same tokens as with the one that grows; what was compiled is said."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import pytest
from tiny_models import GPT_OSS, MISTRAL, NLLB, PHI, loading, prompt, translation

from bench.engines import transformers, transformers_static
from bench.engines.transformers import TransformersEngine
from bench.errors import BadInput, CannotRun
from bench.files.models import model_names, read_model
from bench.nouns import Engine, LoadSpec, ModelSpec, Request, Session

pytestmark = pytest.mark.models

# torch.compile's backend that traces and runs what it traced: on any device, without a C compiler
TRACED = TransformersEngine(name="transformers_static", cache="static", compiler="eager")


@contextmanager
def watched(engine: Engine, load: LoadSpec) -> Iterator[tuple[Session, list[list[list[int]]]]]:
    """A session, and the tokens of every batch that it generates from now on."""
    with engine.load(load) as session:
        seen: list[list[list[int]]] = []
        generate = session._model.generate  # type: ignore[attr-defined]

        def noted(*args: object, **options: object) -> object:
            out = generate(*args, **options)
            seen.append(out.tolist())
            return out

        session._model.generate = noted  # type: ignore[attr-defined]
        yield session, seen


def tokens(engine: Engine, model: ModelSpec, batches: Sequence[Sequence[Request]]) -> list[list[list[int]]]:
    """What each batch says, all staged together as a cell's are."""
    with watched(engine, loading(model)) as (session, seen):
        staged = session.stage([one for batch in batches for one in batch])
        for batch in batches:
            session.run(staged[: len(batch)])
            staged = staged[len(batch) :]
    return seen


@pytest.mark.parametrize("model", [MISTRAL, PHI, GPT_OSS], ids=lambda m: m.architecture)
def test_the_tokens_are_those_of_the_cache_that_grows(model: ModelSpec) -> None:
    """Alone, padded, after a longer batch, and in another number: nothing is left over from the batch before."""
    long, short = [prompt(12, i, length=30) for i in (0, 1)], [prompt(5, i, length=4) for i in (2, 3)]
    batches = [long, short, [long[0], short[0]], [short[1]], long]

    assert tokens(transformers_static.open_engine(), model, batches) == tokens(
        transformers.open_engine(), model, batches
    )


def test_a_translation_is_the_same_too() -> None:
    """Two caches, one of the source; the second batch is another text of the same length."""
    batches = [[translation(9, 0), translation(9, 1)], [translation(9, 5), translation(9, 6)]]

    assert tokens(transformers_static.open_engine(), NLLB, batches) == tokens(
        transformers.open_engine(), NLLB, batches
    )


def test_sources_of_several_lengths_are_refused_with_the_remedy() -> None:
    """Each would be a shape of its own, and be compiled inside a window."""
    whole = translation(4, 0)
    short = replace(whole, id="short", token_ids=(20, 21), asked=replace(whole.asked, source_tokens=2))
    refused = pytest.raises(BadInput, match="2 to 9 tokens: use the engine transformers")
    with transformers_static.open_engine().load(loading(NLLB)) as session, refused:
        session.stage([whole, short])


def test_the_record_says_which_cache_it_was_and_that_nothing_was_compiled() -> None:
    """On the CPU transformers compiles nothing; before a batch has run nobody knows."""
    with transformers_static.open_engine().load(loading(MISTRAL)) as session:
        before = session.loaded.facts
        session.run(session.stage([prompt(7, 0)]))
        after = session.loaded

    assert after.engine == "transformers_static"
    assert "decode_compiled" not in before
    assert (after.facts["kv_cache"], after.facts["kv_cache_tokens"]) == ("static", 11 + 7)
    assert after.facts["decode_compiled"] is False


def test_a_batch_in_which_something_was_compiled_is_no_measurement() -> None:
    """The first of each cell, which is the warm-up's; those after it are whole, whatever their prompts."""
    with TRACED.load(loading(MISTRAL)) as session:
        for length in (20, 9):  # two cells, the second after the first
            staged = session.stage([prompt(6, 0, length=length), prompt(6, 1, length=4)])
            errors = [session.run([one])[0].error for one in (*staged, *staged)]

            assert "torch.compile worked in this batch" in str(errors[0])
            assert errors[1:] == [None] * 3
            assert session.loaded.facts["decode_compiled"] is True


def test_what_is_compiled_says_the_same_tokens() -> None:
    """In a padded batch and in one that is not."""
    batches = [[prompt(6, 0, length=20), prompt(6, 1, length=4)], [prompt(6, 2, length=9), prompt(6, 3, length=9)]]

    assert tokens(TRACED, MISTRAL, batches) == tokens(transformers.open_engine(), MISTRAL, batches)


def test_a_compiler_that_fails_is_said_with_the_remedy() -> None:
    """No such backend stands for a machine without a C compiler."""
    engine = TransformersEngine(name="transformers_static", cache="static", compiler="no-such-backend")
    with engine.load(loading(MISTRAL)) as session:
        staged = session.stage([prompt(6, 0)])
        with pytest.raises(CannotRun, match=r"no-such-backend.*use the engine transformers"):
            session.run(staged)


def test_a_batch_that_was_not_staged_is_refused() -> None:
    """It would write past the cache's end."""
    with transformers_static.open_engine().load(loading(MISTRAL)) as session:
        session.stage([prompt(6, 0)])
        with pytest.raises(BadInput, match="stage its requests"):
            session.run([prompt(9, 0)])


def test_models_and_precisions_follow_transformers() -> None:
    """Declared once: whatever transformers runs, this runs."""
    for name in model_names():
        model = read_model(name)
        assert ("transformers" in model.engines) == ("transformers_static" in model.engines), name
        assert model.precisions_on("transformers") == model.precisions_on("transformers_static"), name
