"""A classifier in ONNX: sentences become rows of a table before any window, a batch is one run of the graph."""

import itertools
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy

from bench.engines import outcomes
from bench.engines.onnxruntime.setting import OrtSetting, loaded_record
from bench.errors import BadInput, CannotRun
from bench.files.alongside import read_alongside
from bench.nouns import Fact, Loaded, Outcome, Request, Usage

_CUDA, _CPU = "CUDAExecutionProvider", "CPUExecutionProvider"
_OUTPUT = "scores"
_INPUTS = {"rows", "lengths"}


def open_classifier(library: ModuleType, setting: OrtSetting) -> "ClassifierSession":
    """A session with the file on its device. Raises CannotRun where it does not go there."""
    options = library.SessionOptions()
    options.intra_op_num_threads = setting.threads
    options.inter_op_num_threads = 1
    options.execution_mode = library.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = library.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.add_session_config_entry("session.intra_op.allow_spinning", "1" if setting.spinning else "0")
    options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    cuda = setting.board.kind == "cuda"
    providers = [_CUDA, _CPU] if cuda else [_CPU]
    try:
        model = library.InferenceSession(str(setting.folder / "model.onnx"), options, providers=providers)
    except (RuntimeError, MemoryError) as error:
        raise CannotRun(f"{setting.spec.model.name} could not be loaded: {error}") from error
    model.disable_fallback()  # a batch that fails on the GPU is not to be done on the CPU instead
    if model.get_providers()[0] != providers[0]:
        raise CannotRun(f"{providers[0]} was asked for, onnxruntime took {model.get_providers()[0]}: see its log")
    names = {one.name for one in model.get_inputs()}
    if names != _INPUTS or _OUTPUT not in {one.name for one in model.get_outputs()}:
        raise BadInput(
            f"the ONNX file takes {sorted(names)}: expected {sorted(_INPUTS)}, and {_OUTPUT!r} out of it"
        )
    return ClassifierSession(library, setting, model)


class ClassifierSession:
    """A loaded graph, and the rows of the sentences that were staged."""

    def __init__(self, library: ModuleType, setting: OrtSetting, model: Any) -> None:
        self._setting = setting
        self._model = model
        self._cuda = setting.board.kind == "cuda"
        self._tokens = read_alongside(setting.spec.model.architecture, "tokens")
        self._classes: Sequence[str] = sys.modules[str(self._tokens.__package__)].INTENTS
        self._rows: dict[str, Any] = {}
        self._batches = itertools.count()
        self._loaded = loaded_record(setting, _facts(library, model))

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
        """The same requests, each sentence's rows in memory, shape (words, pieces). Raises BadInput."""
        for request in requests:
            if request.text is None:
                raise BadInput(f"request {request.id!r} carries no sentence")
            if request.text not in self._rows:
                self._rows[request.text] = self._block(request)
        return tuple(requests)

    def run(self, batch: Sequence[Request]) -> Sequence[Outcome]:
        """Classifies the sentences in one run; shorter ones are padded."""
        blocks = [self._staged(request) for request in batch]
        start_ns = time.monotonic_ns()
        scores = self._scores(*padded(blocks))
        end_ns = time.monotonic_ns()
        whole = [row < len(scores) and bool(numpy.isfinite(scores[row]).all()) for row in range(len(batch))]
        said = [self._named(scores[row]) if there else None for row, there in enumerate(whole)]
        achieved = [Usage(requests=int(there)) for there in whole]
        return outcomes(batch, achieved, next(self._batches), (start_ns, None, end_ns), said)

    def _named(self, scores: Any) -> str | None:
        """The class of the highest score; None: the file has other classes than ours."""
        return self._classes[int(scores.argmax())] if len(scores) == len(self._classes) else None

    def _scores(self, rows: Any, lengths: Any) -> Any:
        """The classes' scores on the host, shape (batch, classes)."""
        if not self._cuda:
            return self._model.run([_OUTPUT], {"rows": rows, "lengths": lengths})[0]
        binding = self._model.io_binding()
        binding.bind_cpu_input("rows", rows)
        binding.bind_cpu_input("lengths", lengths)
        binding.bind_output(_OUTPUT, "cuda")
        self._model.run_with_iobinding(binding)
        binding.synchronize_outputs()
        return binding.copy_outputs_to_cpu()[0]

    def _staged(self, request: Request) -> Any:
        if request.text not in self._rows:
            raise BadInput(f"request {request.id!r} was not staged")
        return self._rows[request.text or ""]

    def _block(self, request: Request) -> Any:
        rows = self._tokens.word_rows(request.text)
        if not rows:
            raise BadInput(f"request {request.id!r}: {request.text!r} holds no word, a letter or digit is needed")
        block, _ = self._tokens.padded([rows])
        return numpy.array(block[0], numpy.int64)


def padded(blocks: Sequence[Any]) -> tuple[Any, Any]:
    """Blocks of rows as one, shape (batch, words, pieces), filled up with row 0, and their lengths in words."""
    if len(blocks) == 1:
        return blocks[0][None], numpy.array([len(blocks[0])], numpy.int32)
    words, pieces = max(len(b) for b in blocks), max(b.shape[1] for b in blocks)
    rows = numpy.zeros((len(blocks), words, pieces), numpy.int64)
    for index, block in enumerate(blocks):
        rows[index, : len(block), : block.shape[1]] = block
    return rows, numpy.array([len(b) for b in blocks], numpy.int32)


def _facts(library: ModuleType, model: Any) -> Mapping[str, Fact]:
    """Where each node runs: one that a GPU has no code for runs on the CPU, and the record is to show it."""
    assigned = [(part.ep_name, len(part.get_nodes())) for part in model.get_provider_graph_assignment_info()]
    return {
        "execution_provider": model.get_providers()[0],
        "nodes": sum(count for _, count in assigned),
        "nodes_on_cpu": sum(count for name, count in assigned if name == _CPU),
        "onnxruntime_build": str(library.get_build_info()).removeprefix("ORT Build Info: "),
    }
