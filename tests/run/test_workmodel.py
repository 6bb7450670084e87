"""The predicted work of a batch: closed forms, and the operations that torch itself counts."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.errors import BadInput
from bench.files.models import read_model, weight_bytes
from bench.nouns import LoadSpec, ModelSpec, Request, Usage
from bench.run.workmodel import layer_passes, predicted

MISTRAL, NLLB, WHISPER = read_model("mistral-7b"), read_model("nllb-600m"), read_model("whisper-tiny")
ONE_TOKEN = Usage(prompt_tokens=1, output_tokens=1)


def test_one_token_through_a_dense_model_costs_two_operations_per_parameter() -> None:
    """Kaplan et al. 2020: C = 2 N, with N all matrices but the embedding table."""
    table = 32_768 * 4_096

    work = predicted(MISTRAL, "bf16", ONE_TOKEN)

    assert work.flop == pytest.approx(2 * (MISTRAL.parameters - table), rel=1e-3)
    assert work.bytes == pytest.approx(weight_bytes(MISTRAL, "bf16") - 2 * table, rel=1e-3)


def test_a_batch_shares_the_weights_and_multiplies_the_arithmetic() -> None:
    """Eight requests: eight times the operations, the weights still once per step."""
    usage = Usage(prompt_tokens=128, output_tokens=32)

    one, eight = predicted(MISTRAL, "bf16", usage, 1), predicted(MISTRAL, "bf16", usage, 8)

    assert eight.flop == pytest.approx(8 * one.flop)
    assert one.bytes < eight.bytes < 1.5 * one.bytes


def test_each_output_token_reads_the_weights_once_more() -> None:
    """Decoding is bound by memory: the step's traffic is the weights and a little cache."""
    usage = Usage(prompt_tokens=32, output_tokens=8)
    more = replace(usage, output_tokens=9)

    step = predicted(MISTRAL, "bf16", more).bytes - predicted(MISTRAL, "bf16", usage).bytes

    assert step == pytest.approx(weight_bytes(MISTRAL, "bf16"), rel=0.05)


def test_a_mixture_of_experts_reads_more_of_itself_in_a_larger_batch() -> None:
    """One token reaches 4 of 32 experts; 64 tokens spread evenly reach nearly all."""
    model = read_model("gpt-oss-20b")
    usage = Usage(prompt_tokens=1, output_tokens=2)

    one, many = predicted(model, "bf16", usage, 1), predicted(model, "bf16", usage, 64)

    assert one.bytes < 2 * 2 * 2 * model.active_parameters
    assert many.bytes == pytest.approx(2 * weight_bytes(model, "bf16"), rel=0.05)
    assert one.flop == pytest.approx(2 * 2 * model.active_parameters, rel=0.01)


def test_whisper_pays_for_whole_windows() -> None:
    """Two windows of 10 tokens cost twice one window of 10, whatever the audio's length."""
    one = predicted(WHISPER, "fp32", Usage(audio_windows=1, output_tokens=10, audio_s=2.0))
    two = predicted(WHISPER, "fp32", Usage(audio_windows=2, output_tokens=20, audio_s=31.0))

    assert two.flop == pytest.approx(2 * one.flop)
    assert two.bytes == pytest.approx(2 * one.bytes)


def test_every_family_that_has_models_has_a_formula() -> None:
    """A plan needs minutes for each cell: more than nothing, and no crash; a family without one is named."""
    for name in ("sound-track", "phi-4-mini", "nllb-3.3b", "whisper-turbo", "gpt-oss-20b", "intent-lstm"):
        model = read_model(name)
        usage = Usage(
            audio_windows=1, output_tokens=4, prompt_tokens=4, source_tokens=4, target_tokens=4, video_s=1.0
        )
        assert predicted(model, model.precisions[0], usage).flop > 0
    with pytest.raises(BadInput, match="'api'"):
        predicted(replace(MISTRAL, family="api"), "fp32", ONE_TOKEN)


