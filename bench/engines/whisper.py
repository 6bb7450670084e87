"""Speech to text by openai-whisper: 30 s audio windows, exactly the asked number of decoded tokens in each."""

import itertools
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from bench.engines import (
    Setting,
    Stamp,
    imported,
    library_check,
    library_version,
    loaded_record,
    memory_guard,
    open_setting,
    outcomes,
    release,
    step_bytes,
    synchroniser,
)
from bench.errors import BadInput, CannotRun
from bench.loading.answers import Answers
from bench.loading.seeded import whisper_model
from bench.loading.speech import NO_LANGUAGE, WINDOW_SAMPLES, Clips, Piece, decoded
from bench.nouns import Check, Fact, Loaded, LoadSpec, Outcome, Request, Session, Told
from bench.units import S_PER_NS

_EXTRA = "whisper"


def open_engine() -> "WhisperEngine":
    """The engine; nothing is imported before `load`."""
    return WhisperEngine()


@dataclass(frozen=True, slots=True, kw_only=True)
class WhisperEngine:
    """openai-whisper on PyTorch."""

    def check(self) -> Check:
        """Whether torch, whisper and soundfile are installed."""
        modules = {"torch": "torch", "whisper": "openai-whisper", "soundfile": "soundfile"}
        return library_check("whisper", modules, _EXTRA)

    def version(self) -> str:
        """The version of openai-whisper; torch's own stands in Loaded.facts."""
        return library_version("openai-whisper", _EXTRA)

    @contextmanager
    def load(self, spec: LoadSpec) -> Iterator[Session]:
        """A session with the model on its device. Raises CannotRun where it does not fit."""
        start_ns = time.monotonic_ns()
        torch, whisper = imported(("torch", "whisper"), _EXTRA)
        import_ns = time.monotonic_ns()
        setting = open_setting(torch, spec)
        if setting.runs.precision not in spec.model.precisions:
            known = ", ".join(spec.model.precisions)
            raise BadInput(
                f"{spec.model.name} runs in {known}, found {setting.runs.precision!r}: choose one of them"
            )
        with memory_guard(torch, f"loading {spec.model.name}"):
            model = _model(whisper, setting)
        synchroniser(torch, setting.device)()
        facts: dict[str, Fact] = {
            "attention": "sdpa" if whisper.model.SDPA_AVAILABLE else "eager",
            "kv_cache": "concatenated",
            "weight_bytes_per_step": step_bytes(model, _share_of_step),
            "import_s": (import_ns - start_ns) * S_PER_NS,
            "build_s": (time.monotonic_ns() - import_ns) * S_PER_NS,
        }
        loaded = loaded_record(setting, "whisper", self.version(), model, facts)
        session = _Session(whisper, setting, model, loaded)
        del model
        try:
            yield session
        finally:
            session.close()
            release(torch, setting.device)


class _Session:
    """A loaded model and the clips of the requests that were staged, decoded to samples."""

    def __init__(self, library: ModuleType, setting: Setting, model: Any, loaded: Loaded) -> None:
        self._library = library
        self._torch = setting.torch
        self._device = setting.device
        self._model = model
        self._loaded = loaded
        self._batches = itertools.count()
        self._synchronise = synchroniser(setting.torch, setting.device)
        self._vocabulary = _vocabulary(library, model)
        self._end_of_text = int(self._vocabulary.eot)
        self._clips = Clips(model.dims.n_text_ctx, self._language)
        self._answers = Answers(loaded.weights)
        self._said: dict[int, list[_Said]] = {}

    @property
    def loaded(self) -> Loaded:
        """What was really loaded."""
        return self._loaded

    def close(self) -> None:
        """Drops the model and the clips."""
        self._model = None
        self._clips.drop()

    def stage(self, requests: Sequence[Request]) -> tuple[Request, ...]:
        """The same requests, their clips in memory as 16 kHz mono float32. Raises BadInput."""
        return self._clips.stage(requests)

    def run(self, batch: Sequence[Request]) -> Sequence[Outcome]:
        """Decodes the requests' first audio windows together, then their second ones, and so on.

        Transcripts that are to be judged may end before their last token, and the rest of it is decoded all the
        same: it is the same work.
        """
        pieces = [self._clips.pieces(row, request) for row, request in enumerate(batch)]
        stamp = Stamp(self._synchronise)
        judged = self._answers.wanted(batch)
        self._said = {row: [] for row in range(len(batch))}
        with self._torch.inference_mode(), memory_guard(self._torch, "running a batch"):
            start_ns = time.monotonic_ns()
            produced = decoded(pieces, lambda together: self._decode(together, stamp, judged=judged))
            self._synchronise()
            end_ns = time.monotonic_ns()
        self._answers.keep(batch, list(self._said.values()) if judged else None)
        achieved = self._clips.achieved(batch, pieces, produced)
        return outcomes(batch, achieved, next(self._batches), (start_ns, stamp.at_ns, end_ns))

    def _language(self, request: Request) -> str:
        language = request.source_language or NO_LANGUAGE
        if language not in self._library.tokenizer.LANGUAGES:
            raise BadInput(f"request {request.id!r}: whisper knows no language {language!r}")
        return language

    def forget(self) -> None:
        """Lets go of the answers that were kept so far."""
        self._answers.forget()

    def told(self) -> Sequence[Told | None]:
        """The transcripts of the labelled requests, each audio window's up to the model's own end."""
        return self._answers.told(self._told)

    def _told(self, said: Sequence["_Said"]) -> Told:
        texts = (self._vocabulary.decode(one.ids).strip() for one in said)
        return Told(text=" ".join(filter(None, texts)), ended=all(one.ended for one in said))

    def _decode(self, pieces: Sequence[Piece], stamp: Stamp, *, judged: bool) -> list[int]:
        """How many tokens the decoder produced for each audio window, all of them in one batch."""
        torch, whisper = self._torch, self._library
        mel = torch.stack([self._mel(piece) for piece in pieces])
        most = max(piece.tokens for piece in pieces)
        fp16 = self._loaded.precision == "fp16"
        if most == 0:  # sample_len 0 would mean whisper's default of 224
            self._model.encoder(mel.half() if fp16 else mel)
            return [0] * len(pieces)
        languages = {piece.language for piece in pieces}
        if len(languages) > 1:
            raise BadInput(f"a batch holds the languages {sorted(languages)}: give each its own batch")
        options = self._options(pieces[0].language, most, fp16=fp16, judged=judged)
        task = whisper.decoding.DecodingTask(self._model, options)
        task.decoder = watched = _Watched(task.decoder, stamp, endless=judged)
        results = task.run(mel)
        if not judged:
            return [len(result.tokens) for result in results]
        for piece, result in zip(pieces, results, strict=True):
            ids = result.tokens[: piece.tokens]
            self._said[piece.row].append(_Said(ids, len(ids) < piece.tokens))
        return [watched.steps] * len(pieces)

    def _mel(self, piece: Piece) -> Any:
        samples = self._torch.from_numpy(piece.samples).to(self._device.torch_name)
        padded = self._library.pad_or_trim(samples, WINDOW_SAMPLES)
        return self._library.log_mel_spectrogram(padded, n_mels=self._model.dims.n_mels)

    def _options(self, language: str, tokens: int, *, fp16: bool, judged: bool) -> Any:
        return self._library.DecodingOptions(
            language=language,
            without_timestamps=True,
            temperature=0.0,
            sample_len=tokens,
            # nothing ends early; a list, for None and "" mean something else. What is judged is decoded as whisper
            # does by default, without the tokens that are no speech
            suppress_tokens="-1" if judged else [self._end_of_text],
            suppress_blank=judged,
            fp16=fp16,
        )


