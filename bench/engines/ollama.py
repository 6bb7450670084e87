"""Ollama, by its own protocol: it alone tells how long prefill and decode took.

Its answers end where the model ends them (it knows no exact length), so what was achieved is what counts. The
official client asks what the server is; load goes through the common one, which costs less CPU a request.

LoadSpec.endpoint.options:

    num_ctx      context of every request (4096): its default depends on the GPU's memory, 256k on the largest
    timeout_s    after which a request is given up (300: the first one may load the model)
    any option of Ollama's own that is a number: num_batch, num_gpu, num_thread, seed, …
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bench.engines import library_check
from bench.errors import CannotRun, UnknownName
from bench.nouns import Check, Endpoint, Identity, LoadSpec, Served
from bench.units import S_PER_NS

if TYPE_CHECKING:
    from bench.nouns import Usage

_TIMEOUT_S = 300.0
_CONTEXT = 4096
_PROBE_TOKENS = 16
_TIMED = 3  # the quickest counts: a server that was slow once would make honest answers look like no work
# options of Ollama v0.33.0-rc2 that a calibration may want to fix (docs/modelfile.md, api/types.go; 2026-11-21)
_OPTIONS = (
    "num_ctx", "num_batch", "num_gpu", "main_gpu", "num_thread", "seed", "top_k", "top_p", "min_p",
    "repeat_penalty", "repeat_last_n", "draft_num_predict",
)  # fmt: skip
_CACHE_NOTE = "Ollama counts prompt tokens from its prefix cache as computed: no two prompts here begin alike"


def open_engine() -> "OllamaEngine":
    """The engine."""
    return OllamaEngine()


class OllamaEngine:
    """A client; the model runs in Ollama."""

    def check(self) -> Check:
        """Whether the client's library is here; the server is asked when it is named."""
        return library_check("ollama", {"aiohttp": "aiohttp", "ollama": "ollama"}, "endpoints")

    def version(self) -> str:
        """The server's is not known before it is asked."""
        return "server"

    def identify(self, endpoint: Endpoint, model: str) -> Identity:
        """Version, digest and quantisation, as the server says itself."""
        from bench.wire.ollama_pages import OllamaPages

        _sent_options(endpoint)
        return OllamaPages(_base(endpoint), _timeout_s(endpoint)).identity(model)

    @contextmanager
    def load(self, spec: LoadSpec) -> Iterator[Served]:
        """A session, the model loaded. Raises CannotRun where its counts can't be trusted."""
        from bench.wire.ollama import OllamaDialect
        from bench.wire.ollama_pages import OllamaPages
        from bench.wire.probe import authorised
        from bench.wire.same import Known
        from bench.wire.served import ServedSession, checked_by, endpoint_of, first_streams, served_record
        from bench.wire.wording import fresh_serial, learn, own_words

        endpoint = endpoint_of(spec, "ollama")
        identity = self.identify(endpoint, spec.model.name)
        options = _sent_options(endpoint)

        def counted(text: str, most: int) -> "tuple[Usage, float]":
            return _asked(endpoint, identity.model, text, most, options)

        wording = learn(lambda text: counted(text, 1)[0].prompt_tokens or 0, own_words())
        timed = [counted(wording.text(32, fresh_serial()), _PROBE_TOKENS) for _ in range(_TIMED)]
        notes, facts = OllamaPages(_base(endpoint), _timeout_s(endpoint)).placed(identity.model)
        dialect = OllamaDialect(
            url=_base(endpoint), model=identity.model, wording=wording, options=options, headers=authorised()
        )
        probed = first_streams(dialect, _timeout_s(endpoint))
        more = {**facts, **options, "tokens_per_word": round(wording.tokens_per_word, 4), **checked_by(probed)}
        loaded = served_record("ollama", spec, identity, (_CACHE_NOTE, *notes), more)
        alone_token_s = min(took_s / max(1, usage.output_tokens or 1) for usage, took_s in timed)
        known = Known(identity=identity, ask=lambda: self.identify(endpoint, spec.model.name))
        timeout_s = _timeout_s(endpoint)
        with ServedSession(loaded, dialect, timeout_s, alone_token_s, probed, known=known) as session:
            yield session


def _asked(
    endpoint: Endpoint, model: str, text: str, most: int, options: Mapping[str, Any]
) -> "tuple[Usage, float]":
    """The counts of one request, and how long it took (s). Raises CannotRun without counts."""
    from bench.wire.framing import json_lines
    from bench.wire.ollama import generate, usage_of
    from bench.wire.probe import ask, authorised, said

    began_ns = time.monotonic_ns()
    reply = ask(generate(_base(endpoint), model, text, most, options, authorised()), _timeout_s(endpoint))
    took_s = (time.monotonic_ns() - began_ns) * S_PER_NS
    last = [
        line.data for line in json_lines(reply.pieces) if isinstance(line.data, dict) and line.data.get("done")
    ]
    usage = usage_of(last[-1]) if last else "no last line"
    if reply.status != 200 or isinstance(usage, str):
        why = said(reply) if reply.status != 200 else usage
        raise CannotRun(
            f"{endpoint.url} answers {reply.status} ({why}): without counts there is no figure per token"
        )
    return usage, took_s


def _sent_options(endpoint: Endpoint) -> dict[str, float | int]:
    """Ollama's options as numbers. Raises UnknownName: an option that it does not know it would only log."""
    from bench.wire.address import number

    known = (*_OPTIONS, "timeout_s")
    for name in endpoint.options:
        if name not in known:
            raise UnknownName("option of ollama (--set)", name, known)
    found: dict[str, float | int] = {"num_ctx": _CONTEXT}
    for name in endpoint.options:
        if name != "timeout_s":
            value = number(endpoint.options, name, 0.0, least=-1.0)
            found[name] = int(value) if value == int(value) else value
    return found


def _base(endpoint: Endpoint) -> str:
    """The bare address, given with or without the page."""
    return endpoint.url.removesuffix("/v1").removesuffix("/api")


def _timeout_s(endpoint: Endpoint) -> float:
    from bench.wire.address import number

    return number(endpoint.options, "timeout_s", _TIMEOUT_S)
