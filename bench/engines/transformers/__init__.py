"""Causal language models and NLLB by Hugging Face transformers: greedy, exactly the asked number of tokens."""

import itertools
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

from bench.engines import (
    Setting,
    Stamp,
    imported,
    library_check,
    library_version,
    loaded_record,
    memory_guard,
    outcomes,
    padded,
    release,
    synchroniser,
)
from bench.engines.transformers.build import built_model, step_facts
from bench.engines.transformers.forms import form_setting, layered_version, reshape
from bench.engines.transformers.kv import Kind, KvCache, kv_cache
from bench.engines.transformers.stored import stored_facts
from bench.errors import BadInput, CannotRun
from bench.loading.answers import NO_END, Answers, until_end
from bench.loading.exact import check_context, check_ids, given_ids, wanted
from bench.nouns import Check, Fact, Loaded, LoadSpec, Outcome, Request, Session, Told, Usage
from bench.units import S_PER_NS

_EXTRA = "transformers"


def open_engine() -> "TransformersEngine":
    """The engine; nothing is imported before `load`."""
    return TransformersEngine()


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformersEngine:
    """Hugging Face transformers on PyTorch."""

    name: str = "transformers"
    cache: Kind = "dynamic"
    compiler: str | None = None  # torch.compile's backend, on any device; None: as transformers decides

    def check(self) -> Check:
        """Whether torch and transformers are installed."""
        return library_check(self.name, {"torch": "torch", "transformers": "transformers"}, _EXTRA)

    def version(self) -> str:
        """The version of transformers; torch's own stands in Loaded.facts."""
        return library_version("transformers", _EXTRA)

    @contextmanager
    def load(self, spec: LoadSpec) -> Iterator[Session]:
        """A session with the model on its device. Raises CannotRun where it does not fit."""
        start_ns = time.monotonic_ns()
        torch, transformers = imported(("torch", "transformers"), _EXTRA)
        transformers.logging.set_verbosity_error()  # nothing may be printed inside a window
        transformers.logging.disable_progress_bar()
        import_ns = time.monotonic_ns()
        setting = form_setting(torch, spec)
        with memory_guard(torch, f"loading {spec.model.name}"):
            model = built_model(transformers, setting)
            reshaped = reshape(setting, model)
        synchroniser(torch, setting.device)()
        facts: dict[str, Fact] = {
            "attention": str(getattr(model.config, "_attn_implementation", "")),
            **step_facts(model),
            **stored_facts(model),
            **reshaped.facts,
            "import_s": (import_ns - start_ns) * S_PER_NS,
            "build_s": (time.monotonic_ns() - import_ns) * S_PER_NS,
        }
        version = layered_version(self.version(), spec.precision)
        loaded = loaded_record(setting, self.name, version, model, facts)
        loaded = replace(loaded, parameters=reshaped.parameters)
        kv = kv_cache(self.cache, torch, transformers, model, self.compiler)
        session = _Session(transformers, setting, model, loaded, kv)
        del model, kv
        try:
            yield session
        finally:
            session.close()
            release(torch, setting.device)


