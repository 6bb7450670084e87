"""The arithmetic and the memory traffic of a batch, in closed form: for predicting minutes, never for a figure.

A matrix of n parameters costs 2 n operations per token, attention 4 × layers × width per pair of tokens that it
compares: Kaplan et al. 2020, arXiv:2001.08361, section 2.1 and table 1 (there per token over a full context).
Traffic is what must cross the memory bus: the weights once per forward pass, whatever the batch, and the cache of
keys and values. Activations are left out: at these sizes they stay in caches. Checked 2026-11-21.
"""

from typing import NamedTuple

from bench.errors import BadInput
from bench.files.models import weight_bytes
from bench.nouns import ModelSpec, Usage

# transformers' DynamicCache and openai-whisper's cache append by concatenation: at every step the cache is read,
# written anew, and read by attention (cache_utils.py, whisper/model.py; both in the versions that were run)
_CACHE_TOUCHES = 3
_WHISPER_PROMPT_TOKENS = (
    4  # start, language, task, no timestamps: whisper/tokenizer.py, sot_sequence_including_notimestamps
)
_MEL_FRAMES = 3000  # 30 s at a hop of 160 samples: whisper/audio.py
_STFT_BINS = 201
# An AAC decoder and a resampler have no closed form. These stand for a child process that starts (about 0.1 s of a
# core) and then runs some hundred times faster than the video plays.
_VIDEO_START_FLOP = 5e9
_VIDEO_FLOP_PER_S = 5e8


# A sentence's words: the mean of the 480 in workloads/intent/data/heldout.csv, 10.9. Starting a run of the graph,
# and what Python does around it, are taken for so many operations: they bind a classifier this small.
_SENTENCE_WORDS = 11
_CLASSIFIER_START_FLOP = 1e7


class FlopsAndBytes(NamedTuple):
    """Floating-point operations, and bytes moved to and from memory."""

    flop: float
    bytes: float


def predicted(spec: ModelSpec, precision: str, usage: Usage, batch: int = 1) -> FlopsAndBytes:
    """The work of one batch of `batch` equal requests, each of which asks for `usage`."""
    match spec.family:
        case "causal-lm":
            return _causal(spec, _width_bytes(spec, precision), usage, batch)
        case "translation":
            return _translation(spec, _width_bytes(spec, precision), usage, batch)
        case "speech":
            return _speech(spec, _width_bytes(spec, precision), usage, batch)
        case "classifier":
            return _classifier(spec, _width_bytes(spec, precision), batch)
        case "video":
            return FlopsAndBytes(batch * (_VIDEO_START_FLOP + _VIDEO_FLOP_PER_S * (usage.video_s or 0.0)), 0.0)
        case _:
            raise BadInput(f"{spec.name}: no formula predicts the work of the family {spec.family!r}")


def layer_passes(spec: ModelSpec, usage: Usage) -> int:
    """How often a layer runs for one batch: each starts dozens of kernels, which bind a small model on a GPU."""
    match spec.family:
        case "causal-lm":
            return _integer(spec, "num_hidden_layers") * (usage.output_tokens or 0)
        case "translation":
            decoder = _integer(spec, "decoder_layers") * (usage.target_tokens or 0)
            return _integer(spec, "encoder_layers") + decoder
        case "speech":
            encoder = _integer(spec, "n_audio_layer") * (usage.audio_windows or 1)
            return encoder + _integer(spec, "n_text_layer") * (usage.output_tokens or 0)
        case _:
            return 0


