"""Any server that speaks OpenAI's protocol: vLLM, llama-server, `transformers serve`, Foundry Local, Ollama's /v1.

Every request asks for a stream with its usage at the end and for exactly N tokens, in the words that the server
takes (`ignore_eos` and `min_tokens` where it does). Tokens are the server's own count, checked before the first
window against the tokens that it lists one by one; pieces of a stream are counted as pieces, never as tokens.

LoadSpec.endpoint.options:

    api          completions or chat; by default completions where the server has them
    precision    what the weights are, where the server does not say (llama-server does): it goes into the record
    timeout_s    after which a request is given up (120)
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bench.engines import library_check
from bench.errors import BadInput, CannotRun, UnknownName
from bench.nouns import Check, Endpoint, Identity, LoadSpec, Served

if TYPE_CHECKING:  # the client's library is an extra
    from bench.wire.openai_probe import Needs

_OPTIONS = ("api", "precision", "timeout_s")
_TIMEOUT_S = 120.0
_LLAMA_SERVER = "llama-server"
# It keeps a prompt that it has read unless it is told not to; and it closes the connection after every stream,
# though it promises to keep it: whoever uses it again at once is dropped (56 of two users' 116 requests).
# Both seen on the server of llama.cpp 0.5.0-dev (the source in llama-cpp-python 0.3.36), 2026-11-21.
_LLAMA_WORDS = {"cache_prompt": False}
_LLAMA_HEADERS = {"Connection": "close"}
# It refuses every word that is not OpenAI's own, but takes generate()'s settings as a text: an end token that no
# vocabulary has is never met, with and without continuous batching. It answers for a model under its revision's
# name. Seen on transformers 5.23.0; cli/serving/utils.py, model_manager.py; 2026-11-21.
_TRANSFORMERS = "transformers serve"
_TRANSFORMERS_PAGES = {"/load_model", "/reset", "/v1/completions"}
_TRANSFORMERS_EXACTLY = {"generation_config": '{"eos_token_id": 2147483647, "do_sample": false}'}
_TRANSFORMERS_FREELY = {"generation_config": '{"do_sample": false}'}
_SIZES = {"Small": "_s", "Medium": "_m", "Large": "_l"}


def open_engine() -> "OpenAiEngine":
    """The engine."""
    return OpenAiEngine()


class OpenAiEngine:
    """A client; the model runs elsewhere."""

    def check(self) -> Check:
        """Whether the client's library is here; servers are asked when they are named."""
        return library_check("openai_http", {"aiohttp": "aiohttp"}, "endpoints")

    def version(self) -> str:
        """The server's is not known before it is asked."""
        return "server"

    def identify(self, endpoint: Endpoint, model: str) -> Identity:
        """What /v1/models and the pages of the servers that are known say. Raises CannotRun or UnknownName."""
        from bench.wire.exchange import Call
        from bench.wire.probe import ask, authorised, json_of, said

        _check_options(endpoint)
        base, timeout_s = _base(endpoint), _timeout_s(endpoint)
        if _is_transformers(base, timeout_s):
            return _transformers(base, model, endpoint, timeout_s)
        reply = ask(Call(method="GET", url=f"{base}/models", headers=authorised()), timeout_s)
        found = json_of(reply)
        rows = found.get("data") if isinstance(found, dict) else None
        if reply.status != 200 or not isinstance(rows, list):
            raise CannotRun(
                f"{base}/models answers {reply.status} ({said(reply)}): expected OpenAI's list of models"
            )
        known = {str(row.get("id")): row for row in rows if isinstance(row, dict)}
        if model not in known:
            raise UnknownName(f"model of {base}", model, known)
        version, facts = _server(base, known[model], timeout_s)
        return Identity(
            version=version,
            model=model,
            precision=_agreed(endpoint, _precision(known[model])),
            family="causal-lm",
            parameters=_parameters(known[model]),
            facts=facts,
        )

    @contextmanager
    def load(self, spec: LoadSpec) -> Iterator[Served]:
        """A session with the server of `spec.endpoint`. Raises CannotRun where its counts can't be trusted."""
        from bench.wire.openai_probe import probed
        from bench.wire.same import Known
        from bench.wire.served import ServedSession, checked_by, endpoint_of, first_streams, served_record

        endpoint = endpoint_of(spec, "openai_http")
        timeout_s = _timeout_s(endpoint)
        identity = self.identify(endpoint, spec.model.name)
        found = probed(
            _base(endpoint), identity.model, endpoint.options.get("api", ""), timeout_s, _needs(identity)
        )
        streams = first_streams(found.dialect, timeout_s)
        facts = {**found.facts, **checked_by(streams)}
        loaded = served_record("openai_http", spec, identity, found.notes, facts)
        known = Known(identity=identity, ask=lambda: self.identify(endpoint, spec.model.name))
        alone_s = found.alone_token_s
        with ServedSession(loaded, found.dialect, timeout_s, alone_s, streams, known=known) as session:
            yield session


