"""NLLB and Whisper by CTranslate2: greedy, exactly the asked number of tokens, weights in 8 bits where asked."""

import json
import logging
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from bench.engines import (
    STATIC_BATCH_NOTE,
    SYNTHETIC_NOTE,
    free_bytes,
    imported,
    library_check,
    library_version,
    require_room,
)
from bench.engines.ctranslate2.speech import SpeechSession
from bench.engines.ctranslate2.translation import TranslationSession
from bench.errors import BadInput, CannotRun
from bench.files.models import weight_bytes
from bench.loading.boards import Board, open_board, thread_count
from bench.loading.converted import make_once, place_for, run_apart
from bench.loading.seeded import STD
from bench.nouns import Check, Fact, Loaded, LoadSpec, Session
from bench.units import S_PER_NS

_EXTRA = "ctranslate2"
_FAMILIES = ("translation", "speech")
# our precision → CTranslate2's: of the weights, and of what is computed beside their products
# (its docs, quantization; checked 2026-11-21)
COMPUTE_TYPES = {
    "fp32": "float32",
    "bf16": "bfloat16",
    "fp16": "float16",
    "int8": "int8_float32",
    "int8_fp16": "int8_float16",
}
_FORMAT = "1"  # goes up when the same declaration and seed give another file
_BUILD = "bench.engines.ctranslate2.build"
_FULL = "fp32"  # what a model is built in before it is converted


def open_engine() -> "CTranslate2Engine":
    """The engine; nothing is imported before `load`."""
    return CTranslate2Engine()


@dataclass(frozen=True, slots=True, kw_only=True)
class CTranslate2Engine:
    """CTranslate2, with faster-whisper's spectrogram before its Whisper."""

    def check(self) -> Check:
        """Whether ctranslate2 and faster-whisper are installed."""
        modules = {"ctranslate2": "ctranslate2", "faster_whisper": "faster-whisper"}
        return library_check("ctranslate2", modules, _EXTRA)

    def version(self) -> str:
        """The version of ctranslate2."""
        return library_version("ctranslate2", _EXTRA)

    def prepare(self, spec: LoadSpec) -> None:
        """Converts the model where that has not been done. Raises BadInput or CannotRun."""
        compute_type = _compute_type(spec)
        folder = self._folder(spec)
        if folder.is_dir():
            return
        (library,) = imported(("ctranslate2",), _EXTRA)
        _require_type(library, spec, _board(library, spec))
        full = weight_bytes(spec.model, _FULL)
        require_room(free_bytes(), full, f"converting {spec.model.name} needs", "the CPU")
        make_once(
            folder,
            weight_bytes(spec.model, spec.precision) * 2,  # written once, and a margin
            lambda half: run_apart(_BUILD, spec, half, quantization=compute_type),
        )

    @contextmanager
    def load(self, spec: LoadSpec) -> Iterator[Session]:
        """A session with the model on its device; converts it before where `prepare` was not called."""
        self.prepare(spec)
        start_ns = time.monotonic_ns()
        modules = ("ctranslate2", "faster_whisper.feature_extractor")
        library, extractor = imported(modules, _EXTRA)
        import_ns = time.monotonic_ns()
        board = _board(library, spec)
        folder = self._folder(spec)
        model, said = _opened(library, spec, board, folder)
        about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
        times: dict[str, Fact] = {
            "import_s": (import_ns - start_ns) * S_PER_NS,
            "build_s": (time.monotonic_ns() - import_ns) * S_PER_NS,
        }
        loaded = _record(spec, board, self.version(), about, {**_facts(model, spec), **said, **times})
        if spec.model.family == "speech":
            session: SpeechSession | TranslationSession = SpeechSession(library, extractor, model, spec, loaded)
        else:
            session = TranslationSession(model, spec, loaded, folder)
        del model
        try:
            yield session
        finally:
            session.close()

    def _folder(self, spec: LoadSpec) -> Path:
        makers = {"format": _FORMAT, "ctranslate2": self.version()}
        libraries = {"torch": "torch", "transformers": "transformers"}
        if spec.weights == "synthetic":  # whose numbers they are
            makers |= {name: library_version(name, "transformers") for name in libraries}
        return place_for(replace(spec, threads=None, device="auto"), makers)


def _compute_type(spec: LoadSpec) -> str:
    model = spec.model
    if model.family not in _FAMILIES:
        raise BadInput(f"ctranslate2 runs {' and '.join(_FAMILIES)} here, {model.name} is a {model.family}")
    if spec.precision not in COMPUTE_TYPES:
        raise BadInput(
            f"{model.name}: found precision {spec.precision!r}, ctranslate2 has {', '.join(COMPUTE_TYPES)}"
        )
    return COMPUTE_TYPES[spec.precision]


