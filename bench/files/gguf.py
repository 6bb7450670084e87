"""What a GGUF file holds: its keys, its tensors and their types, without reading a weight.

Layout of the file: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md; checked 2026-11-21.
"""

import mmap
import struct
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BadInput
from bench.nouns import ModelSpec

# Type id → its name, the weights of one block, the bytes of one block: enum ggml_type in ggml/include/ggml.h and
# the block structs in ggml/src/ggml-common.h of llama.cpp (as in llama-cpp-python 0.3.36); checked 2026-11-21
_TYPES = {
    0: ("F32", 1, 4),
    1: ("F16", 1, 2),
    2: ("Q4_0", 32, 18),  # 16 bytes of 4-bit weights, an fp16 scale
    3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24),
    8: ("Q8_0", 32, 34),  # 32 int8, an fp16 scale
    10: ("Q2_K", 256, 84),
    11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144),  # 128 bytes of 4-bit weights, 12 of 6-bit scales and minima, two fp16
    13: ("Q5_K", 256, 176),  # as Q4_K, and 32 bytes of fifth bits
    14: ("Q6_K", 256, 210),  # 128 + 64 bytes of weights, 16 int8 scales, an fp16
    20: ("IQ4_NL", 32, 18),
    23: ("IQ4_XS", 256, 136),
    30: ("BF16", 1, 2),
    39: ("MXFP4", 32, 17),
}
# general.file_type → the precision of a cell: enum llama_ftype in llama.cpp's include/llama.h; checked 2026-11-21
FILE_TYPES = {0: "f32", 1: "f16", 7: "q8_0", 15: "q4_k_m", 17: "q5_k_m", 18: "q6_k"}
# our names of architectures → llama.cpp's (src/llama-arch.cpp): Mistral 7B is a llama there
ARCHITECTURES = {"mistral": "llama", "phi3": "phi3"}
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_VERSIONS = (2, 3)
_DEFAULT_ALIGNMENT = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """One tensor of a file."""

    name: str
    kind: str  # "Q4_K"
    shape: tuple[int, ...]  # GGUF's order: the length of a row first
    parameters: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gguf:
    """A file's keys and tensors. Of an array, the keys hold its length."""

    keys: Mapping[str, str | float | int | bool]
    tensors: tuple[Tensor, ...]

    @property
    def precision(self) -> str:
        """The name of its quantisation as a cell has it; "file type N" where a cell has no name for it."""
        found = self.keys.get("general.file_type")
        return FILE_TYPES.get(int(found), f"file type {found}") if found is not None else "file type not said"

    @property
    def parameters(self) -> int:
        """Weights in all tensors; one that serves twice is stored once."""
        return sum(tensor.parameters for tensor in self.tensors)

    @property
    def weight_bytes(self) -> int:
        """The tensors' bytes, without keys and padding."""
        return sum(tensor.bytes for tensor in self.tensors)

    @property
    def mix(self) -> str:
        """How many tensors of each type: "F32:29 Q4_K:78 Q6_K:20"."""
        return " ".join(f"{kind}:{count}" for kind, count in sorted(Counter(t.kind for t in self.tensors).items()))

    @property
    def weight_bytes_per_step(self) -> int:
        """What one decoding step reads at least: not the embedding table, of which it looks up a row.

        A model without an output matrix of its own reads that table as its output matrix.
        """
        whole = any(t.name == "output.weight" for t in self.tensors)
        table = sum(t.bytes for t in self.tensors if t.name == "token_embd.weight")
        return self.weight_bytes - (table if whole else 0)


