"""Writes a model in CTranslate2's format: python -m bench.engines.ctranslate2.build, the job on stdin.

A process of its own: torch and the model in full are gone with it before anything is measured. Each converts one
model once: quantising to 8 bits changes, in place, the weights that it was handed (seen with 4.8.5).
"""

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from bench.engines import imported
from bench.errors import BadInput
from bench.loading.converted import do_job
from bench.loading.published import published_path
from bench.loading.seeded import transformers_model, whisper_model
from bench.nouns import LoadSpec

_EXTRA = "transformers"
_PIECES = 256_001  # NLLB's languages follow its pieces: see bench/engines/transformers, _language_id


def convert(spec: LoadSpec, folder: Path, quantization: str) -> None:
    """Fills `folder` with the library's files and about.json: parameters, and bytes that a step reads."""
    torch, transformers, converters = imported(
        ("torch", "transformers", "ctranslate2.converters.transformers"), _EXTRA
    )
    transformers.logging.set_verbosity_error()
    synthetic = spec.weights == "synthetic"
    with tempfile.TemporaryDirectory() as scratch, torch.no_grad():
        if synthetic:
            handed = _synthetic(torch, transformers, spec)
            handed[0].config.save_pretrained(scratch)
            made = _kept(converters, handed)(scratch)
        else:
            made = _kept(converters, None)(published_path(transformers, spec))
        made.convert(str(folder), quantization=quantization, force=True)
    about = {"parameters": made.parameters, "weight_bytes_per_step": step_bytes(made.kept.variables())}
    (folder / "about.json").write_text(json.dumps(about), encoding="utf-8")


def _kept(converters: ModuleType, handed: tuple[Any, Any] | None) -> Any:
    """The library's converter, which keeps what it converts; given a model and a tokenizer, it reads no files."""

    class Kept(converters.TransformersConverter):  # type: ignore[name-defined,misc]
        def _load(self) -> Any:
            self.kept = super()._load()
            return self.kept

        def load_model(self, *given: Any, **more: Any) -> Any:
            model = handed[0] if handed else super().load_model(*given, **more)
            self.parameters = sum(one.numel() for one in model.parameters())
            return model

        def load_tokenizer(self, *given: Any, **more: Any) -> Any:
            return handed[1] if handed else super().load_tokenizer(*given, **more)

    return Kept


def step_bytes(variables: Mapping[str, Any]) -> int:
    """The bytes of weights that one decoding step reads, from the library's own names and types.

    Not the encoder, not a table that is only looked up, not what makes the keys and values of the source, which
    are kept: attention/linear_1 (ctranslate2 4.8, specs/attention_spec.py). A shared table is an alias: a name.
    """

    def bytes_of(value: Any) -> int:
        value = variables[value] if isinstance(value, str) else value
        return int(value.num_bytes())

    before = ("/embeddings", "/position_encodings", "/attention/linear_1")
    read = {n: v for n, v in variables.items() if n.startswith("decoder/") and not any(b in n for b in before)}
    return sum(bytes_of(value) for value in read.values())


def _synthetic(torch: ModuleType, transformers: ModuleType, spec: LoadSpec) -> tuple[Any, "StandIn"]:
    """The same weights as the engines 'transformers' and 'whisper' have on a CPU, and names for their tokens."""
    if spec.model.family == "speech":
        (whisper,) = imported(("whisper",), "whisper")
        source = whisper_model(torch, whisper, spec.model, seed=spec.seed, device="cpu")
        return _whisper_of_transformers(transformers, source), StandIn(whisper_names(source.dims.n_vocab))
    model = transformers_model(torch, transformers, spec.model, seed=spec.seed, dtype=torch.float32, device="cpu")
    model.generation_config = transformers.GenerationConfig()
    return model.eval(), StandIn(nllb_names(spec))


