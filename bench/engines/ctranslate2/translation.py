"""NLLB in CTranslate2: a batch as it is given, its longest request to its end."""

import itertools
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.engines import Stamp, outcomes
from bench.errors import BadInput, CannotRun
from bench.loading.answers import Answers
from bench.loading.exact import check_context, check_ids, given_ids, wanted
from bench.nouns import Loaded, LoadSpec, Outcome, Request, Told, Usage

# NLLB's own end of text, and a token that no translation needs: declared as the end, it is what is suppressed
_END, _NO_END = "</s>", "<unk>"
_TARGET = "target_tokens"


class TranslationSession:
    """A loaded translator, and its vocabulary: it takes tokens by name, not by id."""

    def __init__(self, model: Any, spec: LoadSpec, loaded: Loaded, folder: Path) -> None:
        self._model = model
        self._spec = spec
        self._loaded = loaded
        self._batches = itertools.count()
        self._tokenizer: Any = None
        self._answers = Answers(spec.weights)
        self._names = tuple(json.loads((folder / "shared_vocabulary.json").read_text(encoding="utf-8")))
        self._known = frozenset(self._names)

    @property
    def loaded(self) -> Loaded:
        """What was really loaded."""
        return self._loaded

    def close(self) -> None:
        """Drops the model."""
        self._model = None

    def stage(self, requests: Sequence[Request]) -> tuple[Request, ...]:
        """The requests as ids inside the vocabulary and the context. Raises BadInput."""
        if self._answers.wanted(requests):
            self._opened_tokenizer()  # found absent here, not after the first window
        return tuple(self._staged(request) for request in requests)

    def run(self, batch: Sequence[Request]) -> Sequence[Outcome]:
        """Translates to exactly what each request asks for, the language token the first of it.

        Translations that are to be judged go on past the model's own end of text, which is then seen in them;
        others have it suppressed. Either way it is the same work.
        """
        judged = self._answers.wanted(batch)
        counts = [wanted(request, _TARGET) for request in batch]
        source = [[self._names[i] for i in request.token_ids] for request in batch]
        prefix = [[self._language(request.target_language)] for request in batch] if self._languages else None
        stamp = Stamp(lambda: None)  # the library calls back when a token is on the host
        start_ns = time.monotonic_ns()
        results = self._translated(source, prefix, max(counts), stamp, _NO_END if judged else None)
        end_ns = time.monotonic_ns()
        rows = [r.hypotheses[0][:count] for r, count in zip(results, counts, strict=True)] if judged else None
        self._answers.keep(batch, rows)
        achieved = [
            Usage(
                requests=1,
                source_tokens=len(request.token_ids),
                target_tokens=min(len(result.hypotheses[0]), count),
            )
            for request, result, count in zip(batch, results, counts, strict=True)
        ]
        return outcomes(batch, achieved, next(self._batches), (start_ns, stamp.at_ns, end_ns))

    def forget(self) -> None:
        """Lets go of the answers that were kept so far."""
        self._answers.forget()

    def told(self) -> Sequence[Told | None]:
        """The labelled translations, each cut at the model's own end of text."""
        return self._answers.told(self._told)

    def _told(self, names: list[str]) -> Told:
        ended = _END in names
        said = names[: names.index(_END)] if ended else names
        tokenizer = self._opened_tokenizer()
        ids = tokenizer.convert_tokens_to_ids(said)
        return Told(text=tokenizer.decode(ids, skip_special_tokens=True), ended=ended)

    def _translated(
        self,
        source: list[list[str]],
        prefix: list[list[str]] | None,
        tokens: int,
        stamp: Stamp,
        end: str | None,
    ) -> Sequence[Any]:
        def seen(_: Any) -> bool:
            stamp()
            return False  # True would end the batch

        return self._model.translate_batch(  # type: ignore[no-any-return]
            source,
            target_prefix=prefix,
            max_batch_size=0,  # as it is: no sorting by length, no splitting
            batch_type="examples",
            beam_size=1,
            max_input_length=0,  # nothing is cut off
            min_decoding_length=tokens,  # no end-of-text before the last token
            max_decoding_length=tokens,
            end_token=end,  # None: the model's own
            return_end_token=True,  # so that what was decoded is what is counted
            callback=seen,
        )

    @property
    def _languages(self) -> bool:
        return bool(self._spec.model.languages)

    def _language(self, iso: str | None) -> str:
        model = self._spec.model
        code = model.languages.get(iso or "")
        if code is None or code not in self._known:
            known = ", ".join(model.languages) or "none"
            raise BadInput(f"{model.name}: language {iso!r} is not declared; known are {known}")
        return code

    def _staged(self, request: Request) -> Request:
        ids = self._ids(request)
        check_ids(request, ids, len(self._names))
        check_context(request, max(len(ids), wanted(request, _TARGET)), self._spec.model)
        if self._languages:
            self._language(request.target_language)
        return replace(request, token_ids=ids, text=None)

    def _ids(self, request: Request) -> tuple[int, ...]:
        stand_in = self._spec.weights == "pretrained" and self._spec.model.tokenizer is None
        if request.text is not None and (stand_in or not request.token_ids):
            return self._tokenised(request)
        return given_ids(request, "source_tokens")

    def _tokenised(self, request: Request) -> tuple[int, ...]:
        if self._spec.weights != "pretrained":
            raise BadInput(
                f"request {request.id!r} is a text: synthetic weights have no tokenizer, give token ids"
            )
        tokenizer = self._opened_tokenizer()
        if self._languages:
            tokenizer.src_lang = self._language(request.source_language)
        return tuple(tokenizer(request.text)["input_ids"])

    def _opened_tokenizer(self) -> Any:
        """The tokenizer beside the weights. Raises CannotRun without one."""
        path = self._spec.path or self._spec.model.hub
        if self._tokenizer is None and path is not None:
            try:
                from transformers import AutoTokenizer

                self._tokenizer = AutoTokenizer.from_pretrained(path)
            except (OSError, ValueError, ImportError) as error:
                raise CannotRun(f"no tokenizer in {path!r}: {error}") from error
        if self._tokenizer is None:
            raise CannotRun(f"{self._spec.model.name} has no tokenizer: name a folder of weights that holds one")
        return self._tokenizer
