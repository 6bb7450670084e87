"""Where keys and values of what was read and written are kept: a cache that grows, or one that is there at once.

A static cache has one length for a whole cell: the longest prompt and the longest answer of its requests together.
So the decoding step has one shape, and where transformers compiles it (by torch.compile, on CUDA, by default) it
does so in the cell's first batch, in the warm-up. Compiled code is dropped when the next cell is staged: otherwise
a second length would be compiled for any length, and a cell would depend on which were run before it. The cache's
memory stays where it is from batch to batch, as recorded CUDA graphs need it. A batch in which something was
compiled after all says so in its outcomes, and has no figure where it falls into a window.

Sources: transformers 5.23, generation/utils.py (_valid_auto_compile_criteria, get_compiled_call, _prefill: the
prompt is never compiled) and cache_utils.py (StaticLayer); torch 2.13, torch._dynamo.utils.counters; checked
2026-11-21.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from types import ModuleType
from typing import Any, Literal, Protocol, TypeAlias

from bench.errors import BadInput, CannotRun
from bench.nouns import Fact

Kind: TypeAlias = Literal["dynamic", "static"]
_COMPILED = "torch.compile worked in this batch: its seconds and joules are not those of decoding; warm up longer"


class KvCache(Protocol):
    """What `generate` is told of its cache, batch by batch."""

    @property
    def facts(self) -> Mapping[str, Fact]:
        """For the record: of which kind it is, and what was compiled for it so far."""
        ...

    def fit(self, given: Sequence[int], made: Sequence[int]) -> None:
        """Makes ready for requests of these lengths in tokens (read, written). Raises BadInput."""
        ...

    def arguments(self, rows: int, given: int, made: int) -> Mapping[str, Any]:
        """For `generate`, of a batch so wide and long. Called with gradients off. Raises BadInput."""
        ...

    def settings(self) -> Mapping[str, Any]:
        """For GenerationConfig."""
        ...

    def guard(self) -> AbstractContextManager[None]:
        """Around a batch: a compiler that fails becomes CannotRun."""
        ...

    def wrong(self) -> str | None:
        """Why the batch that has just run is no measurement; None: it is one."""
        ...

    def close(self) -> None:
        """Lets go of the model."""
        ...


def kv_cache(kind: Kind, torch: ModuleType, library: ModuleType, model: Any, compiler: str | None) -> KvCache:
    """The cache of a loaded model; `compiler` names torch.compile's backend, None leaves it to the library."""
    return Growing() if kind == "dynamic" else Static(torch, library, model, compiler)


class Growing:
    """Transformers' own default: a new cache for every batch, longer by each token."""

    facts: Mapping[str, Fact] = {"kv_cache": "dynamic"}

    def fit(self, given: Sequence[int], made: Sequence[int]) -> None:
        """Nothing: it grows."""

    def arguments(self, rows: int, given: int, made: int) -> Mapping[str, Any]:  # noqa: ARG002 (no need of them)
        """None: it is the default."""
        return {}

    def settings(self) -> Mapping[str, Any]:
        """None."""
        return {}

    def guard(self) -> AbstractContextManager[None]:
        """Nothing is compiled for it."""
        return nullcontext()

    def wrong(self) -> str | None:
        """Nothing is compiled for it."""
        return None

    def close(self) -> None:
        """It holds nothing between batches."""


class Static:
    """One cache for all batches of a size, emptied before each."""

    def __init__(self, torch: ModuleType, library: ModuleType, model: Any, compiler: str | None) -> None:
        self._torch, self._library, self._model, self._compiler = torch, library, model, compiler
        self._translates = bool(model.config.is_encoder_decoder)
        self._given = self._made = 0
        self._caches: dict[int, Any] = {}
        self._seen = self._batches = self._compiled = 0

    @property
    def facts(self) -> Mapping[str, Fact]:
        """Kind, length, and how many pieces of the decoding step were compiled for the cell."""
        ran: dict[str, Fact] = {"decode_compiled": self._compiled > 0} if self._batches else {}
        return {"kv_cache": "static", "kv_cache_tokens": self._length, **ran}

    @property
    def _length(self) -> int:
        """Of the cache, in tokens: a translation starts from one token, an answer from its prompt."""
        return (1 if self._translates else self._given) + self._made

    def fit(self, given: Sequence[int], made: Sequence[int]) -> None:
        """One length for all of a cell's requests; what was compiled for others is dropped."""
        if self._translates and len(set(given)) > 1:
            raise BadInput(
                f"a static cache holds sources of one length, these have {min(given)} to {max(given)} tokens: "
                "use the engine transformers, whose cache grows, or give sources of one length"
            )
        self._given, self._made = max(given, default=0), max(made, default=0)
        self._batches = self._compiled = 0
        self._forget()
        self._seen = self._frames()

    def arguments(self, rows: int, given: int, made: int) -> Mapping[str, Any]:
        """The cache for so many rows, empty."""
        if given > self._given or made > self._made:
            raise BadInput(
                f"a batch of {given} tokens in and {made} out does not fit a cache for {self._given} and "
                f"{self._made}: stage its requests before they are run"
            )
        if rows not in self._caches:
            self._caches.clear()  # one size at a time: another is another cell
            self._caches[rows] = self._made_new()
        else:
            self._caches[rows].reset()
        return {"past_key_values": self._caches[rows]}

    def settings(self) -> Mapping[str, Any]:
        """For GenerationConfig: nothing, but for a compiler that was named."""
        if self._compiler is None:
            return {}
        config = self._library.CompileConfig(backend=self._compiler)
        config._compile_all_devices = True
        return {"compile_config": config}

    @contextmanager
    def guard(self) -> Iterator[None]:
        """What a compiler that is absent or fails says, and what to do."""
        try:
            yield
        except self._torch._dynamo.exc.TorchDynamoException as error:
            first = str(error).strip().partition("\n")[0]
            raise CannotRun(
                f"torch.compile fails on the decoding step: {first}; it needs a C compiler (and on a GPU triton): "
                "install them, or use the engine transformers, which compiles nothing"
            ) from error

    def wrong(self) -> str | None:
        """That something was compiled since the last batch."""
        now, self._batches = self._frames(), self._batches + 1
        new, self._seen = now - self._seen, now
        self._compiled += new
        return _COMPILED if new else None

    def close(self) -> None:
        """Lets go of the model, and of what was compiled of it."""
        self._forget()
        self._model = None

    def _forget(self) -> None:
        self._caches.clear()
        with suppress(AttributeError):
            del self._model._compiled_call
        self._torch.compiler.reset()

    def _made_new(self) -> Any:
        decoder = self._model.config.get_text_config(decoder=True)
        own = self._library.StaticCache(config=decoder, max_cache_len=self._length)
        if not self._translates:
            return own
        source = self._library.StaticCache(config=decoder, max_cache_len=self._given)
        return self._library.EncoderDecoderCache(own, source)

    def _frames(self) -> int:
        """How many functions torch.compile has worked on in this process since it was last reset."""
        return int(self._torch._dynamo.utils.counters["frames"]["total"])
