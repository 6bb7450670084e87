"""Language models by onnxruntime-genai: greedy, exactly the asked number of tokens."""

import itertools
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy

from bench.engines import Stamp, outcomes
from bench.engines.onnxruntime.setting import OrtSetting, loaded_record
from bench.errors import BadInput, CannotRun
from bench.loading.exact import check_context, check_ids, given_ids, wanted
from bench.nouns import Fact, Loaded, Outcome, Request, Usage

_CPU_PRECISIONS = ("fp32", "int8", "int4")


def require_precision(precision: str, kind: str) -> None:
    """Raises CannotRun for a precision in which nothing computes on that kind of device."""
    if kind == "cpu" and precision not in _CPU_PRECISIONS:
        known = ", ".join(_CPU_PRECISIONS)
        raise CannotRun(f"{precision} was asked for, onnxruntime-genai computes in {known} on a CPU: choose one")


def open_generator(library: ModuleType, setting: OrtSetting) -> "GeneratorSession":
    """A session with the model on its device. Raises CannotRun where it can't be there."""
    spec = setting.spec
    config = library.Config(str(setting.folder))
    config.overlay(json.dumps({"model": {"decoder": {"session_options": _session_options(setting)}}}))
    try:
        model = library.Model(config)
    except (RuntimeError, MemoryError) as error:
        raise CannotRun(f"{spec.model.name} could not be loaded: {error}") from error
    facts: dict[str, Fact] = {
        "genai_version": str(library.__version__),
        "execution_provider": "CUDAExecutionProvider" if setting.board.kind == "cuda" else "CPUExecutionProvider",
        "kv_cache": "one buffer of the whole length",
        "attention": "grouped-query, onnxruntime",
    }
    return GeneratorSession(library, setting, model, loaded_record(setting, facts))


def _session_options(setting: OrtSetting) -> dict[str, Any]:
    return {
        "intra_op_num_threads": setting.threads,
        "inter_op_num_threads": 1,
        "graph_optimization_level": "ORT_ENABLE_ALL",
        "session.intra_op.allow_spinning": "1" if setting.spinning else "0",
    }


class GeneratorSession:
    """A loaded language model."""

    def __init__(self, library: ModuleType, setting: OrtSetting, model: Any, loaded: Loaded) -> None:
        self._library = library
        self._spec = setting.spec
        self._model = model
        self._loaded = loaded
        self._batches = itertools.count()

    @property
    def loaded(self) -> Loaded:
        """What was really loaded."""
        return self._loaded

    def took(self, **times_s: float) -> None:
        """Adds how long loading took to the record."""
        self._loaded = replace(self._loaded, facts={**self._loaded.facts, **times_s})

    def close(self) -> None:
        """Drops the model."""
        self._model = None

    def stage(self, requests: Sequence[Request]) -> tuple[Request, ...]:
        """The requests as ids inside the vocabulary and the context. Raises BadInput."""
        for request in requests:
            self._check(request)
        return tuple(replace(request, text=None) for request in requests)

    def run(self, batch: Sequence[Request]) -> Sequence[Outcome]:
        """Generates exactly what each request asks for; the batch runs until its longest is done."""
        counts = [wanted(request) for request in batch]
        lengths = {len(request.token_ids) for request in batch}
        if len(lengths) > 1:  # the library has no mask for what pads a shorter prompt
            raise BadInput(f"a batch holds prompts of {sorted(lengths)} tokens: give each length its own batch")
        ids = numpy.array([request.token_ids for request in batch], numpy.int32)
        stamp = Stamp(lambda: None)  # next tokens are taken on the host
        start_ns = time.monotonic_ns()
        produced = self._generate(ids, max(counts), stamp)
        end_ns = time.monotonic_ns()
        achieved = [
            Usage(requests=1, prompt_tokens=len(request.token_ids), output_tokens=min(made, count))
            for request, made, count in zip(batch, produced, counts, strict=True)
        ]
        return outcomes(batch, achieved, next(self._batches), (start_ns, stamp.at_ns, end_ns))

    def _generate(self, ids: Any, tokens: int, stamp: Stamp) -> list[int]:
        """How many tokens each row has beyond its prompt."""
        rows, prompt = ids.shape
        options = self._library.GeneratorParams(self._model)
        length = prompt + tokens  # both limits hold the prompt too
        options.set_search_options(
            max_length=length, min_length=length, do_sample=False, num_beams=1, batch_size=rows
        )
        generator = self._library.Generator(self._model, options)
        generator.append_tokens(ids)
        while not generator.is_done():
            generator.generate_next_token()
            if stamp.at_ns is None:
                generator.get_next_tokens()  # waits for the device
                stamp()
        return [len(generator.get_sequence(row)) - prompt for row in range(rows)]

    def _check(self, request: Request) -> None:
        model = self._spec.model
        check_ids(request, request.token_ids, int(str(model.config["vocab_size"])))
        check_context(request, len(given_ids(request)) + wanted(request), model)