def _causal(spec: ModelSpec, width: float, usage: Usage, batch: int) -> FlopsAndBytes:
    prompt, output = usage.prompt_tokens or 0, usage.output_tokens or 0
    hidden, layers = _integer(spec, "hidden_size"), _integer(spec, "num_hidden_layers")
    heads, kv_heads = _integer(spec, "num_attention_heads"), _integer(spec, "num_key_value_heads")
    head_size = _integer(spec, "head_dim", hidden // heads)
    experts, chosen = _integer(spec, "num_local_experts", 1), _integer(spec, "num_experts_per_tok", 1)
    attention = layers * hidden * head_size * 2 * (heads + kv_heads)
    expert = layers * 3 * hidden * _integer(spec, "intermediate_size")
    head = hidden * _integer(spec, "vocab_size")
    pairs = _pairs(spec, prompt, output)
    flop: float = 2 * (attention + chosen * expert) * (prompt + output - 1) + 2 * head * output
    flop += 4 * heads * head_size * pairs.compared
    reached = _reached(experts, chosen, batch * prompt) + (output - 1) * _reached(experts, chosen, batch)
    weights = output * (attention + head) + reached * expert
    cache = 2 * kv_heads * head_size * (layers * prompt + _CACHE_TOUCHES * pairs.cached)
    return FlopsAndBytes(float(batch * flop), width * (weights + batch * cache))


class _Pairs(NamedTuple):
    compared: float  # pairs of tokens that attention compares, over all layers
    cached: float  # tokens of context that the steps after the first read, over all layers


def _pairs(spec: ModelSpec, prompt: int, output: int) -> _Pairs:
    """Pairs over all layers; a sliding window shortens every second layer's context (gpt-oss)."""
    layers = _integer(spec, "num_hidden_layers")
    window = _integer(spec, "sliding_window", 0)
    sliding = layers // 2 if window else 0
    total = prompt + output - 1
    whole, before = _triangle(total, total), _triangle(prompt, prompt)
    if not sliding:
        return _Pairs(layers * whole, layers * (whole - before))
    short, short_before = _triangle(total, window), _triangle(prompt, window)
    return _Pairs(
        (layers - sliding) * whole + sliding * short,
        (layers - sliding) * (whole - before) + sliding * (short - short_before),
    )


def _triangle(tokens: int, window: int) -> float:
    """The sum of min(i, window) for i from 1 to `tokens`."""
    inside = min(tokens, window)
    return inside * (inside + 1) / 2 + (tokens - inside) * window


def _reached(experts: int, chosen: int, tokens: int) -> float:
    """The expected number of experts that so many tokens reach when a router spreads them evenly."""
    return experts * (1.0 - (1.0 - chosen / experts) ** tokens)


def _translation(spec: ModelSpec, width: float, usage: Usage, batch: int) -> FlopsAndBytes:
    source, target = usage.source_tokens or 0, usage.target_tokens or 0
    hidden = _integer(spec, "d_model")
    encoder_layers, decoder_layers = _integer(spec, "encoder_layers"), _integer(spec, "decoder_layers")
    encoder = encoder_layers * (4 * hidden**2 + 2 * hidden * _integer(spec, "encoder_ffn_dim"))
    decoder = decoder_layers * (6 * hidden**2 + 2 * hidden * _integer(spec, "decoder_ffn_dim"))
    across = decoder_layers * 2 * hidden**2  # keys and values of the source, made once
    head = hidden * _integer(spec, "vocab_size")
    flop: float = 2 * (encoder + across) * source + 2 * (decoder + head) * target
    own = target * (target + 1) / 2
    flop += 4 * hidden * (encoder_layers * source**2 + decoder_layers * (own + source * target))
    weights = encoder + across + target * (decoder + head)
    cache = 2 * hidden * decoder_layers * (_CACHE_TOUCHES * own + source * target)
    return FlopsAndBytes(batch * flop, width * (weights + batch * cache))


def _classifier(spec: ModelSpec, width: float, batch: int) -> FlopsAndBytes:
    """An LSTM over a sentence's words: four gates of (input + state) × state each; the table is only looked up."""
    state, classes = _integer(spec, "hidden"), _integer(spec, "classes")
    gates = 4 * state * (_integer(spec, "embedding") + state)
    flop = _CLASSIFIER_START_FLOP + batch * 2 * (_SENTENCE_WORDS * gates + state * classes)
    return FlopsAndBytes(float(flop), width * _SENTENCE_WORDS * gates)


def _speech(spec: ModelSpec, width: float, usage: Usage, batch: int) -> FlopsAndBytes:
    windows, output = usage.audio_windows or 1, usage.output_tokens or 0
    hidden, frames = _integer(spec, "n_audio_state"), _integer(spec, "n_audio_ctx")
    bands, encoder_layers = _integer(spec, "n_mels"), _integer(spec, "n_audio_layer")
    convolutions = 2 * 3 * hidden * (bands * _MEL_FRAMES + hidden * frames)
    encoder = encoder_layers * 12 * hidden**2
    flop = windows * (convolutions + 2 * encoder * frames + 4 * encoder_layers * hidden * frames**2)
    flop += windows * 2 * _MEL_FRAMES * _STFT_BINS * bands
    decoded = _decoded(spec, windows, output)
    weights = windows * encoder + decoded.weights
    return FlopsAndBytes(batch * (flop + decoded.flop), width * (weights + batch * decoded.cache))


class _Decoded(NamedTuple):
    flop: float
    weights: float  # parameters read, over all passes
    cache: float  # keys and values touched


def _decoded(spec: ModelSpec, windows: int, output: int) -> _Decoded:
    """Whisper's decoder over all audio windows: the prompt of 4 tokens yields the first token of each."""
    hidden, layers = _integer(spec, "n_text_state"), _integer(spec, "n_text_layer")
    frames = _integer(spec, "n_audio_ctx")
    blocks, across = layers * 14 * hidden**2, layers * 2 * hidden**2
    head = hidden * _integer(spec, "n_vocab")
    each = output / windows  # tokens of one audio window
    passed = each + _WHISPER_PROMPT_TOKENS - 1  # tokens that go through the decoder
    own = passed * (passed + 1) / 2
    flop = windows * (2 * across * frames + 2 * (blocks + head) * passed)
    flop += windows * 4 * hidden * layers * (own + frames * passed)
    cache = windows * 2 * hidden * layers * (_CACHE_TOUCHES * own + frames * each)
    return _Decoded(flop, windows * across + output * (blocks + head), cache)


def _width_bytes(spec: ModelSpec, precision: str) -> float:
    return weight_bytes(spec, precision) / max(spec.parameters, 1)


def _integer(spec: ModelSpec, key: str, default: int | None = None) -> int:
    value = spec.config.get(key, default)
    if value == "none" and default is not None:
        return default
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadInput(f"{spec.name}: config.{key} is {value!r}, a whole number is needed to predict its work")
    return value
