"""Whisper in CTranslate2: padded 30 s windows, exactly the asked number of decoded tokens in each."""

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy

from bench.engines import outcomes
from bench.errors import BadInput
from bench.files.clips import CLIP_RATE_HZ, read_clip
from bench.nouns import Loaded, LoadSpec, Outcome, Request, Usage

# openai-whisper 20250625, whisper/audio.py, CHUNK_LENGTH; checked 2026-11-21
_WINDOW_SAMPLES = 30 * CLIP_RATE_HZ
_NO_LANGUAGE = "en"
# The layout of Whisper's special tokens, and its languages' places in it: openai-whisper 20250625,
# whisper/tokenizer.py (LANGUAGES, get_encoding) and whisper/model.py (num_languages); checked 2026-11-21
END_OF_TEXT = 50_257
_START = 50_258
_LANGUAGES = {"en": 0, "es": 3, "fr": 6, "ar": 13}
_BESIDE_LANGUAGES = 51_766  # of a multilingual vocabulary: pieces, other special tokens, timestamps


@dataclass(frozen=True, slots=True)
class _Piece:
    """One audio window of one request, and the tokens that are asked of it."""

    row: int
    samples: Any
    tokens: int
    language: str


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
        self._context = config["n_text_ctx"]
        self._languages = config["n_vocab"] - _BESIDE_LANGUAGES
        self._batches = itertools.count()
        self._clips: dict[tuple[Path, ...], Any] = {}

    @property
    def loaded(self) -> Loaded:
        """What was really loaded."""
        return self._loaded

    def close(self) -> None:
        """Drops the model and the clips."""
        self._model = None
        self._clips = {}

    def stage(self, requests: Sequence[Request]) -> tuple[Request, ...]:
        """The same requests, their clips in memory as 16 kHz mono float32. Raises BadInput."""
        self._clips = {}
        for request in requests:
            if not request.audio:
                raise BadInput(f"request {request.id!r} carries no audio clip")
            if request.audio not in self._clips:
                self._clips[request.audio] = numpy.concatenate([read_clip(path) for path in request.audio])
            self._pieces(0, request)  # says now what would fail inside a window
        return tuple(requests)

    def run(self, batch: Sequence[Request]) -> Sequence[Outcome]:
        """Decodes the requests' first audio windows together, then their second ones, and so on."""
        pieces = [self._pieces(row, request) for row, request in enumerate(batch)]
        produced = [0] * len(batch)
        start_ns = time.monotonic_ns()
        for turn in itertools.zip_longest(*pieces):
            together = [piece for piece in turn if piece is not None]
            for piece, tokens in zip(together, self._decode(together), strict=True):
                produced[piece.row] += min(tokens, piece.tokens)
        end_ns = time.monotonic_ns()
        achieved = [
            Usage(
                requests=1,
                output_tokens=produced[row],
                audio_s=len(self._clips[request.audio]) / CLIP_RATE_HZ,
                audio_windows=len(pieces[row]),
            )
            for row, request in enumerate(batch)
        ]
        # the library shows no token before the last one is out
        return outcomes(batch, achieved, next(self._batches), (start_ns, None, end_ns))

    def _decode(self, pieces: Sequence[_Piece]) -> list[int]:
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
        padded = numpy.pad(samples, (0, _WINDOW_SAMPLES - len(samples)))
        return numpy.ascontiguousarray(self._mel(padded, padding=0), dtype=numpy.float32)

    def _prompt(self, language: str) -> list[int]:
        """Start, language, transcribe, no timestamps."""
        after = _START + 1 + self._languages  # translate, transcribe, LM, previous, no speech, no timestamps
        return [_START, _START + 1 + _LANGUAGES[language], after + 1, after + 5]

    def _pieces(self, row: int, request: Request) -> tuple[_Piece, ...]:
        if request.audio not in self._clips:
            raise BadInput(f"request {request.id!r} was not staged: its clips are not in memory")
        samples = self._clips[request.audio]
        count = max(-(-len(samples) // _WINDOW_SAMPLES), 1)  # the last one is padded
        if request.asked.audio_windows not in (None, count):
            raise BadInput(
                f"request {request.id!r}: {request.asked.audio_windows} audio windows asked for, "
                f"its clips fill {count}"
            )
        if request.asked.output_tokens is None:
            raise BadInput(f"request {request.id!r}: asks for no number of output_tokens")
        tokens = _shares(request.asked.output_tokens, count)
        most = self._context // 2  # whisper's own limit: the other half is kept for a prompt
        if tokens[0] > most:
            raise BadInput(
                f"request {request.id!r}: {tokens[0]} tokens in an audio window, whisper decodes {most}"
            )
        language = request.source_language or _NO_LANGUAGE
        if language not in _LANGUAGES:
            raise BadInput(f"request {request.id!r}: no language {language!r} here, only {', '.join(_LANGUAGES)}")
        return tuple(
            _Piece(row, samples[i * _WINDOW_SAMPLES : (i + 1) * _WINDOW_SAMPLES], tokens[i], language)
            for i in range(count)
        )


def _max_length(tokens: int, prompt: int) -> int:
    """The limit that lets exactly `tokens` be decoded.

    CTranslate2 takes the lesser of half of max_length and what the prompt leaves of it (src/models/whisper.cc,
    4.8; checked by counting what comes back).
    """
    return max(2 * tokens, tokens + prompt)


def _shares(total: int, parts: int) -> tuple[int, ...]:
    """`total` split into `parts` whole numbers that differ by at most one, the larger ones first."""
    least, more = divmod(total, max(parts, 1))
    return tuple(least + (index < more) for index in range(parts))
