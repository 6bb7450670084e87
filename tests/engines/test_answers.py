"""What engines hand over of their answers: text up to the model's own end, and nothing synthetic."""

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="no torch: pip install 'joulemark[transformers]'")
transformers = pytest.importorskip("transformers", reason="no transformers: pip install 'joulemark[transformers]'")

from tiny_models import MISTRAL, NLLB, WHISPER, clip, loading, prompt, speech, translation  # noqa: E402

from bench.engines import transformers as by_transformers  # noqa: E402
from bench.engines import whisper as by_whisper  # noqa: E402
from bench.errors import CannotRun  # noqa: E402
from bench.loading.answers import until_end  # noqa: E402
from bench.nouns import LoadSpec, Telling  # noqa: E402

pytestmark = pytest.mark.models
RIGHT = {"meant": "anything"}


def saved(folder: Path, model, *, tokenizer: bool = True) -> LoadSpec:
    """Seeded weights in a folder as pretrained ones lie there, and a tokenizer with a word for every id."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    with by_transformers.open_engine().load(loading(model, seed=3)) as session:
        session._model.save_pretrained(folder)
    if tokenizer:
        size = int(model.config["vocab_size"])
        words = Tokenizer(models.WordLevel({f"w{i}": i for i in range(size)}, unk_token="w0"))
        words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        transformers.PreTrainedTokenizerFast(tokenizer_object=words).save_pretrained(folder)
    # a tokenizer that is declared: the given ids are those of the text
    return replace(loading(replace(model, tokenizer="its own")), weights="pretrained", path=str(folder))


@pytest.mark.parametrize(
    ("model", "request_of"),
    [(MISTRAL, prompt), (replace(NLLB, config={**NLLB.config, "vocab_size": 512}, languages={}), translation)],
)
def test_an_answer_is_cut_at_the_models_own_end_and_the_work_is_not(tmp_path, model, request_of):
    """A token that the model chooses anyway is declared its end: cut there, in as many tokens as before."""
    asked = replace(request_of(12, 0), **RIGHT)
    with by_transformers.open_engine().load(saved(tmp_path, model)) as session:
        assert isinstance(session, Telling)
        staged = session.stage([asked])
        session._model.generation_config.eos_token_id = None
        session._model.config.eos_token_id = None
        (first,), (whole,) = session.run(staged), session.told()
        words = whole.text.split()
        session._model.generation_config.eos_token_id = [int(words[5][1:]), 511]
        (again,), (cut,) = session.run(staged), session.told()
        session.run(staged)
        session.forget()
        nothing = session.told()

    assert (len(words), whole.ended) == (12, False)
    assert cut.text.split() == words[: words.index(words[5])]
    assert cut.ended is True
    assert again.achieved == first.achieved == asked.asked
    assert nothing == []


def test_of_a_batch_each_row_ends_with_its_own_tokens(tmp_path):
    """The shorter request's answer holds no token that only the longer one asked for."""
    pair = [replace(prompt(3, 0), **RIGHT), prompt(9, 1)]
    with by_transformers.open_engine().load(saved(tmp_path, MISTRAL)) as session:
        session.run(session.stage(pair))
        told = session.told()

    assert [len(one.text.split()) <= most for one, most in zip(told, (3, 9), strict=True)] == [True, True]


def test_nothing_is_kept_of_what_nobody_labelled_or_nobody_trained(tmp_path):
    """No label, or synthetic weights: as many places as outcomes, all of them empty."""
    with by_transformers.open_engine().load(saved(tmp_path, MISTRAL)) as session:
        session.run(session.stage([prompt(3, 0), prompt(3, 1)]))
        unlabelled = session.told()
    with by_transformers.open_engine().load(loading(MISTRAL)) as session:
        session.run(session.stage([replace(prompt(3, 0), **RIGHT)]))
        synthetic = session.told()

    assert (unlabelled, synthetic) == ([None, None], [None])


def test_weights_without_a_tokenizer_are_refused_before_any_window(tmp_path):
    """Labelled work needs one to be read; other work does not."""
    with by_transformers.open_engine().load(saved(tmp_path, MISTRAL, tokenizer=False)) as session:
        session.run(session.stage([prompt(3, 0)]))
        with pytest.raises(CannotRun, match="no tokenizer"):
            session.stage([replace(prompt(3, 0), **RIGHT)])


def test_a_transcript_ends_where_whisper_ends_it_and_every_token_is_decoded(tmp_path):
    """Of two audio windows the first ends after 3 tokens, by a decoder that is made to prefer its end there."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("whisper")
    with by_whisper.open_engine().load(loading(WHISPER, seed=4)) as session:
        state = {"dims": dict(WHISPER.config), "model_state_dict": session._model.state_dict()}
    torch.save(state, tmp_path / "tiny.pt")
    spec = replace(loading(WHISPER), weights="pretrained", path=str(tmp_path))
    asked = replace(speech((clip(tmp_path / "a.wav", 31.0),), 31.0, 2, 16), **RIGHT)
    calls = []

    def ends_after_three(_, inputs, logits):
        calls.append(None)
        if len(calls) == 4:  # the fourth step of the first window
            logits[..., 50_257] += 1e6
        return logits

    with by_whisper.open_engine().load(spec) as session:
        staged = session.stage([asked])
        session._model.decoder.register_forward_hook(ends_after_three)
        (outcome,) = session.run(staged)
        kept = [len(one.ids) for one in session._answers._rows[0]]
        (told,) = session.told()
        session.run([replace(asked, meant=None)])
        assert session.told() == [None]

    assert outcome.achieved.output_tokens == 16
    assert kept == [3, 8]
    assert told.ended is False  # the second window did not come to its end
    assert told.text


@pytest.mark.parametrize(
    ("ids", "found"),
    [([5, 6, 2, 7, 2], ([5, 6], True)), ([2], ([], True)), ([], ([], False)), ([5], ([5], False))],
)
def test_the_first_end_counts(ids, found):
    """What comes after it is another text."""
    assert until_end(ids, {2, 9}) == found
