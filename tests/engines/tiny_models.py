"""Architectures of a few hundred thousand parameters, and requests for them: the real libraries, in a second."""

import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy

from bench.nouns import Engine, LoadSpec, ModelSpec, Request, Usage

RATE_HZ = 16_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An engine, a model it can load in a moment, and requests for an exact amount of work."""

    name: str
    open_engine: Callable[[], Engine]
    load: LoadSpec
    request: Callable[[int, int], Request]  # (exact count, index)
    counts_tokens: bool = True
    sees_first_output: bool = True


def tiny(architecture: str, family: str, config: dict[str, object], **more: object) -> ModelSpec:
    return ModelSpec(
        name=f"tiny-{architecture}",
        family=family,  # type: ignore[arg-type]
        title="tiny",
        parameters=1_000_000,
        active_parameters=1_000_000,
        architecture=architecture,
        config=config,
        engines=(),
        precisions=("fp32", "bf16", "fp16"),
        hub=None,
        licence="",
        source="made in a test",
        **more,  # type: ignore[arg-type]
    )


SMALL = {"vocab_size": 512, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2}
HEADS = {"num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 256}
MISTRAL = tiny(
    "mistral",
    "causal-lm",
    {**SMALL, **HEADS, "head_dim": 16, "sliding_window": "none", "eos_token_id": 2},
    max_context_tokens=256,
)
PHI = tiny("phi3", "causal-lm", {**SMALL, **HEADS, "pad_token_id": 0, "eos_token_id": 0, "bos_token_id": 1})
GPT_OSS = tiny(
    "gpt_oss",
    "causal-lm",
    {**SMALL, **HEADS, "head_dim": 16, "num_local_experts": 4, "num_experts_per_tok": 2, "sliding_window": 8}
    | {"eos_token_id": 3, "pad_token_id": 4},
)
NLLB = tiny(
    "m2m_100",
    "translation",
    {"vocab_size": 256_206, "d_model": 16, "encoder_layers": 2, "decoder_layers": 2, "encoder_ffn_dim": 32}
    | {"decoder_ffn_dim": 32, "encoder_attention_heads": 2, "decoder_attention_heads": 2}
    | {"max_position_embeddings": 256, "scale_embedding": True, "decoder_start_token_id": 2},
    languages={"fr": "fra_Latn", "en": "eng_Latn", "ar": "arb_Arab"},
    max_context_tokens=256,
)
WHISPER = tiny(
    "whisper",
    "speech",
    {"n_mels": 80, "n_audio_ctx": 1500, "n_audio_state": 64, "n_audio_head": 2, "n_audio_layer": 1}
    | {"n_vocab": 51_865, "n_text_ctx": 448, "n_text_state": 64, "n_text_head": 2, "n_text_layer": 1},
)


def loading(model: ModelSpec, *, precision: str = "fp32", seed: int = 0, path: str | None = None) -> LoadSpec:
    return LoadSpec(model=model, precision=precision, weights="synthetic", seed=seed, path=path, device="cpu")


def prompt(count: int, index: int, length: int = 11) -> Request:
    asked = Usage(requests=1, prompt_tokens=length, output_tokens=count)
    return Request(id=f"p{index}", token_ids=tuple(range(10 + index, 10 + index + length)), asked=asked)


def translation(count: int, index: int) -> Request:
    asked = Usage(requests=1, source_tokens=9, target_tokens=count)
    ids = tuple(range(20 + index, 29 + index))
    return Request(id=f"t{index}", token_ids=ids, source_language="fr", target_language="en", asked=asked)


def clip(path: Path, seconds: float, rate_hz: int = RATE_HZ) -> Path:
    """A WAV of seeded noise."""
    noise = numpy.random.default_rng(0).integers(-3000, 3000, round(seconds * rate_hz), dtype="<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(noise.tobytes())
    return path


def speech(clips: tuple[Path, ...], seconds: float, windows: int, count: int, index: int = 0) -> Request:
    asked = Usage(requests=1, audio_s=seconds, audio_windows=windows, output_tokens=count)
    return Request(id=f"s{index}", audio=clips, source_language="fr", asked=asked)
