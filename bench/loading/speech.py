"""Clips in memory and the padded 30 s audio windows that Whisper cuts them into, whichever engine decodes them."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy

from bench.errors import BadInput
from bench.files.clips import CLIP_RATE_HZ, read_clip
from bench.nouns import Request, Usage

# openai-whisper 20250625, whisper/audio.py, CHUNK_LENGTH; checked 2026-11-21
WINDOW_SAMPLES = 30 * CLIP_RATE_HZ
NO_LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class Piece:
    """One audio window of one request, and the tokens that are asked of it."""

    row: int
    samples: Any
    tokens: int
    language: str


class Clips:
    """The clips of the requests that were staged, decoded to samples."""

    def __init__(self, context_tokens: int, language_of: Callable[[Request], str]) -> None:
        """`language_of` raises BadInput for a language that the model does not know."""
        self._most = context_tokens // 2  # whisper's own limit: the other half is kept for a prompt
        self._language_of = language_of
        self._samples: dict[tuple[Path, ...], Any] = {}

    def stage(self, requests: Sequence[Request]) -> tuple[Request, ...]:
        """The same requests, their clips in memory as 16 kHz mono float32. Raises BadInput."""
        self._samples = {}
        for request in requests:
            if not request.audio:
                raise BadInput(f"request {request.id!r} carries no audio clip")
            if request.audio not in self._samples:
                self._samples[request.audio] = numpy.concatenate([read_clip(path) for path in request.audio])
            self.pieces(0, request)  # says now what would fail inside a window
        return tuple(requests)

    def drop(self) -> None:
        """Forgets the clips."""
        self._samples = {}

    def pieces(self, row: int, request: Request) -> tuple[Piece, ...]:
        """The request's audio windows, its tokens shared among them. Raises BadInput."""
        if request.audio not in self._samples:
            raise BadInput(f"request {request.id!r} was not staged: its clips are not in memory")
        samples = self._samples[request.audio]
        count = max(-(-len(samples) // WINDOW_SAMPLES), 1)  # the last one is padded
        if request.asked.audio_windows not in (None, count):
            raise BadInput(
                f"request {request.id!r}: {request.asked.audio_windows} audio windows asked for, "
                f"its clips fill {count}"
            )
        if request.asked.output_tokens is None:
            raise BadInput(f"request {request.id!r}: asks for no number of output_tokens")
        tokens = _shares(request.asked.output_tokens, count)
        if tokens[0] > self._most:
            raise BadInput(
                f"request {request.id!r}: {tokens[0]} tokens in an audio window, whisper decodes {self._most}"
            )
        language = self._language_of(request)
        return tuple(
            Piece(row, samples[i * WINDOW_SAMPLES : (i + 1) * WINDOW_SAMPLES], tokens[i], language)
            for i in range(count)
        )

    def achieved(
        self, batch: Sequence[Request], pieces: Sequence[Sequence[Piece]], produced: Sequence[int]
    ) -> list[Usage]:
        """What each request of a batch got: tokens, seconds of audio, audio windows."""
        return [
            Usage(
                requests=1,
                output_tokens=produced[row],
                audio_s=len(self._samples[request.audio]) / CLIP_RATE_HZ,
                audio_windows=len(pieces[row]),
            )
            for row, request in enumerate(batch)
        ]


def decoded(pieces: Sequence[Sequence[Piece]], decode: Callable[[list[Piece]], Sequence[int]]) -> list[int]:
    """The tokens of each request: all first audio windows are decoded together, then all second ones, …"""
    produced = [0] * len(pieces)
    for turn in itertools.zip_longest(*pieces):
        together = [piece for piece in turn if piece is not None]
        for piece, tokens in zip(together, decode(together), strict=True):
            produced[piece.row] += min(tokens, piece.tokens)
    return produced


def _shares(total: int, parts: int) -> tuple[int, ...]:
    """`total` split into `parts` whole numbers that differ by at most one, the larger ones first."""
    least, more = divmod(total, max(parts, 1))
    return tuple(least + (index < more) for index in range(parts))
