"""llama.cpp through llama-cpp-python's ctypes: what it says, its device, its quantiser, a model's handle.

Only names of llama.h are used, never llama-cpp-python's own classes, which keep and reuse prefixes.
Source of what a call does: include/llama.h of llama.cpp as of llama-cpp-python 0.3.36; checked 2026-11-21.
"""

import ctypes
from collections import deque
from pathlib import Path
from types import ModuleType
from typing import Any

from bench.engines import free_bytes, imported
from bench.errors import CannotRun
from bench.files.gguf import FILE_TYPES
from bench.loading.boards import CPU, Board, open_board
from bench.nouns import LoadSpec

EXTRA = "llama_cpp"
DISTRIBUTION = "llama-cpp-python"
_KEPT_LINES = 40
_CUDA_LIBRARY = "libggml-cuda*"
_ALL_LAYERS = -1
_GGML_GPU = 1  # GGML_BACKEND_DEVICE_TYPE_GPU, ggml/include/ggml-backend.h; its first device


class Library:
    """The imported library with its log in our hands: it would print inside windows."""

    def __init__(self) -> None:
        (self.api,) = imported(("llama_cpp",), EXTRA)
        self._said: deque[str] = deque(maxlen=_KEPT_LINES)
        self._log = self.api.llama_log_callback(self._hear)  # kept here: C holds no reference
        self.api.llama_log_set(self._log, ctypes.c_void_p(0))
        self.api.llama_backend_init()

    def facts(self) -> dict[str, str]:
        """Which llama.cpp was built into the library, and what its CPU code was built for."""
        return {
            "llama_cpp_version": self.api.llama_version().decode(),
            "ggml_version": self._text("ggml_version"),
            "ggml_commit": self._text("ggml_commit"),  # as the build found it: "unknown" outside a checkout
            "system_info": " ".join(self.api.llama_print_system_info().decode().split()),
        }

    def open_board(self, spec: LoadSpec) -> Board:
        """The first CUDA device where this build has CUDA, else the CPU. Raises CannotRun."""
        return open_board(spec, runs_on_cuda=lambda: has_cuda(self.api))

    def free_bytes(self, board: Board) -> int:
        """What the device can still give to weights."""
        if board is CPU:
            return free_bytes()
        ggml = self.api.llama_cpp._lib  # libggml's names are found through it
        ggml.ggml_backend_dev_by_type.restype = ctypes.c_void_p
        ggml.ggml_backend_dev_memory.argtypes = [ctypes.c_void_p, *[ctypes.POINTER(ctypes.c_size_t)] * 2]
        free, total = ctypes.c_size_t(), ctypes.c_size_t()
        ggml.ggml_backend_dev_memory(
            ggml.ggml_backend_dev_by_type(_GGML_GPU), ctypes.byref(free), ctypes.byref(total)
        )
        return free.value

    def open_model(self, path: Path, board: Board) -> Any:
        """The loaded model: all layers on the board's memory, or none. Raises CannotRun."""
        settings = self.api.llama_model_default_params()
        settings.split_mode = self.api.LLAMA_SPLIT_MODE_NONE  # one device: another's energy would not be counted
        settings.main_gpu = 0
        settings.n_gpu_layers = _ALL_LAYERS
        nobody = (ctypes.c_void_p * 1)(None)
        if board is CPU:  # not even a context on a board that is there
            settings.n_gpu_layers = 0
            settings.devices = ctypes.cast(nobody, ctypes.c_void_p)
        model = self.api.llama_model_load_from_file(str(path).encode(), settings)
        if not model:
            raise CannotRun(f"llama.cpp can't load {path}: {self.last_words()}")
        return model

    def quantise(self, source: Path, target: Path, precision: str, threads: int) -> None:
        """Writes `source` anew in another precision, by llama.cpp's own quantiser. Raises CannotRun."""
        settings = self.api.llama_model_quantize_default_params()
        settings.ftype = {name: number for number, name in FILE_TYPES.items()}[precision]
        settings.nthread = threads
        code = self.api.llama_model_quantize(str(source).encode(), str(target).encode(), ctypes.byref(settings))
        if code:
            raise CannotRun(f"llama.cpp's quantiser ended with {code} for {precision}: {self.last_words()}")

    def last_words(self) -> str:
        """The end of what the library logged, for an error's message."""
        lines = [line for line in "".join(self._said).splitlines() if line.strip(" .")]
        return "; ".join(lines[-3:]) or "it said nothing"

    def _hear(self, _level: int, text: bytes, _data: object) -> None:
        self._said.append(text.decode("utf-8", "replace"))

    def _text(self, name: str) -> str:
        function = getattr(self.api.llama_cpp._lib, name, None)
        if function is None:
            return "not said"
        function.restype = ctypes.c_char_p
        return str(function().decode())


def has_cuda(api: ModuleType) -> bool:
    """Whether the imported library was built with CUDA."""
    return bool(api.llama_supports_gpu_offload()) and cuda_beside(Path(str(api.__file__)).parent)


def cuda_beside(package: Path) -> bool:
    """The same, seen without importing it; `package` is its folder."""
    return any((package / "lib").glob(_CUDA_LIBRARY))
