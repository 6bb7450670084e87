"""Whisper in CTranslate2: padded 30 s windows, exactly the asked number of decoded tokens in each."""

import itertools
import time
from collections.abc import Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy

from bench.engines import outcomes
from bench.errors import BadInput
from bench.files.languages import languages_of
from bench.loading.answers import Answers
from bench.loading.speech import NO_LANGUAGE, WINDOW_SAMPLES, Clips, Piece, decoded
from bench.nouns import Loaded, LoadSpec, Outcome, Request, Told

# The layout of Whisper's special tokens: openai-whisper 20250625, whisper/tokenizer.py (get_encoding) and
# whisper/model.py (num_languages); checked 2026-11-21
END_OF_TEXT = 50_257
_START = 50_258
_TOLD_NOTE = "transcripts: of one more pass after all windows, in which the end of text is not held back"


class SpeechSession:
    """A loaded model and the clips of the requests that were staged, decoded to samples."""

    def __init__(
        self, library: ModuleType, extractor: ModuleType, model: Any, spec: LoadSpec, loaded: Loaded
    ) -> None:
        self._library = library
        self._model = model
        self._loaded = loaded
        config = {name: int(str(value)) for name, value in spec.model.config.items()}
        self._mel = extractor.FeatureExtractor(feature_size=config["n_mels"])
        self._languages = languages_of(spec.model)
        self._batches = itertools.count()
        self._clips = Clips(config["n_text_ctx"], self._language)
        self._answers = Answers(loaded.weights)

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
        if self._answers.wanted(requests) and _TOLD_NOTE not in self._loaded.notes:
            self._loaded = replace(self._loaded, notes=(*self._loaded.notes, _TOLD_NOTE))
        return self._clips.stage(requests)

    def run(self, batch: Sequence[Request]) -> Sequence[Outcome]:
        """Decodes the requests' first audio windows together, then their second ones, and so on."""
        pieces = [self._clips.pieces(row, request) for row, request in enumerate(batch)]
        start_ns = time.monotonic_ns()
        produced = decoded(pieces, self._decode)
        end_ns = time.monotonic_ns()
        achieved = self._clips.achieved(batch, pieces, produced)
        self._answers.keep(batch, batch if self._answers.wanted(batch) else None)
        # the library shows no token before the last one is out
        return outcomes(batch, achieved, next(self._batches), (start_ns, None, end_ns))

    def forget(self) -> None:
        """Lets go of the answers that were kept so far."""
        self._answers.forget()

    def told(self) -> Sequence[Told | None]:
        """The transcripts of the labelled requests, each decoded once more, however often it was asked."""
        known: dict[str, Told] = {}

        def of(request: Request) -> Told | None:
            if request.meant is None:
                return None
            if request.id not in known:
                known[request.id] = self._heard(request)
            return known[request.id]

        return self._answers.told(of)

    def _heard(self, request: Request) -> Told:
        """A transcript as the library writes it by default: greedy, up to the model's end or the asked tokens."""
        texts, ended = [], True
        for piece in self._clips.pieces(0, request):
            if piece.tokens == 0:
                continue
            prompt = self._prompt(piece.language)
            features = self._library.StorageView.from_array(self._spectrogram(piece.samples)[None])
            most = _max_length(piece.tokens, len(prompt))
            (result,) = self._model.generate(features, [prompt], beam_size=1, max_length=most)
            tokens = result.sequences[0]
            texts.append(text_of(tokens[: piece.tokens]).strip())
            ended = ended and len(tokens) < piece.tokens
        return Told(text=" ".join(filter(None, texts)), ended=ended)

    def _decode(self, pieces: Sequence[Piece]) -> list[int]:
        """How many tokens the decoder produced for each audio window, all of them in one batch."""
        mel = numpy.stack([self._spectrogram(piece.samples) for piece in pieces])
        features = self._library.StorageView.from_array(mel)
        most = max(piece.tokens for piece in pieces)
        if most == 0:
            self._model.encode(features, to_cpu=True)  # to the CPU: it has finished when it is there
            return [0] * len(pieces)
        prompts = [self._prompt(piece.language) for piece in pieces]
        results = self._model.generate(
            features,
            prompts,
            beam_size=1,
            max_length=_max_length(most, len(prompts[0])),
            suppress_blank=False,
            suppress_tokens=[END_OF_TEXT],  # nothing ends early
        )
        return [len(result.sequences_ids[0]) for result in results]

    def _spectrogram(self, samples: Any) -> Any:
        """The window's spectrogram, shape (n_mels, 3000), float32."""
        padded = numpy.pad(samples, (0, WINDOW_SAMPLES - len(samples)))
        return numpy.ascontiguousarray(self._mel(padded, padding=0), dtype=numpy.float32)

    def _language(self, request: Request) -> str:
        language = request.source_language or NO_LANGUAGE
        if language not in self._languages:
            raise BadInput(f"request {request.id!r}: whisper knows no language {language!r}")
        return language

    def _prompt(self, language: str) -> list[int]:
        """Start, language, transcribe, no timestamps."""
        after = _START + 1 + len(self._languages)  # translate, transcribe, LM, previous, no speech, no timestamps
        return [_START, _START + 1 + self._languages.index(language), after + 1, after + 5]


def text_of(tokens: Sequence[str]) -> str:
    """The text of tokens of GPT-2's kind, which spell each byte as a character that can be seen.

    The spelling: openai/gpt-2, src/encoder.py, bytes_to_unicode; checked 2026-11-21. Special tokens are left out.
    """
    spelt = {character: byte for byte, character in _spelling().items()}
    kept = "".join(token for token in tokens if not (token.startswith("<|") and token.endswith("|>")))
    return bytes(spelt[one] for one in kept if one in spelt).decode("utf-8", errors="replace")


def _spelling() -> dict[int, str]:
    """Byte → the character that stands for it: itself where it can be seen, else one from 256 on."""
    seen = {*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)}
    hidden = [byte for byte in range(256) if byte not in seen]
    return {byte: chr(byte) for byte in seen} | {byte: chr(256 + at) for at, byte in enumerate(hidden)}


def _max_length(tokens: int, prompt: int) -> int:
    """The limit that lets exactly `tokens` be decoded.

    CTranslate2 takes the lesser of half of max_length and what the prompt leaves of it (src/models/whisper.cc,
    4.8; checked by counting what comes back).
    """
    return max(2 * tokens, tokens + prompt)