def _needs(identity: Identity) -> "Needs":
    """What a server that is known by name must be told."""
    from bench.wire.openai_probe import Needs

    if identity.version.startswith(f"{_LLAMA_SERVER} "):
        return Needs(words=_LLAMA_WORDS, headers=_LLAMA_HEADERS)
    if identity.version == _TRANSFORMERS:
        revision = "" if "@" in identity.model else "@main"
        return Needs(
            exactly=_TRANSFORMERS_EXACTLY, freely=_TRANSFORMERS_FREELY, answers_as=identity.model + revision
        )
    return Needs()


def _is_transformers(base: str, timeout_s: float) -> bool:
    """Whether the pages are those of `transformers serve`, which does not say its name."""
    from bench.wire.probe import authorised, get_json

    found = get_json(base.removesuffix("/v1") + "/openapi.json", authorised(), timeout_s)
    pages = found.get("paths") if isinstance(found, dict) else None
    return isinstance(pages, dict) and set(pages) >= _TRANSFORMERS_PAGES


def _transformers(base: str, model: str, endpoint: Endpoint, timeout_s: float) -> Identity:
    """What `transformers serve` runs: its list is of the hub's cache, so that the model itself is asked.

    Raises CannotRun where it does not answer for the model.
    """
    from bench.wire.openai import body_of
    from bench.wire.probe import ask, authorised, post, said

    body = body_of(model, "one", 1, {}, chat=False)
    reply = ask(post(f"{base}/completions", body, authorised()), timeout_s)  # loads it, if it was not
    if reply.status != 200:
        raise CannotRun(
            f"{base} answers {reply.status} for the model {model!r} ({said(reply)}): name it as the server was "
            "told, or as the hub does"
        )
    return Identity(
        version=_TRANSFORMERS,
        model=model,
        precision=endpoint.options.get("precision") or "served",
        family="causal-lm",
        facts={"model_id": model},
        notes=("transformers serve says neither its version nor a precision: --set setup=… and precision=… do",),
    )


def _server(base: str, row: Mapping[str, Any], timeout_s: float) -> tuple[str, dict[str, Any]]:
    """The server's name and version by the pages that only it has, and what they say beside it."""
    from bench.wire.address import hidden
    from bench.wire.probe import authorised, get_json

    root = base.removesuffix("/v1")
    meta = _meta(row)
    facts: dict[str, Any] = {"model_id": str(row.get("id"))}
    # n_ctx is what one request may have of llama-server; n_ctx_train what the model could have
    limits = (row.get("max_model_len"), meta.get("n_ctx"), meta.get("n_ctx_train"))
    if (limit := next((one for one in limits if one is not None), None)) is not None:
        facts["context_tokens"] = limit
    for page, key, name in (("/props", "build_info", _LLAMA_SERVER), ("/api/version", "version", "ollama"),
                            ("/version", "version", hidden(str(row.get("owned_by") or "server")))):  # fmt: skip
        found = get_json(root + page, authorised(), timeout_s)
        if isinstance(found, dict) and found.get(key):
            if isinstance(slots := found.get("total_slots"), int):
                facts["slots"] = slots  # requests that it works on at once; others wait
            return f"{name} {hidden(str(found[key]))}", facts
    return hidden(str(row.get("owned_by") or "unknown server")), facts


def _agreed(endpoint: Endpoint, said: str) -> str:
    """The precision that the user told, where the server does not say another. Raises BadInput."""
    told = endpoint.options.get("precision")
    if told and said != "served" and told != said:
        raise BadInput(f"--set precision={told}: the server says {said}; leave it out")
    return told or said


def _parameters(row: Mapping[str, Any]) -> int:
    found = _meta(row).get("n_params")
    return found if isinstance(found, int) else 0


def _precision(row: Mapping[str, Any]) -> str:
    """llama-server's file type as llama-quantize spells it ("Q4_K - Medium": q4_k_m); "served" where none is said.

    Source: llama_ftype_name in llama.cpp's src/llama-model-loader.cpp; checked 2026-11-21.
    """
    name, _, size = str(_meta(row).get("ftype") or "served").removeprefix("all ").partition(" - ")
    return (name + _SIZES.get(size, "")).replace(" ", "_").lower()


def _meta(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """What llama-server says of its model beside OpenAI's fields."""
    found = row.get("meta")
    return found if isinstance(found, dict) else {}


def _base(endpoint: Endpoint) -> str:
    """The address with /v1, given with or without it."""
    return endpoint.url if endpoint.url.endswith("/v1") else f"{endpoint.url}/v1"


def _timeout_s(endpoint: Endpoint) -> float:
    from bench.wire.address import number

    return number(endpoint.options, "timeout_s", _TIMEOUT_S)


def _check_options(endpoint: Endpoint) -> None:
    for name in endpoint.options:
        if name not in _OPTIONS:
            raise UnknownName("option of openai_http (--set)", name, _OPTIONS)
    if endpoint.options.get("api", "chat") not in ("chat", "completions"):
        raise BadInput(f"--set api={endpoint.options['api']}: expected chat or completions")
