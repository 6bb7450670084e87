"""transformers: weights by seed, sane buffers, no hidden work, refusals that say what to do."""

from dataclasses import replace

import pytest
from tiny_models import GPT_OSS, MISTRAL, NLLB, loading, prompt, translation

from bench.engines.transformers import open_engine
from bench.errors import BadInput, CannotRun
from bench.nouns import ModelSpec, Request, Usage

pytestmark = pytest.mark.models


def _checksum(model: ModelSpec, seed: int) -> float:
    with open_engine().load(loading(model, seed=seed)) as session:
        return sum(float(p.double().abs().sum()) for p in session._model.parameters())  # type: ignore[attr-defined]


def test_the_seed_alone_decides_the_weights() -> None:
    """The same seed gives the same weights, another one others."""
    assert _checksum(MISTRAL, 0) == _checksum(MISTRAL, 0) != _checksum(MISTRAL, 1)


@pytest.mark.parametrize("model", [MISTRAL, GPT_OSS, NLLB], ids=lambda m: m.architecture)
def test_weights_are_finite_and_of_a_trained_models_scale(model: ModelSpec) -> None:
    """No parameter is left as memory happened to be: norms are 1, biases 0, the rest N(0, 0.02²)."""
    with open_engine().load(loading(model)) as session:
        drawn = []
        for name, parameter in session._model.named_parameters():
            assert bool(parameter.isfinite().all()), name
            if parameter.ndim == 1 and name.endswith("weight"):
                assert bool((parameter == 1).all()), name
            elif parameter.ndim > 1:
                drawn.append(parameter.flatten())

    for tensor in drawn:
        spread = float(tensor.std())
        assert spread == pytest.approx(0.02, rel=10 / tensor.numel() ** 0.5)  # 10 standard errors and more


def test_buffers_that_no_checkpoint_holds_are_computed() -> None:
    """Rotary frequencies fall from 1; sinusoidal positions lie in [-1, 1] and differ: no leftovers."""
    with open_engine().load(loading(MISTRAL)) as session:
        frequencies = session._model.model.rotary_emb.inv_freq.tolist()
    with open_engine().load(loading(NLLB)) as session:
        positions = session._model.model.encoder.embed_positions.weights

        assert frequencies[0] == 1.0
        assert frequencies == sorted(frequencies, reverse=True)
        assert frequencies[-1] > 1e-6
        assert float(positions.abs().max()) <= 1.0
        assert float((positions[3] - positions[200]).abs().max()) > 0.1


def test_an_embedding_that_is_shared_stays_shared() -> None:
    """NLLB's encoder, decoder and output matrix are one: three copies would triple memory and traffic."""
    with open_engine().load(loading(NLLB)) as session:
        model = session._model
        pointers = {
            model.model.shared.weight.data_ptr(),
            model.model.encoder.embed_tokens.weight.data_ptr(),
            model.model.decoder.embed_tokens.weight.data_ptr(),
            model.lm_head.weight.data_ptr(),
        }

    assert len(pointers) == 1


@pytest.mark.parametrize("model", [MISTRAL, GPT_OSS], ids=lambda m: m.architecture)
def test_n_tokens_take_n_forward_passes(model: ModelSpec) -> None:
    """Nothing runs beside the asked work: the prompt's pass gives the first token, each later one its own."""
    with open_engine().load(loading(model)) as session:
        passes: list[int] = []
        session._model.register_forward_hook(lambda *_: passes.append(1))

        session.run(session.stage([prompt(9, 0)]))

    assert len(passes) == 9


def test_dropout_and_layer_drop_are_off() -> None:
    """A model left in training mode would skip layers at random: other work at every call."""
    with open_engine().load(loading(NLLB)) as session:
        assert not any(module.training for module in session._model.modules())


def test_a_mixed_batch_delivers_to_each_its_own_and_counts_no_padding() -> None:
    """Short and long prompts and outputs run together; what pads them is nobody's work."""
    requests = [prompt(3, 0, length=5), prompt(12, 1, length=30), prompt(1, 2, length=1)]

    with open_engine().load(loading(MISTRAL)) as session:
        outcomes = session.run(session.stage(requests))

    assert [o.achieved for o in outcomes] == [r.asked for r in requests]


def test_padding_does_not_change_what_a_request_computes() -> None:
    """A prompt padded on the left and masked yields the tokens that it yields alone."""
    import torch

    with open_engine().load(loading(MISTRAL)) as session, torch.inference_mode():
        seen: list[list[int]] = []
        generate = session._model.generate

        def watched(*args: object, **options: object) -> object:
            out = generate(*args, **options)
            seen.append(out[0, -6:].tolist())
            return out

        session._model.generate = watched
        short, long = prompt(6, 0, length=5), prompt(6, 1, length=40)
        session.run(session.stage([short]))
        session.run(session.stage([short, long]))

    assert seen[0] == seen[1]


