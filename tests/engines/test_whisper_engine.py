"""openai-whisper: audio windows, fp16 that computes in fp16, refusals that say what to do."""

from dataclasses import replace
from pathlib import Path

import pytest
from tiny_models import WHISPER, clip, loading, speech

from bench.engines.whisper import open_engine
from bench.errors import BadInput, CannotRun
from bench.nouns import Request, Usage

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    folder = tmp_path_factory.mktemp("clips")
    return {s: clip(folder / f"{s}.wav", float(s)) for s in (2, 30, 31)}


def _parameters(seed: int) -> list[float]:
    with open_engine().load(loading(WHISPER, seed=seed)) as session:
        return [float(p.double().abs().sum()) for p in session._model.parameters()]  # type: ignore[attr-defined]


def test_the_seed_alone_decides_the_weights_and_all_are_finite() -> None:
    """Whisper itself leaves its text positions as memory happened to be; here the seed decides them too."""
    first, again, other = _parameters(0), _parameters(0), _parameters(1)

    assert first == again != other
    assert all(total == total and total < float("inf") for total in first)


def test_thirty_seconds_are_one_window_and_a_second_more_are_two(clips: dict[int, Path]) -> None:
    """Audio windows follow from the clip's samples, its length stays what it is, tokens are the total."""
    with open_engine().load(loading(WHISPER)) as session:
        requests = [speech((clips[30],), 30.0, 1, 9, 0), speech((clips[31],), 31.0, 2, 9, 1)]
        achieved = [o.achieved for o in session.run(session.stage(requests))]

    assert [(u.audio_s, u.audio_windows, u.output_tokens) for u in achieved] == [(30.0, 1, 9), (31.0, 2, 9)]


def test_the_encoder_runs_once_per_turn_of_windows_and_the_decoder_once_per_token(clips: dict[int, Path]) -> None:
    """9 tokens over two windows are 5 and 4 passes; a batch's windows share theirs: no hidden work."""
    with open_engine().load(loading(WHISPER)) as session:
        encoded: list[int] = []
        decoded: list[int] = []
        session._model.encoder.register_forward_hook(lambda _, inputs, __: encoded.append(len(inputs[0])))
        session._model.decoder.register_forward_hook(lambda _, inputs, __: decoded.append(len(inputs[0])))
        long, short = speech((clips[31],), 31.0, 2, 9, 0), speech((clips[2],), 2.0, 1, 5, 1)

        session.run(session.stage([long]))
        alone, encoded[:], decoded_alone, decoded[:] = list(encoded), [], list(decoded), []
        session.run(session.stage([long, short]))

    assert (alone, decoded_alone) == ([1, 1], [1] * 9)
    assert (encoded, decoded) == ([2, 1], [2] * 5 + [1] * 4)


def test_no_token_asked_is_no_token_decoded(clips: dict[int, Path]) -> None:
    """Whisper would take a length of 0 for its default of 224; here only the encoder runs."""
    with open_engine().load(loading(WHISPER)) as session:
        (outcome,) = session.run(session.stage([speech((clips[2],), 2.0, 1, 0)]))

    assert (outcome.achieved.output_tokens, outcome.first_output_ns) == (0, None)


def test_half_precision_keeps_its_weights_in_fp16_and_decodes(clips: dict[int, Path]) -> None:
    """No layer converts its weights at each call; only the norms, which compute in fp32, keep theirs."""
    import torch
    import whisper

    from bench.engines.whisper import _halved

    model = _halved(whisper, whisper.model.Whisper(whisper.model.ModelDimensions(**WHISPER.config)))
    for parameter in model.parameters():
        parameter.data.uniform_(-0.02, 0.02)
    mel = torch.zeros(1, 80, 3000, dtype=torch.float16)

    with torch.inference_mode():
        logits = model.decoder(torch.tensor([[1, 2]]), model.encoder(mel))

    norms = {id(p) for m in model.modules() if isinstance(m, whisper.model.LayerNorm) for p in m.parameters()}
    assert {p.dtype for p in model.parameters() if id(p) not in norms} == {torch.float16}
    assert bool(logits.isfinite().all())


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"asked": Usage(audio_windows=2, output_tokens=5)}, "its clips fill 1"),
        ({"asked": Usage(output_tokens=225)}, "whisper decodes 224"),
        ({"asked": Usage()}, "no number of output_tokens"),
        ({"source_language": "xx"}, "no language 'xx'"),
        ({"audio": ()}, "no audio clip"),
        ({"audio": (Path("/nowhere/at.flac"),)}, "no such audio clip"),
    ],
)
def test_a_request_that_cannot_be_done_exactly_is_refused_when_staged(
    clips: dict[int, Path], change: dict[str, object], says: str
) -> None:
    """Before any window opens, and in words."""
    request = replace(speech((clips[2],), 2.0, 1, 5), **change)  # type: ignore[arg-type]

    with open_engine().load(loading(WHISPER)) as session, pytest.raises(BadInput, match=says):
        session.stage([request])


def test_a_request_that_was_not_staged_reads_no_file_inside_a_window(clips: dict[int, Path]) -> None:
    """Decoding a clip is not the model's work: run refuses rather than read."""
    request: Request = speech((clips[2],), 2.0, 1, 5)

    with open_engine().load(loading(WHISPER)) as session, pytest.raises(BadInput, match="not staged"):
        session.run([request])


def test_fp16_on_a_cpu_is_refused_with_what_would_work() -> None:
    """Emulated fp16 would be measured as if it were fp16."""
    spec = loading(WHISPER, precision="fp16")

    with pytest.raises(CannotRun, match="use fp32 or bf16"), open_engine().load(spec):
        pass


def test_weights_of_other_dimensions_are_refused(tmp_path: Path) -> None:
    """A local .pt file is loaded as it is, and must be the model that was asked for."""
    import torch

    with open_engine().load(loading(WHISPER, seed=4)) as session:
        state = {"dims": dict(WHISPER.config), "model_state_dict": session._model.state_dict()}
        positions = session._model.decoder.positional_embedding.clone()
    torch.save(state, tmp_path / "tiny.pt")
    spec = replace(loading(WHISPER), weights="pretrained", path=str(tmp_path))
    other = replace(WHISPER, config={**WHISPER.config, "n_mels": 128})

    with open_engine().load(spec) as session:
        assert bool((session._model.decoder.positional_embedding == positions).all())
        assert not any("synthetic" in note for note in session.loaded.notes)
    with pytest.raises(BadInput, match="other dimensions"), open_engine().load(replace(spec, model=other)):
        pass
    with pytest.raises(CannotRun, match="no whisper weights"), open_engine().load(replace(spec, path="nosuch")):
        pass


@pytest.mark.parametrize("count", [1, 2, 9])
def test_a_model_that_wants_to_stop_does_not(clips: dict[int, Path], count: int) -> None:
    """End-of-text as the likeliest token at every step: the asked number is delivered all the same."""
    with open_engine().load(loading(WHISPER)) as session:

        def eager_to_stop(_: object, __: object, logits: object) -> object:
            logits[..., 50_257] += 1e4  # type: ignore[index]
            return logits

        session._model.decoder.register_forward_hook(eager_to_stop)
        (outcome,) = session.run(session.stage([speech((clips[2],), 2.0, 1, count)]))

    assert outcome.achieved.output_tokens == count