class StandIn:
    """What a converter asks of a tokenizer, for a model that has none: a name for every id."""

    special_tokens_map: Mapping[str, Any] = {}
    num_madeup_words = 0
    additional_special_tokens: Sequence[str] = ()

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self.bos_token, self.eos_token, self.unk_token = names[0], names[2], names[3]

    def get_vocab(self) -> dict[str, int]:
        """Name → id."""
        return {name: index for index, name in enumerate(self._names)}

    def convert_ids_to_tokens(self, index: int) -> str:
        """The name of an id."""
        return self._names[index]


def nllb_names(spec: LoadSpec) -> list[str]:
    """A name for every id of NLLB's vocabulary: special tokens and languages have their own."""
    from transformers.models.nllb.tokenization_nllb import FAIRSEQ_LANGUAGE_CODES

    count = int(str(spec.model.config["vocab_size"]))
    names = ["<s>", "<pad>", "</s>", "<unk>", *(f"t{i}" for i in range(4, count))]
    for index, code in enumerate(FAIRSEQ_LANGUAGE_CODES):
        if _PIECES + index < count:
            names[_PIECES + index] = code
    return names


def whisper_names(count: int) -> list[str]:
    """A name for every id below the timestamps, which the converter adds itself.

    Source: openai-whisper 20250625, whisper/tokenizer.py, get_encoding; checked 2026-11-21.
    """
    languages = count - 51_766
    after = ("translate", "transcribe", "startoflm", "startofprev", "nospeech", "notimestamps")
    specials = ("endoftext", "startoftranscript", *(f"l{i}" for i in range(languages)), *after)
    return [*(f"t{i}" for i in range(50_257)), *(f"<|{name}|>" for name in specials)]


# openai-whisper's names of modules → those of transformers 5.23 (models/whisper); checked 2026-11-21
_RENAMED = (
    ("encoder.ln_post", "encoder.layer_norm"),
    ("decoder.ln.", "decoder.layer_norm."),
    ("decoder.token_embedding", "decoder.embed_tokens"),
    ("positional_embedding", "embed_positions.weight"),
    ("blocks", "layers"),
    ("mlp.0", "fc1"),
    ("mlp.2", "fc2"),
    ("mlp_ln", "final_layer_norm"),
    ("cross_attn_ln", "encoder_attn_layer_norm"),
    ("cross_attn", "encoder_attn"),
    ("attn_ln", "self_attn_layer_norm"),
    (".attn.", ".self_attn."),
    (".query", ".q_proj"),
    (".key", ".k_proj"),
    (".value", ".v_proj"),
    (".out.", ".out_proj."),
)


def renamed(name: str) -> str:
    """What transformers calls a parameter of openai-whisper."""
    for old, new in _RENAMED:
        name = name.replace("encoder_attn" if old == "cross_attn" and "encoder_attn" in name else old, new)
    return f"model.{name}"


def _whisper_of_transformers(transformers: ModuleType, source: Any) -> Any:
    """The same weights in the class that the converter knows. Raises BadInput where a parameter is left over."""
    dims = source.dims
    config = transformers.WhisperConfig(
        vocab_size=dims.n_vocab,
        num_mel_bins=dims.n_mels,
        d_model=dims.n_audio_state,
        encoder_layers=dims.n_audio_layer,
        encoder_attention_heads=dims.n_audio_head,
        encoder_ffn_dim=4 * dims.n_audio_state,
        decoder_layers=dims.n_text_layer,
        decoder_attention_heads=dims.n_text_head,
        decoder_ffn_dim=4 * dims.n_text_state,
        max_source_positions=dims.n_audio_ctx,
        max_target_positions=dims.n_text_ctx,
    )
    model = transformers.WhisperForConditionalGeneration(config)
    weights = {renamed(name): value for name, value in source.state_dict().items()}
    left = model.load_state_dict(weights, strict=False)
    if left.unexpected_keys or set(left.missing_keys) - {"proj_out.weight"}:
        raise BadInput(f"whisper's parameters do not fit: {[*left.unexpected_keys, *left.missing_keys]}")
    model.tie_weights()
    model.generation_config = transformers.GenerationConfig(suppress_tokens=[], begin_suppress_tokens=[])
    return model.eval()


if __name__ == "__main__":
    do_job(lambda spec, folder, more: convert(spec, folder, more["quantization"]))
