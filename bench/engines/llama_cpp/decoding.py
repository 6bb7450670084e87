"""A context of llama.cpp: prompts in, exactly so many greedy tokens out, several sequences side by side.

    clear the cache | start | prompts, in pieces of n_batch tokens | first tokens | one pass a token … | end

A sequence takes part until it has its tokens. Whatever token the model prefers is fed back, an end of text too, so
that N tokens take one pass over the prompt and N − 1 of one token: nothing stops early, nothing is run in vain.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from bench.engines.llama_cpp.library import Library
from bench.errors import CannotRun

_BATCH_TOKENS = 2048  # n_batch: tokens in one call; llama.cpp's own default, as its n_ubatch of 512 is
_CELLS = 256  # llama.cpp rounds a context up to whole blocks of so many cells (src/llama-context.cpp, GGML_PAD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What a context holds."""

    sequences: int
    tokens: int  # of each sequence: prompt and output

    @property
    def cells(self) -> int:
        """The cache's cells, over all sequences."""
        return self.sequences * -(-self.tokens // _CELLS) * _CELLS


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """What came of a batch; each list has an entry for each sequence."""

    start_ns: int
    first_ns: int  # every sequence had its first token
    end_ns: int
    tokens: tuple[tuple[int, ...], ...]
    prompt_tokens: tuple[int, ...]  # counted in the cache that llama.cpp filled


class Context:
    """A context with room for so many sequences of so many tokens; close it."""

    def __init__(self, library: Library, model: Any, size: Size, threads: int) -> None:
        api = library.api
        settings = api.llama_context_default_params()
        settings.n_ctx = size.cells
        settings.n_seq_max = size.sequences
        settings.n_batch = _BATCH_TOKENS
        settings.n_outputs_max = size.sequences  # one row of logits each, not one for every token of a prompt
        settings.n_threads = settings.n_threads_batch = threads
        settings.kv_unified = False  # each sequence its own cache: nothing is shared, so nothing is compared
        settings.no_perf = True
        self.size = size
        self._library, self._api = library, api
        self._context = api.llama_init_from_model(model, settings)
        if not self._context:
            raise CannotRun(
                f"llama.cpp can't make a context of {size.sequences} × {size.tokens} tokens: "
                f"{library.last_words()}; use a smaller batch, model or precision"
            )
        self._memory = api.llama_get_memory(self._context)
        self._batch = api.llama_batch_init(_BATCH_TOKENS, 0, 1)
        fields = (self._batch.token, self._batch.pos, self._batch.n_seq_id, self._batch.logits)
        views = [numpy.ctypeslib.as_array(field, (_BATCH_TOKENS,)) for field in fields]
        self._tokens, self._positions, owners, self._asked = views
        owners[:] = 1  # a token belongs to one sequence
        self._greedy = api.llama_sampler_init_greedy()

    def close(self) -> None:
        """Frees the context; the model stays."""
        self._api.llama_sampler_free(self._greedy)
        self._api.llama_batch_free(self._batch)
        self._api.llama_free(self._context)

    def decode(
        self,
        prompts: Sequence[Sequence[int]],
        counts: Sequence[int],
        clock_ns: Callable[[], int] = time.monotonic_ns,
    ) -> Decoded:
        """Exactly `counts[i]` tokens after `prompts[i]`. Raises CannotRun where llama.cpp refuses a batch."""
        self._api.llama_memory_clear(self._memory, False)  # every cell is free: no prefix of a request before
        start_ns = clock_ns()
        out = self._prefill(prompts)
        first_ns = clock_ns()
        while going := [s for s, count in enumerate(counts) if len(out[s]) < count]:
            rows = [(out[s][-1], len(prompts[s]) + len(out[s]) - 1, s, True) for s in going]
            for s, token in zip(going, self._pass(rows), strict=True):
                out[s].append(token)
        end_ns = clock_ns()
        return Decoded(
            start_ns=start_ns,
            first_ns=first_ns,
            end_ns=end_ns,
            tokens=tuple(map(tuple, out)),
            prompt_tokens=tuple(self._cached(s) - (len(tokens) - 1) for s, tokens in enumerate(out)),
        )

    def cached(self) -> tuple[int, ...]:
        """The tokens in the cache, of each sequence."""
        return tuple(self._cached(s) for s in range(self.size.sequences))

    def _prefill(self, prompts: Sequence[Sequence[int]]) -> list[list[int]]:
        """The first token of each sequence."""
        rows = [
            (token, position, s, position == len(prompt) - 1)
            for s, prompt in enumerate(prompts)
            for position, token in enumerate(prompt)
        ]
        first: list[int] = []
        for at in range(0, len(rows), _BATCH_TOKENS):
            first += self._pass(rows[at : at + _BATCH_TOKENS])
        return [[token] for token in first]

    def _pass(self, rows: Sequence[tuple[int, int, int, bool]]) -> list[int]:
        """One call for rows of (token, position, sequence, asked); the likeliest next token of those asked.

        Returns once the device has finished: the sampler reads the logits.
        """
        batch, count = self._batch, len(rows)
        tokens, positions, sequences, asked = zip(*rows, strict=True)
        batch.n_tokens = count
        self._tokens[:count], self._positions[:count], self._asked[:count] = tokens, positions, asked
        for row, sequence in enumerate(sequences):
            batch.seq_id[row][0] = sequence
        code = self._api.llama_decode(self._context, batch)
        if code:
            raise CannotRun(f"llama_decode ended with {code} for {count} tokens: {self._library.last_words()}")
        return [
            self._api.llama_sampler_sample(self._greedy, self._context, row)
            for row, wanted in enumerate(asked)
            if wanted
        ]

    def _cached(self, sequence: int) -> int:
        return int(self._api.llama_memory_seq_pos_max(self._memory, sequence)) + 1