class _Said(NamedTuple):
    """What was said in one audio window, up to the model's end, and whether it came to one."""

    ids: list[int]
    ended: bool


class _Watched:
    """Whisper's token decoder, with the time at which the first token was out.

    `endless`: it goes on after every row has ended, so that an answer's end changes no work. (A row that has ended
    is fed its end again and again.)
    """

    def __init__(self, decoder: Any, stamp: Stamp, *, endless: bool) -> None:
        self._decoder = decoder
        self._stamp = stamp
        self._endless = endless
        self.steps = 0
        self.reset = decoder.reset
        self.finalize = decoder.finalize

    def update(self, tokens: Any, logits: Any, sum_logprobs: Any) -> tuple[Any, bool]:
        """The tokens with the next one of each row, and whether all rows have ended."""
        updated, ended = self._decoder.update(tokens, logits, sum_logprobs)
        self._stamp()
        self.steps += 1
        return updated, bool(ended) and not self._endless


def _share_of_step(name: str, _: Any) -> float:
    """A step reads the decoder: its table of tokens too, which gives the logits; keys and values of the audio are
    made once, and kept.
    """
    before = ".cross_attn.key." in name or ".cross_attn.value." in name
    looked_up = name == "decoder.positional_embedding"
    return float(name.startswith("decoder.") and not before and not looked_up)


def _vocabulary(whisper: ModuleType, model: Any) -> Any:
    """Whisper's tokenizer, which it keeps from then on."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # whisper leaves the file to the garbage collector
        return whisper.tokenizer.get_tokenizer(model.is_multilingual, num_languages=model.num_languages)


def _model(whisper: ModuleType, setting: Setting) -> Any:
    if setting.spec.weights == "pretrained":
        model = _pretrained(whisper, setting)
    else:
        spec = setting.spec
        model = whisper_model(setting.torch, whisper, spec.model, seed=spec.seed, device=setting.device.torch_name)
    model.eval().requires_grad_(False)
    return _halved(whisper, model) if setting.runs.precision == "fp16" else model


def _halved(whisper: ModuleType, model: Any) -> Any:
    """The model in fp16, so that no layer converts its weights at every call; norms compute in fp32."""
    model.half()
    for module in model.modules():
        if isinstance(module, whisper.model.LayerNorm):
            module.float()
    return model


def _pretrained(whisper: ModuleType, setting: Setting) -> Any:
    declared = setting.spec.model
    wanted = setting.spec.path or declared.hub or declared.name
    place = Path(wanted)
    if place.is_dir():
        place = next(iter(sorted(place.glob("*.pt"))), place)
    name = str(place) if place.is_file() else wanted.removeprefix("openai/").removeprefix("whisper-")
    try:
        model = whisper.load_model(name, device=setting.device.torch_name)
    except (OSError, RuntimeError, KeyError) as error:
        raise CannotRun(
            f"no whisper weights from {wanted!r}: {error}; give a .pt file or a name of openai-whisper"
        ) from error
    found = {field: getattr(model.dims, field) for field in declared.config}
    if found != dict(declared.config):
        raise BadInput(f"{wanted!r} holds a model of other dimensions than {declared.name}: {found}")
    return model
