"""Causal language models by llama.cpp, in this process: GGUF files, whole or quantised, greedy, exact lengths.

Synthetic weights are made once, in F16 by the seed, and quantised from there by llama.cpp's own quantiser without
an importance matrix. A file of the user's own is taken with `--weights pretrained --weights-path FILE.gguf`.
"""

import importlib.util
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bench.engines import SYNTHETIC_NOTE, library_check, library_version, require_room
from bench.engines.llama_cpp.library import DISTRIBUTION, EXTRA, Library, cuda_beside
from bench.engines.llama_cpp.make import make_file, synthetic_file
from bench.engines.llama_cpp.session import NO_TOKENIZER, LlamaCppSession
from bench.errors import BadInput, CannotRun, UnknownName
from bench.files.gguf import FILE_TYPES, Gguf, check_declared, read_gguf
from bench.loading.boards import CPU, Board, thread_count
from bench.loading.gguf import GENERATOR, WRITTEN
from bench.nouns import Check, Fact, Loaded, LoadSpec, Session
from bench.units import S_PER_NS

_IMATRIX_KEY = "quantize.imatrix.file"  # written by llama-quantize where it used one
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
        session = LlamaCppSession(library, model, path, spec, _record(spec, library, board, found, facts))
        try:
            yield session
        finally:
            session.close()


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
        "tokenizer": str(found.keys.get("tokenizer.ggml.model", NO_TOKENIZER)),
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
