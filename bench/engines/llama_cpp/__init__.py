"""Causal language models by llama.cpp, in this process: GGUF files, whole or quantised, greedy, exact lengths.

Synthetic weights are made once, in F16 by the seed, and quantised from there by llama.cpp's own quantiser without
an importance matrix. A file of the user's own is taken with `--weights pretrained --weights-path FILE.gguf`.
"""

import ctypes
import hashlib
import importlib.util
import itertools
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.engines import SYNTHETIC_NOTE, library_check, library_version, outcomes, require_room
from bench.engines.llama_cpp.decoding import Context, Size
from bench.engines.llama_cpp.library import DISTRIBUTION, EXTRA, Library, cuda_beside
from bench.engines.llama_cpp.make import make_file, synthetic_file
from bench.errors import BadInput, CannotRun, UnknownName
from bench.files.gguf import FILE_TYPES, Gguf, check_declared, read_gguf
from bench.loading.answers import Answers, until_end
from bench.loading.boards import CPU, Board, thread_count
from bench.loading.exact import check_context, check_ids, given_ids, wanted
from bench.loading.gguf import GENERATOR, WRITTEN
from bench.nouns import Check, Fact, Loaded, LoadSpec, Outcome, Request, Session, Told, Usage
from bench.units import S_PER_NS

_IMATRIX_KEY = "quantize.imatrix.file"  # written by llama-quantize where it used one
_SHA256_DIGITS = 16
_NO_TOKENIZER = "none"
_PIECE_BYTES = 1024
_NVIDIA_DRIVER = Path("/proc/driver/nvidia")
_WITH_CUDA = "CMAKE_ARGS=-DGGML_CUDA=on pip install --force-reinstall --no-cache-dir --no-deps llama-cpp-python"
_QUANTISED_NOTE = "quantised by llama.cpp from the F16 file of the same weights, without an importance matrix"
_NO_CUDA_NOTE = "an NVIDIA driver is loaded, and llama.cpp sees no CUDA device: it ran on the CPU"
_BATCH_NOTE = "prompts of a batch are read together; a sequence leaves the batch when it has its tokens"

# Precisions of 256-weight blocks, and the 32-weight types that llama.cpp takes for rows that these do not divide
# (src/llama-quant.cpp, tensor_type_fallback; checked 2026-11-21)
_K_QUANTS = ("q4_k_m", "q5_k_m", "q6_k")
_FALLBACKS = ("Q5_0", "Q5_1", "Q8_0", "F16")


def open_engine() -> "LlamaCppEngine":
    """The engine; nothing is imported before `prepare` or `load`."""
    return LlamaCppEngine()


@dataclass(frozen=True, slots=True)
class LlamaCppEngine:
    """llama.cpp by llama-cpp-python's low-level interface."""

    def check(self) -> Check:
        """Whether llama-cpp-python and gguf are installed, and whether the build is for CUDA."""
        found = library_check("llama_cpp", {"llama_cpp": DISTRIBUTION, "gguf": "gguf"}, EXTRA)
        if found.status != "ok":
            return found
        libraries = found.reason.partition(";")[0]
        if _built_with_cuda():
            return replace(found, reason=f"{libraries}; built with CUDA")
        if _NVIDIA_DRIVER.exists():
            reason = f"{libraries}; an NVIDIA driver is loaded, and this build has no CUDA: it runs on the CPU"
            return replace(found, status="degraded", reason=reason, remedy=_WITH_CUDA)
        return replace(found, reason=f"{libraries}; built without CUDA: CPU")

    def version(self) -> str:
        """The version of llama-cpp-python; llama.cpp's own stands in Loaded.facts."""
        return library_version(DISTRIBUTION, EXTRA)

    def prepare(self, spec: LoadSpec) -> None:
        """Makes the file of synthetic weights where it is not there. Raises CannotRun without room on the disk."""
        _check_precision(spec)
        _check_build(spec)  # before minutes are spent on a file that could not be used
        if spec.weights == "synthetic":
            make_file(spec)

    @contextmanager
    def load(self, spec: LoadSpec) -> Iterator[Session]:
        """A session with the file loaded. Raises BadInput for another model's file, CannotRun without memory."""
        start_ns = time.monotonic_ns()
        _check_precision(spec)
        _check_build(spec)
        path = _file(spec)
        library = Library()
        import_ns = time.monotonic_ns()
        found = read_gguf(path)
        check_declared(found, spec.model, path)
        if found.precision != spec.precision:
            raise BadInput(
                f"{path} holds {found.precision}, {spec.precision} was asked for: name the cell :{found.precision}"
            )
        board = library.open_board(spec)
        require_room(library.free_bytes(board), found.weight_bytes, f"{spec.model.name} needs", board.name)
        model = library.open_model(path, board)
        facts: dict[str, Fact] = {
            "import_s": (import_ns - start_ns) * S_PER_NS,
            "build_s": (time.monotonic_ns() - import_ns) * S_PER_NS,
        }
        session = _Session(library, model, path, spec, _record(spec, library, board, found, facts))
        try:
            yield session
        finally:
            session.close()