def _board(library: ModuleType, spec: LoadSpec) -> Board:
    return open_board(spec, runs_on_cuda=lambda: library.get_cuda_device_count() > 0)


def _require_type(library: ModuleType, spec: LoadSpec, board: Board) -> None:
    """Raises CannotRun for a type that the library does not compute in there: it would take another."""
    supported = library.get_supported_compute_types(board.kind)
    if _compute_type(spec) not in supported:
        known = ", ".join(ours for ours, theirs in COMPUTE_TYPES.items() if theirs in supported)
        raise CannotRun(
            f"{spec.precision} was asked for, ctranslate2 computes in {known} on {board.name}: choose one"
        )


def _opened(library: ModuleType, spec: LoadSpec, board: Board, folder: Path) -> tuple[Any, Mapping[str, Fact]]:
    """The library's model, in exactly the asked type, and what the library says of the processor it runs on."""
    wanted = _compute_type(spec)
    _require_type(library, spec, board)
    if board.kind == "cpu":
        require_room(free_bytes(), weight_bytes(spec.model, spec.precision), f"{spec.model.name} needs", "the CPU")
    make = library.models.Whisper if spec.model.family == "speech" else library.Translator
    with memory_guard(f"loading {spec.model.name}"), _overheard(library) as said:
        model = make(
            str(folder),
            device=board.kind,
            device_index=0,
            compute_type=wanted,
            inter_threads=1,  # one batch at a time
            intra_threads=thread_count(spec.threads),
        )
    if model.compute_type != wanted:  # it falls back to another type where one is not efficient
        raise CannotRun(f"{wanted} was asked for, ctranslate2 took {model.compute_type}: choose what it takes")
    return model, said


@contextmanager
def _overheard(library: ModuleType) -> Iterator[dict[str, Fact]]:
    """What the library writes to stderr as it opens a model: instruction set, and who multiplies matrices.

    There is no other way to learn it. Lines of 4.8: "- Selected ISA: AVX2", "- GEMM_S8 backend: DNNL (packed: …".
    """
    found: dict[str, Fact] = {}
    level = library.get_log_level()
    library.set_log_level(logging.INFO)
    kept = os.dup(2)
    with tempfile.TemporaryFile("w+") as heard:
        os.dup2(heard.fileno(), 2)
        try:
            yield found
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            library.set_log_level(level)
            heard.seek(0)
            found |= said_of_processor(heard.read())


def said_of_processor(text: str) -> dict[str, Fact]:
    """Facts in the library's log: cpu_isa, cpu_gemm_fp32, cpu_gemm_int8. Absent where it does not say them."""
    facts: dict[str, Fact] = {}
    names = {"Selected ISA": "cpu_isa", "SGEMM backend": "cpu_gemm_fp32", "GEMM_S8 backend": "cpu_gemm_int8"}
    for line in text.splitlines():
        for words, name in names.items():
            _, there, value = line.partition(f"- {words}: ")
            if there:
                facts[name] = value.partition(" (")[0].strip()
    return facts


@contextmanager
def memory_guard(doing: str) -> Iterator[None]:
    """Turns running out of memory into CannotRun; everything else passes."""
    try:
        yield
    except MemoryError as error:
        raise CannotRun(f"out of memory {doing}; use a smaller batch, model or precision") from error
    except RuntimeError as error:
        if "out of memory" not in str(error):  # how CUDA says it
            raise
        raise CannotRun(f"out of memory {doing}: {error}; use a smaller batch, model or precision") from error


def _facts(model: Any, spec: LoadSpec) -> dict[str, Fact]:
    return {
        "compute_type": str(model.compute_type),
        "threads": thread_count(spec.threads),
        "inter_threads": 1,
        "beam_size": 1,
        "kv_cache": "concatenated",
        "attention": "ctranslate2",
    }


def _record(
    spec: LoadSpec, board: Board, version: str, about: Mapping[str, Any], facts: Mapping[str, Fact]
) -> Loaded:
    synthetic = spec.weights == "synthetic"
    seeded: dict[str, Fact] = {"weights_seed": spec.seed, "weights_generator": f"torch cpu, N(0, {STD}²)"}
    return Loaded(
        engine="ctranslate2",
        engine_version=version,
        precision=spec.precision,
        weights=spec.weights,
        device=board.identity,
        device_name=board.name,
        parameters=int(about["parameters"]),
        notes=(*((SYNTHETIC_NOTE,) if synthetic else ()), STATIC_BATCH_NOTE),
        facts={
            **(seeded if synthetic else {}),
            "weight_bytes_per_step": int(about["weight_bytes_per_step"]),
            **facts,
        },
    )