def read_gguf(path: Path) -> Gguf:
    """The keys and tensors of a whole file. Raises BadInput where it is none, or cut short."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return _Cursor(path, content).gguf()
    except (OSError, ValueError) as error:  # ValueError: an empty file can't be mapped
        raise BadInput(f"{path}: cannot be read ({error}); name a GGUF file") from error
    except (struct.error, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: its header is cut short or damaged ({error}); fetch or make it again") from error


def check_declared(found: Gguf, model: ModelSpec, path: Path) -> None:
    """Raises BadInput where the file holds another architecture than the declaration."""
    name = ARCHITECTURES.get(model.architecture, model.architecture)
    config = model.config
    table = next((t.shape for t in found.tensors if t.name == "token_embd.weight"), (0, 0))
    expected = {
        "general.architecture": name,
        f"{name}.block_count": config.get("num_hidden_layers"),
        f"{name}.embedding_length": config.get("hidden_size"),
        f"{name}.feed_forward_length": config.get("intermediate_size"),
        f"{name}.attention.head_count": config.get("num_attention_heads"),
        f"{name}.attention.head_count_kv": config.get("num_key_value_heads"),
    }
    wrong = [
        f"{key} {found.keys.get(key)!r} (needed {v!r})" for key, v in expected.items() if found.keys.get(key) != v
    ]
    if table[-1] != config.get("vocab_size"):
        wrong.append(f"a vocabulary of {table[-1]} (needed {config.get('vocab_size')!r})")
    if wrong:
        raise BadInput(f"{path} is not {model.name}: it has {', '.join(wrong)}; name the file of that model")


class _Cursor:
    """Where the reader stands in a mapped file."""

    def __init__(self, path: Path, content: mmap.mmap) -> None:
        self._path = path
        self._content = content
        self._at = 0

    def gguf(self) -> Gguf:
        if self._content[:4] != b"GGUF":
            raise BadInput(f"{self._path} is no GGUF file: it begins with {self._content[:4]!r}, not with b'GGUF'")
        self._at = 4
        version = int(self._scalar("I"))
        if version not in _VERSIONS:
            raise BadInput(
                f"{self._path}: GGUF version {version}, 2 or 3 is needed; convert it with a newer llama.cpp"
            )
        tensors, keys = int(self._scalar("Q")), int(self._scalar("Q"))
        values = dict(self._key() for _ in range(keys))
        if int(values.get("split.count", 1)) > 1:
            raise BadInput(f"{self._path} is one of several pieces: join them with llama-gguf-split --merge")
        rows = [self._tensor() for _ in range(tensors)]
        alignment = int(values.get("general.alignment", _DEFAULT_ALIGNMENT))
        start = -(-self._at // alignment) * alignment
        end = start + max((offset + tensor.bytes for tensor, offset in rows), default=0)
        if end > len(self._content):
            raise BadInput(
                f"{self._path} is cut short: {len(self._content)} bytes, its tensors need {end}; fetch it again"
            )
        return Gguf(keys=values, tensors=tuple(tensor for tensor, _ in rows))

    def _scalar(self, code: str) -> float | int | bool:
        (value,) = struct.unpack_from(f"<{code}", self._content, self._at)
        self._at += struct.calcsize(f"<{code}")
        return value  # type: ignore[no-any-return]

    def _bytes(self) -> bytes:
        length = int(self._scalar("Q"))
        self._at += length
        if self._at > len(self._content):
            raise struct.error(f"a string of {length} bytes")
        return self._content[self._at - length : self._at]

    def _key(self) -> tuple[str, str | float | int | bool]:
        return self._bytes().decode(), self._value(int(self._scalar("I")))

    def _value(self, kind: int) -> str | float | int | bool:
        if kind == _STRING:
            return self._bytes().decode()
        if kind == _ARRAY:
            return self._skipped(int(self._scalar("I")), int(self._scalar("Q")))
        return self._scalar(self._code(kind))

    def _skipped(self, kind: int, count: int) -> int:
        """Steps over an array; its length."""
        if kind in (_STRING, _ARRAY):
            for _ in range(count):
                self._value(kind)
        else:
            self._at += count * struct.calcsize(f"<{self._code(kind)}")
        return count

    def _code(self, kind: int) -> str:
        if kind not in _SCALARS:
            raise struct.error(f"a value of type {kind}")
        return _SCALARS[kind]

    def _tensor(self) -> tuple[Tensor, int]:
        name = self._bytes().decode()
        shape = tuple(int(self._scalar("Q")) for _ in range(int(self._scalar("I"))))
        kind = int(self._scalar("I"))
        offset = int(self._scalar("Q"))
        if kind not in _TYPES:
            raise BadInput(f"{self._path}: tensor {name!r} has type {kind}, whose size is not known here")
        label, block, block_bytes = _TYPES[kind]
        parameters = 1
        for length in shape:
            parameters *= length
        size = parameters // block * block_bytes
        return Tensor(name=name, kind=label, shape=shape, parameters=parameters, bytes=size), offset