class _Session:
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
        judged = self._answers.wanted(batch) and self._loaded.facts["tokenizer"] != _NO_TOKENIZER
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
        if self._loaded.facts["tokenizer"] == _NO_TOKENIZER:
            raise BadInput(f"request {name!r} is a text: the file carries no tokenizer, give token ids")
        room = len(text) + 2  # no tokenizer makes more tokens than bytes, BOS and a leading space
        ids = (ctypes.c_int32 * room)()
        count = self._api.llama_tokenize(self._vocabulary, text, len(text), ids, room, True, False)
        return tuple(ids[:count])


def _built_with_cuda() -> bool:
    """Of the installed library, without importing it."""
    place = importlib.util.find_spec("llama_cpp")
    return any(cuda_beside(Path(f)) for f in place.submodule_search_locations or ()) if place else False


def _check_precision(spec: LoadSpec) -> None:
    if spec.precision not in FILE_TYPES.values():
        raise UnknownName("precision of llama_cpp", spec.precision, FILE_TYPES.values())


def _check_build(spec: LoadSpec) -> None:
    if spec.device == "cuda" and not _built_with_cuda():
        raise CannotRun(
            f"device 'cuda' was asked for, this llama.cpp has no CUDA: {_WITH_CUDA}, or ask for device=cpu"
        )


def _file(spec: LoadSpec) -> Path:
    if spec.weights == "synthetic":
        path = synthetic_file(spec)
        return path if path.is_file() else make_file(spec)
    if spec.path is None or not Path(spec.path).is_file():
        raise BadInput(
            f"{spec.model.name} needs a GGUF file that is here, found {spec.path!r}: "
            "--weights pretrained --weights-path FILE.gguf"
        )
    return Path(spec.path)


def _fallen(found: Gguf) -> str:
    """A note on tensors that are not what the name of the precision says; empty where there are none."""
    kinds = Counter(t.kind for t in found.tensors if t.kind in _FALLBACKS)
    if not kinds:
        return ""
    share = sum(t.parameters for t in found.tensors if t.kind in _FALLBACKS) / found.parameters
    listed = ", ".join(f"{count} as {kind}" for kind, count in sorted(kinds.items()))
    return (
        f"not all is {found.precision}: rows that 256 does not divide fell to other types ({listed}; "
        f"{share:.0%} of the weights)"
    )


def _record(spec: LoadSpec, library: Library, board: Board, found: Gguf, facts: dict[str, Fact]) -> Loaded:
    """What was really loaded, from the file's own header."""
    synthetic = spec.weights == "synthetic"
    imatrix = found.keys.get(_IMATRIX_KEY)
    machinery: dict[str, Fact] = {
        **library.facts(),
        "dtype": found.precision,
        "tensor_types": found.mix,
        "imatrix": "absent" if imatrix is None else Path(str(imatrix)).name,
        "tokenizer": str(found.keys.get("tokenizer.ggml.model", _NO_TOKENIZER)),
        "weight_bytes": found.weight_bytes,
        "weight_bytes_per_step": found.weight_bytes_per_step,
        "attention": "flash attention where the device has it (auto)",
        "kv_cache": "f16, a cache for each sequence, cleared before every batch",
        "threads": thread_count(spec.threads),
    }
    seeded: dict[str, Fact] = {"weights_seed": spec.seed, "weights_generator": GENERATOR}
    quantised = synthetic and spec.precision not in WRITTEN
    fallen = _fallen(found) if spec.precision in _K_QUANTS else ""
    notes = (
        *((SYNTHETIC_NOTE,) if synthetic else ()),
        *((_QUANTISED_NOTE,) if quantised else ()),
        *((fallen,) if fallen else ()),
        *((_NO_CUDA_NOTE,) if spec.device == "auto" and board is CPU and _NVIDIA_DRIVER.exists() else ()),
        _BATCH_NOTE,
    )
    return Loaded(
        engine="llama_cpp",
        engine_version=library_version(DISTRIBUTION, EXTRA),
        precision=found.precision,
        weights=spec.weights,
        device=board.identity,
        device_name=board.name,
        parameters=found.parameters,
        notes=notes,
        facts=machinery | (seeded if synthetic else {}) | facts,
    )
