"""ONNX Runtime: classifiers from an ONNX file, language models through onnxruntime-genai.

Threads that wait for work by spinning burn a core between requests; here they sleep, unless JOULEMARK_ORT_SPINNING
is 1 (docs/how-to/onnxruntime.md says what that changed on one machine).
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bench.engines import free_bytes, imported, library_check, library_version, require_room
from bench.engines.onnxruntime.classification import open_classifier
from bench.engines.onnxruntime.generation import open_generator, require_precision
from bench.engines.onnxruntime.setting import OrtSetting
from bench.errors import BadInput
from bench.files.alongside import alongside_sha256
from bench.files.config import environment
from bench.files.models import weight_bytes
from bench.loading.boards import CPU, open_board, thread_count
from bench.loading.converted import make_once, place_for, run_apart
from bench.nouns import Check, LoadSpec, Session
from bench.units import S_PER_NS

_EXTRA = "onnxruntime"
_BUILD = "bench.engines.onnxruntime.build"
_FORMAT = "1"  # goes up when the same declaration and seed give another file
_GENERATION = ("onnxruntime-genai", "onnxruntime-genai-cuda")
_SPINNING = "JOULEMARK_ORT_SPINNING"
_FULL = "fp32"  # what a model is built in before it is converted


def open_engine() -> "OnnxRuntimeEngine":
    """The engine; nothing is imported before `load`."""
    return OnnxRuntimeEngine()


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxRuntimeEngine:
    """ONNX Runtime, and onnxruntime-genai above it where a language model is asked for."""

    def check(self) -> Check:
        """Whether onnx and onnxruntime are installed, and whether language models can run too."""
        check = library_check("onnxruntime", {"onnx": "onnx", "onnxruntime": _installed("onnxruntime")}, _EXTRA)
        if check.status == "missing":
            return check
        genai = _installed(*_GENERATION)
        absent = library_check("onnxruntime", {"onnxruntime_genai": genai, "torch": "torch"}, _EXTRA)
        if absent.status == "missing":
            return replace(check, reason=f"{check.reason}; classifiers only: {absent.reason}")
        return check

    def version(self) -> str:
        """The version of onnxruntime; onnxruntime-genai's own stands in Loaded.facts."""
        return library_version(_installed("onnxruntime"), _EXTRA)

    def prepare(self, spec: LoadSpec) -> None:
        """Makes the ONNX file where that has not been done. Raises BadInput or CannotRun."""
        if spec.model.family not in ("classifier", "causal-lm"):
            found = f"{spec.model.name} is a {spec.model.family}"
            raise BadInput(f"onnxruntime runs classifiers and language models here, {found}")
        self._made(spec, self._board_kind(spec))

    @contextmanager
    def load(self, spec: LoadSpec) -> Iterator[Session]:
        """A session with the model on its device; makes its file before where `prepare` was not called."""
        self.prepare(spec)
        start_ns = time.monotonic_ns()
        generates = spec.model.family == "causal-lm"
        names = ("onnxruntime", "onnxruntime_genai") if generates else ("onnxruntime",)
        library, *above = imported(names, _EXTRA)
        import_ns = time.monotonic_ns()
        board = open_board(spec, runs_on_cuda=lambda: "CUDAExecutionProvider" in library.get_available_providers())
        folder = self._made(spec, board.kind)
        setting = OrtSetting(
            spec=spec,
            board=board,
            folder=folder,
            about=json.loads((folder / "about.json").read_text(encoding="utf-8")),
            threads=thread_count(spec.threads),
            spinning=environment(_SPINNING) == "1",
            version=self.version(),
        )
        session = open_generator(above[0], setting) if generates else open_classifier(library, setting)
        session.took(
            import_s=(import_ns - start_ns) * S_PER_NS, build_s=(time.monotonic_ns() - import_ns) * S_PER_NS
        )
        try:
            yield session
        finally:
            session.close()

    def _board_kind(self, spec: LoadSpec) -> str:
        """Where it will run. A language model's file is made for one kind of device."""
        if spec.model.family == "classifier" or spec.device == "cpu":
            return CPU.kind
        (library,) = imported(("onnxruntime",), _EXTRA)
        has = "CUDAExecutionProvider" in library.get_available_providers()
        return open_board(spec, runs_on_cuda=lambda: has).kind

    def _made(self, spec: LoadSpec, kind: str) -> Path:
        """The folder with model.onnx and about.json, made where it is not there."""
        generates = spec.model.family == "causal-lm"
        if generates:
            require_precision(spec.precision, kind)
        makers = {"format": _FORMAT, "onnxruntime": self.version(), "onnx": library_version("onnx", _EXTRA)}
        if generates:
            makers |= {"genai": library_version(_installed(*_GENERATION), _EXTRA), "for": kind}
        if generates and spec.weights == "synthetic":  # whose numbers they are
            makers |= {name: library_version(name, "transformers") for name in ("torch", "transformers")}
        if not generates and spec.path is None:
            makers |= {"weights": _included_sha256(spec)}
        folder = place_for(replace(spec, threads=None, device="auto"), makers)
        if not folder.is_dir():
            full = weight_bytes(spec.model, _FULL)
            require_room(free_bytes(), full, f"converting {spec.model.name} needs", "the CPU")
            # the model in full lies beside the converted one while it is being made
            needed = full + 2 * weight_bytes(spec.model, spec.precision)
            make_once(folder, needed, lambda half: run_apart(_BUILD, spec, half, device=kind))
        return folder


def _installed(*distributions: str) -> str:
    """The distribution that is there: libraries for CUDA have names of their own."""
    import importlib.metadata

    names = (*distributions, "onnxruntime-gpu") if distributions == ("onnxruntime",) else distributions
    for name in names:
        try:
            importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        return name
    return distributions[0]


def _included_sha256(spec: LoadSpec) -> str:
    """Which weights travel with Joulemark; a model that has none needs a file of the user's."""
    if not spec.model.included:
        raise BadInput(f"{spec.model.name} has no weights here: name an ONNX file with --weights-path")
    return alongside_sha256(spec.model.architecture)
