"""A loaded GGUF file: texts to its own tokens, batches through a context that is as large as they need."""

import ctypes
import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.engines import outcomes
from bench.engines.llama_cpp.decoding import Context, Size
from bench.engines.llama_cpp.library import Library
from bench.errors import BadInput
from bench.loading.answers import Answers, until_end
from bench.loading.boards import thread_count
from bench.loading.exact import check_context, check_ids, given_ids, wanted
from bench.nouns import Fact, Loaded, LoadSpec, Outcome, Request, Told, Usage

NO_TOKENIZER = "none"  # what a file without one says under `tokenizer`
_SHA256_DIGITS = 16
_PIECE_BYTES = 1024


class LlamaCppSession:
    """A loaded model, and a context as large as the staged requests need."""

    def __init__(self, library: Library, model: Any, path: Path, spec: LoadSpec, loaded: Loaded) -> None:
        self._library, self._api = library, library.api
        self._model = model
        self._path = path
        self._spec = spec
        self._loaded = loaded
        self._threads = thread_count(spec.threads)
        self._vocabulary = self._api.llama_model_get_vocab(model)
        self._size = int(self._api.llama_vocab_n_tokens(self._vocabulary))
        self._batches = itertools.count()
        self._answers = Answers(loaded.weights)
        self._context: Context | None = None
        self._longest = 0

    @property
    def loaded(self) -> Loaded:
        """What was really loaded; from the first staging on with the file's hash and the context's size."""
        return self._loaded

    def close(self) -> None:
        """Frees the context and the model."""
        if self._context is not None:
            self._context.close()
            self._context = None
        self._api.llama_model_free(self._model)

    def stage(self, requests: Sequence[Request]) -> tuple[Request, ...]:
        """The requests as ids inside the vocabulary and the context; the context is made as long as they need.

        Raises BadInput.
        """
        if "file_sha256" not in self._loaded.facts:  # here, outside every window: gigabytes are read
            with self._path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()[:_SHA256_DIGITS]
            self._tell(file_sha256=digest)
        staged = tuple(self._staged(request) for request in requests)
        self._longest = max((len(r.token_ids) + wanted(r) for r in staged), default=1)
        self._sized(self._context.size.sequences if self._context else 1)
        return staged

    def run(self, batch: Sequence[Request]) -> Sequence[Outcome]:
        """Decodes the batch; its first call for a size of batch makes the context anew, in the warm-up."""
        context = self._sized(len(batch))
        done = context.decode([r.token_ids for r in batch], [wanted(r) for r in batch])
        achieved = [
            Usage(requests=1, prompt_tokens=prompt, output_tokens=len(tokens))
            for prompt, tokens in zip(done.prompt_tokens, done.tokens, strict=True)
        ]
        judged = self._answers.wanted(batch) and self._loaded.facts["tokenizer"] != NO_TOKENIZER
        self._answers.keep(batch, done.tokens if judged else None)
        return outcomes(batch, achieved, next(self._batches), (done.start_ns, done.first_ns, done.end_ns))

    def forget(self) -> None:
        """Lets go of the answers that were kept so far."""
        self._answers.forget()

    def told(self) -> Sequence[Told | None]:
        """The texts of the labelled answers, each cut at the model's own end of generation."""
        return self._answers.told(self._told)

    def _told(self, tokens: Sequence[int]) -> Told:
        ends = {token for token in tokens if self._api.llama_vocab_is_eog(self._vocabulary, token)}
        ids, ended = until_end(tokens, ends)
        return Told(text=b"".join(map(self._piece, ids)).decode("utf-8", errors="replace"), ended=ended)

    def _piece(self, token: int) -> bytes:
        """A token's bytes, special ones without any; no token of a vocabulary has as many as there is room for."""
        room = ctypes.create_string_buffer(_PIECE_BYTES)
        count = self._api.llama_token_to_piece(self._vocabulary, token, room, _PIECE_BYTES, 0, False)
        return room.raw[: max(count, 0)]

    def _sized(self, sequences: int) -> Context:
        """The context for exactly so many sequences of the longest staged request."""
        size = Size(sequences=sequences, tokens=self._longest)
        if (
            self._context is None
            or self._context.size.cells != size.cells
            or self._context.size.sequences != sequences
        ):
            if self._context is not None:
                self._context.close()
                self._context = None
            self._context = Context(self._library, self._model, size, self._threads)
            self._tell(context_tokens=size.cells, sequences=sequences)
        return self._context

    def _tell(self, **facts: Fact) -> None:
        self._loaded = replace(self._loaded, facts={**self._loaded.facts, **facts})

    def _staged(self, request: Request) -> Request:
        ids = self._ids(request)
        check_ids(request, ids, self._size)
        check_context(request, len(ids) + wanted(request), self._spec.model)
        return replace(request, token_ids=ids, text=None)

    def _ids(self, request: Request) -> tuple[int, ...]:
        # seeded ids stand in for a tokenizer that does not ship; with the real weights comes the real one
        stand_in = self._spec.weights == "pretrained" and self._spec.model.tokenizer is None
        if request.text is not None and (stand_in or not request.token_ids):
            return self._tokenised(request.id, request.text.encode())
        return given_ids(request)

    def _tokenised(self, name: str, text: bytes) -> tuple[int, ...]:
        """The text's ids by the file's own tokenizer, its BOS among them where it wants one."""
        if self._loaded.facts["tokenizer"] == NO_TOKENIZER:
            raise BadInput(f"request {name!r} is a text: the file carries no tokenizer, give token ids")
        room = len(text) + 2  # no tokenizer makes more tokens than bytes, BOS and a leading space
        ids = (ctypes.c_int32 * room)()
        count = self._api.llama_tokenize(self._vocabulary, text, len(text), ids, room, True, False)
        return tuple(ids[:count])