def test_a_classifiers_sentences_share_its_weights_and_add_their_words() -> None:
    """11 words through four gates of 200 × 100 each, twice an operation; the weights once a word for all."""
    model = read_model("intent-lstm")
    one, eight = (predicted(model, "fp32", Usage(requests=1), batch=b) for b in (1, 8))

    assert eight.flop - one.flop == 7 * 2 * (11 * 4 * 200 * 100 + 100 * 8)
    assert eight.bytes == one.bytes == pytest.approx(4 * 11 * 4 * 200 * 100)


def test_layer_passes_count_every_layer_of_every_forward_pass() -> None:
    """32 layers, once for the prompt and once per later token."""
    assert layer_passes(MISTRAL, Usage(prompt_tokens=99, output_tokens=10)) == 320
    assert layer_passes(NLLB, Usage(source_tokens=9, target_tokens=10)) == 12 + 120
    assert layer_passes(WHISPER, Usage(audio_windows=2, output_tokens=10)) == 8 + 40
    assert layer_passes(read_model("sound-track"), Usage(video_s=1.0)) == 0


@pytest.fixture
def small() -> dict[str, ModelSpec]:
    """The declared architectures, cut to a size that runs in a moment."""
    cut = {"num_hidden_layers": 2, "hidden_size": 128, "intermediate_size": 448, "vocab_size": 2_000}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 1, "head_dim": 32}
    layers = {"encoder_layers": 2, "decoder_layers": 2, "vocab_size": 2_000}
    wide = {"d_model": 128, "encoder_ffn_dim": 512, "decoder_ffn_dim": 512}
    return {
        "causal-lm": replace(
            read_model("mistral-160m"), config={**read_model("mistral-160m").config, **cut, **heads}
        ),
        "translation": replace(NLLB, config={**NLLB.config, **layers, **wide}, languages={}),
        "speech": replace(WHISPER, config={**WHISPER.config, "n_audio_layer": 1, "n_text_layer": 1}),
    }


@pytest.mark.models
@pytest.mark.parametrize(
    ("family", "usage"),
    [
        ("causal-lm", Usage(prompt_tokens=200, output_tokens=2)),
        ("causal-lm", Usage(prompt_tokens=8, output_tokens=40)),
        ("translation", Usage(source_tokens=100, target_tokens=2)),
        ("translation", Usage(source_tokens=8, target_tokens=40)),
        ("speech", Usage(audio_windows=1, output_tokens=2)),
        ("speech", Usage(audio_windows=1, output_tokens=100)),
    ],
)
def test_the_operations_are_those_that_torch_counts(
    small: dict[str, ModelSpec], family: str, usage: Usage, tmp_path: Path
) -> None:
    """The real libraries do the real work under torch's own counter of matrix operations: within 15 %."""
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    from bench.engines import transformers, whisper

    model = small[family]
    engine = whisper.open_engine() if family == "speech" else transformers.open_engine()
    spec = LoadSpec(model=model, precision="fp32", weights="synthetic", device="cpu")
    with engine.load(spec) as session:
        staged = session.stage([_request(usage, tmp_path)])
        # only the plain form of attention is made of operations that the counter knows on a CPU
        with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter, torch.inference_mode():
            session.run(staged)

    assert predicted(model, "fp32", usage).flop == pytest.approx(counter.get_total_flops(), rel=0.15)


def _request(usage: Usage, folder: Path) -> Request:
    ids = tuple(range(100, 100 + (usage.prompt_tokens or usage.source_tokens or 0)))
    if usage.audio_windows is None:
        return Request(id="r", token_ids=ids, asked=usage)
    import numpy
    import soundfile

    noise = numpy.random.default_rng(0).normal(0.0, 0.1, 16_000).astype("float32")
    soundfile.write(folder / "a.wav", noise, 16_000)
    return Request(id="r", audio=(folder / "a.wav",), source_language="fr", asked=usage)