class _Session:
    """A loaded model and the ids of the requests that were staged."""

    def __init__(self, library: ModuleType, setting: Setting, model: Any, loaded: Loaded, kv: KvCache) -> None:
        self._library = library
        self._setting = setting
        self._spec = setting.spec.model
        self._model = model
        self._loaded = loaded
        self._kv = kv
        self._translates = self._spec.family == "translation"
        self._counted = (
            ("source_tokens", "target_tokens") if self._translates else ("prompt_tokens", "output_tokens")
        )
        self._batches = itertools.count()
        self._synchronise = synchroniser(setting.torch, setting.device)
        self._tokenizer: Any = None
        self._answers = Answers(setting.spec.weights)

    @property
    def loaded(self) -> Loaded:
        """What was really loaded, and what became of its cache so far."""
        return replace(self._loaded, facts={**self._loaded.facts, **self._kv.facts})

    def close(self) -> None:
        """Drops the model."""
        self._kv.close()
        self._model = None

    def stage(self, requests: Sequence[Request]) -> tuple[Request, ...]:
        """The requests as ids inside the vocabulary and the context. Raises BadInput."""
        if self._answers.wanted(requests):
            self._opened_tokenizer()  # found absent here, not after the first window
        staged = tuple(self._staged(request) for request in requests)
        self._kv.fit([len(r.token_ids) for r in staged], [wanted(r, self._counted[1]) for r in staged])
        return staged

    def run(self, batch: Sequence[Request]) -> Sequence[Outcome]:
        """Generates exactly what each request asks for; the batch runs until its longest is done.

        Answers that are to be judged go on past the model's own end of text, which is then seen in them; others
        have it suppressed. Either way it is the same work.
        """
        counts = [wanted(request, self._counted[1]) for request in batch]
        judged = self._answers.wanted(batch)
        stamp = Stamp(self._synchronise)
        torch = self._setting.torch
        with self._kv.guard(), torch.inference_mode(), memory_guard(torch, "running a batch"):
            start_ns = time.monotonic_ns()
            answers = self._generate(batch, max(counts), stamp, NO_END if judged else None)
            self._synchronise()
            end_ns = time.monotonic_ns()
        produced = int(answers.shape[1])
        rows = [row[:count] for row, count in zip(answers, counts, strict=True)] if judged else None
        self._answers.keep(batch, rows)
        achieved = [self._achieved(r, min(produced, n)) for r, n in zip(batch, counts, strict=True)]
        found = outcomes(batch, achieved, next(self._batches), (start_ns, stamp.at_ns, end_ns))
        wrong = self._kv.wrong()
        return [replace(one, error=wrong) for one in found] if wrong else found

    def forget(self) -> None:
        """Lets go of the answers that were kept so far."""
        self._answers.forget()

    def told(self) -> Sequence[Told | None]:
        """The texts of the labelled answers, each cut at the model's own end of text."""
        return self._answers.told(self._told)

    def _told(self, row: Any) -> Told:
        settings, config = self._model.generation_config, self._model.config
        ends = {id_ for one in (settings.eos_token_id, config.eos_token_id) for id_ in _ids_of(one)}
        ids, ended = until_end(row.tolist(), ends)
        return Told(text=self._opened_tokenizer().decode(ids, skip_special_tokens=True), ended=ended)

    def _generate(self, batch: Sequence[Request], tokens: int, stamp: Stamp, end: int | None) -> Any:
        """What each row holds beyond what it was given, shape (rows, tokens). `end` stands in for the model's."""
        torch, device = self._setting.torch, self._setting.device
        ids, mask = padded([r.token_ids for r in batch], self._pad_id(), left=not self._translates)
        inputs = torch.tensor(ids, device=device.torch_name)
        never = torch.zeros(len(batch), dtype=torch.bool, device=device.torch_name)
        sequences = self._model.generate(
            inputs,
            attention_mask=torch.tensor(mask, device=device.torch_name),
            generation_config=self._settings(batch, tokens, end),
            stopping_criteria=self._library.StoppingCriteriaList([_Watch(stamp, never)]),
            **self._kv.arguments(len(batch), inputs.shape[1], tokens),
        )
        # an encoder-decoder's row starts with the decoder's start token, a causal model's with the prompt
        return sequences[:, 1 if self._translates else inputs.shape[1] :]

    def _settings(self, batch: Sequence[Request], tokens: int, end: int | None) -> Any:
        config = self._model.config
        return self._library.GenerationConfig(
            min_new_tokens=tokens,  # no end-of-text before the last token
            max_new_tokens=tokens,
            do_sample=False,
            num_beams=1,
            use_cache=True,
            eos_token_id=config.eos_token_id if end is None else end,
            pad_token_id=self._pad_id(),
            decoder_start_token_id=getattr(config, "decoder_start_token_id", None),
            forced_bos_token_id=self._target_language_id(batch) if self._translates else None,
            **self._kv.settings(),
        )

    def _pad_id(self) -> int:
        pad = self._model.config.pad_token_id
        return 0 if pad is None else int(pad)

    def _target_language_id(self, batch: Sequence[Request]) -> int | None:
        targets = {request.target_language for request in batch}
        if len(targets) > 1:
            raise BadInput(
                f"a batch holds the target languages {sorted(map(str, targets))}: give each its own batch"
            )
        (target,) = targets
        if target is None or not self._spec.languages:
            return None
        return _language_id(self._language(target))

    def _language(self, iso: str | None) -> str:
        code = self._spec.languages.get(iso or "")
        if code is None:
            known = ", ".join(self._spec.languages) or "none"
            raise BadInput(f"{self._spec.name}: language {iso!r} is not declared; known are {known}")
        return code

    def _achieved(self, request: Request, tokens: int) -> Usage:
        given = len(request.token_ids)
        if self._translates:
            return Usage(requests=1, source_tokens=given, target_tokens=tokens)
        return Usage(requests=1, prompt_tokens=given, output_tokens=tokens)

    def _staged(self, request: Request) -> Request:
        ids = self._ids(request)
        check_ids(request, ids, int(self._model.config.vocab_size))
        output = wanted(request, self._counted[1])
        check_context(request, max(len(ids), output) if self._translates else len(ids) + output, self._spec)
        return replace(request, token_ids=ids, text=None)

    def _ids(self, request: Request) -> tuple[int, ...]:
        # seeded ids stand in for a tokenizer that does not ship; with the real weights comes the real one
        stand_in = self._setting.spec.weights == "pretrained" and self._spec.tokenizer is None
        if request.text is not None and (stand_in or not request.token_ids):
            return self._tokenised(request)
        return given_ids(request, self._counted[0])

    def _tokenised(self, request: Request) -> tuple[int, ...]:
        if self._setting.spec.weights != "pretrained":
            raise BadInput(
                f"request {request.id!r} is a text: synthetic weights have no tokenizer, give token ids"
            )
        tokenizer = self._opened_tokenizer()
        if self._translates and self._spec.languages:
            tokenizer.src_lang = self._language(request.source_language)
        return tuple(tokenizer(request.text)["input_ids"])

    def _opened_tokenizer(self) -> Any:
        """The tokenizer beside the weights. Raises CannotRun without one."""
        path = self._setting.spec.path or self._spec.hub
        if self._tokenizer is None and path is not None:
            try:
                self._tokenizer = self._library.AutoTokenizer.from_pretrained(path)
            except (OSError, ValueError, ImportError) as error:
                raise CannotRun(f"no tokenizer in {path!r}: {error}") from error
        if self._tokenizer is None:
            raise CannotRun(f"{self._spec.name} has no tokenizer: name a folder of weights that holds one")
        return self._tokenizer


class _Watch:
    """A stopping criterion that stops nothing: it sees the first token of a batch when it is out."""

    def __init__(self, stamp: Stamp, never: Any) -> None:
        self._stamp = stamp
        self._never = never

    def __call__(self, *_: Any, **__: Any) -> Any:
        self._stamp()
        return self._never


def _ids_of(found: Any) -> tuple[int, ...]:
    """An end of text as configurations hold it: none, an id, or several."""
    return () if found is None else (int(found),) if isinstance(found, int) else tuple(map(int, found))


def _language_id(code: str) -> int:
    """The id of a FLORES-200 code in NLLB's vocabulary.

    Languages follow the 256 001 pieces: <s>, <pad>, </s>, <unk> take the place of SentencePiece's first three, so
    that eng_Latn is 256 047. Source: transformers 5.23, models/nllb/tokenization_nllb.py; checked 2026-11-21.
    """
    from transformers.models.nllb.tokenization_nllb import FAIRSEQ_LANGUAGE_CODES

    return 256_001 + int(FAIRSEQ_LANGUAGE_CODES.index(code))