def test_nllb_starts_with_the_target_language() -> None:
    """The forced language token is the first of the N, by the id that NLLB's own tokenizer gives it."""
    with open_engine().load(loading(NLLB)) as session:
        rows = []
        generate = session._model.generate
        session._model.generate = lambda *a, **k: rows.append(out := generate(*a, **k)) or out
        (outcome,) = session.run(session.stage([translation(4, 0)]))

    assert rows[0].tolist()[0][:2] == [2, 256_047]  # the decoder's start, eng_Latn
    assert outcome.achieved.target_tokens == 4


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (replace(prompt(4, 0), token_ids=(600,), asked=Usage(prompt_tokens=1, output_tokens=4)), "0 to 511"),
        (replace(prompt(4, 0), token_ids=()), "tokens asked for"),
        (replace(prompt(4, 0), token_ids=(), text="a text"), "no tokenizer"),
        (prompt(250, 0), "context of 261"),
        (replace(prompt(4, 0), asked=Usage(prompt_tokens=11)), "at least 1"),
        (replace(prompt(4, 0), asked=Usage(prompt_tokens=12, output_tokens=4)), "12 tokens asked for, 11 given"),
    ],
)
def test_a_request_that_cannot_be_done_exactly_is_refused_when_staged(request_: Request, says: str) -> None:
    """Before any window opens, and in words."""
    with open_engine().load(loading(MISTRAL)) as session, pytest.raises(BadInput, match=says):
        session.stage([request_])


def test_one_batch_has_one_target_language() -> None:
    """A batch can force one language only: two are refused, as is one that the model lacks."""
    with open_engine().load(loading(NLLB)) as session:
        other = replace(translation(4, 1), target_language="ar")
        with pytest.raises(BadInput, match="target languages"):
            session.run(session.stage([translation(4, 0), other]))
        with pytest.raises(BadInput, match="'xx' is not declared"):
            session.run(session.stage([replace(translation(4, 0), target_language="xx")]))


def test_a_model_that_does_not_fit_is_refused_before_it_is_built() -> None:
    """The message says what is needed and what is free."""
    huge = replace(MISTRAL, parameters=10**13)

    with pytest.raises(CannotRun, match=r"needs .* GiB .* GiB are free"), open_engine().load(loading(huge)):
        pass


def test_weights_from_a_folder_are_those_of_the_folder(tmp_path: object) -> None:
    """Pretrained weights come from a local folder as they are; another architecture's are refused."""
    with open_engine().load(loading(MISTRAL, seed=5)) as session:
        session._model.save_pretrained(tmp_path)
        head = session._model.lm_head.weight.clone()
    spec = replace(loading(MISTRAL), weights="pretrained", path=str(tmp_path))

    with open_engine().load(spec) as session:
        (outcome,) = session.run(session.stage([prompt(5, 0)]))
        same = bool((session._model.lm_head.weight == head).all())
        notes = session.loaded.notes
    with pytest.raises(BadInput, match="holds a mistral"), open_engine().load(replace(spec, model=GPT_OSS)):
        pass
    with (
        pytest.raises(CannotRun, match="no weights from"),
        open_engine().load(replace(spec, path="/nowhere/at/all")),
    ):
        pass

    assert same
    assert outcome.achieved == prompt(5, 0).asked
    assert not any("synthetic" in note for note in notes)


@pytest.mark.parametrize("count", [1, 2, 9])
def test_a_model_that_wants_to_stop_does_not(count: int) -> None:
    """End-of-text as the likeliest token at every step: the asked number is delivered all the same."""
    with open_engine().load(loading(MISTRAL)) as session:

        def eager_to_stop(_: object, __: object, logits: object) -> object:
            logits[..., 2] += 1e4  # type: ignore[index]
            return logits

        session._model.lm_head.register_forward_hook(eager_to_stop)
        (outcome,) = session.run(session.stage([prompt(count, 0)]))

    assert outcome.achieved.output_tokens == count


@pytest.mark.parametrize(("model", "request_"), [(MISTRAL, prompt(5, 0)), (NLLB, translation(5, 0))])
def test_what_is_reported_is_counted_from_what_came_back(model: ModelSpec, request_: Request) -> None:
    """A library that falls one token short is reported one short: achieved never echoes what was asked."""
    with open_engine().load(loading(model)) as session:
        generate = session._model.generate
        session._model.generate = lambda *a, **k: generate(*a, **k)[:, :-1]
        (outcome,) = session.run(session.stage([request_]))

    assert outcome.achieved.output_tokens == (4 if model is MISTRAL else None)
    assert outcome.achieved.target_tokens == (4 if model is NLLB else None)
