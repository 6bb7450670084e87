"""Whisper in CTranslate2: padded 30 s windows, exactly the asked number of decoded tokens in each."""

import itertools
import time
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy

from bench.engines import outcomes
from bench.errors import BadInput
from bench.files.languages import languages_of
from bench.loading.speech import NO_LANGUAGE, WINDOW_SAMPLES, Clips, Piece, decoded
from bench.nouns import Loaded, LoadSpec, Outcome, Request

# The layout of Whisper's special tokens: openai-whisper 20250625, whisper/tokenizer.py (get_encoding) and
# whisper/model.py (num_languages); checked 2026-11-21
END_OF_TEXT = 50_257
_START = 50_258


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
        """Decodes the requests' first audio windows together, then their second ones, and so on."""
        pieces = [self._clips.pieces(row, request) for row, request in enumerate(batch)]
        start_ns = time.monotonic_ns()
        produced = decoded(pieces, self._decode)
        end_ns = time.monotonic_ns()
        achieved = self._clips.achieved(batch, pieces, produced)
        # the library shows no token before the last one is out
        return outcomes(batch, achieved, next(self._batches), (start_ns, None, end_ns))

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


def _max_length(tokens: int, prompt: int) -> int:
    """The limit that lets exactly `tokens` be decoded.

    CTranslate2 takes the lesser of half of max_length and what the prompt leaves of it (src/models/whisper.cc,
    4.8; checked by counting what comes back).
    """
    return max(2 * tokens, tokens + prompt)
