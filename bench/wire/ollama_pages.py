"""What Ollama says of itself and of its models, asked by its official client outside every window.

Requests that are measured go through `wire.exchange`: that client stands on httpx, whose CPU time a request
is several times aiohttp's (`wire.exchange` gives both).
"""

from collections.abc import Callable
from typing import TypeVar

# The official client stands on httpx and pydantic, and lets their errors through.
import httpx
import ollama
import pydantic

from bench.errors import CannotRun, UnknownName
from bench.nouns import Fact, Identity
from bench.wire.address import hidden
from bench.wire.exchange import Call
from bench.wire.probe import ask, authorised, json_of

_Found = TypeVar("_Found")
_OFFLOAD_NOTE = "a part of the model lies in the host's memory: {gpu:.0%} of {total:.1f} GB is on the GPU"
_CPU_NOTE = "none of the model lies on a GPU: Ollama runs it on the CPU"


class OllamaPages:
    """One server's pages. `url` is bare, without /api."""

    def __init__(self, url: str, timeout_s: float) -> None:
        self._url = url
        self._timeout_s = timeout_s

    def identity(self, model: str) -> Identity:
        """Version, digest, quantisation and size of a model. Raises CannotRun or UnknownName."""
        page = Call(method="GET", url=f"{self._url}/api/version", headers=authorised())  # no call of the client
        version = json_of(ask(page, self._timeout_s))
        if not isinstance(version, dict) or not version.get("version"):
            raise CannotRun(f"{self._url}/api/version gives no version: is this an Ollama server?")
        known = {str(row.model): row for row in self._asked("tags", lambda client: client.list()).models}
        name = model if model in known else f"{model}:latest"
        if name not in known:
            raise UnknownName(f"model of {self._url}", model, known)
        shown = self._asked("show", lambda client: client.show(name))
        details = shown.details
        level = details.quantization_level if details else None
        count = (shown.modelinfo or {}).get("general.parameter_count")
        facts: dict[str, Fact] = {
            "digest": known[name].digest,
            "quantisation": level,
            "parameter_size": details.parameter_size if details else None,
            "model_family": details.family if details else None,
        }
        return Identity(
            version=f"ollama {hidden(str(version['version']))}",
            model=name,
            precision=(level or "served").lower(),
            family="causal-lm",
            parameters=count if isinstance(count, int) else 0,
            facts={k: v for k, v in facts.items() if v},
        )

    def placed(self, name: str) -> tuple[tuple[str, ...], dict[str, Fact]]:
        """Notes and facts of the loaded model: how much of it lies on a GPU, and the context it was given."""
        row = next(
            (r for r in self._asked("ps", lambda client: client.ps()).models if name in (r.name, r.model)), None
        )
        if row is None:
            return (), {}
        facts: dict[str, Fact] = {"context_tokens": row.context_length} if row.context_length else {}
        if not row.size:
            return (), facts
        # a count that is 0 is left out of the reply
        size, on_gpu = int(row.size), int(row.size_vram or 0)
        facts |= {"size_bytes": size, "size_on_gpu_bytes": on_gpu}
        if on_gpu == 0:
            return (_CPU_NOTE,), facts
        part = on_gpu < size
        return ((_OFFLOAD_NOTE.format(gpu=on_gpu / size, total=size / 1e9),) if part else ()), facts

    def _asked(self, page: str, call: Callable[[ollama.Client], _Found]) -> _Found:
        """What the client gives. Raises CannotRun with the page where it is not what Ollama gives."""
        # no proxy of the environment, no redirect: what answers is this address
        client = ollama.Client(
            host=self._url, headers=authorised(), timeout=self._timeout_s, trust_env=False, follow_redirects=False
        )
        try:
            with client:
                return call(client)
        except ollama.ResponseError as error:
            why = f"answers {error.status_code} ({error.error})"
        except (ConnectionError, httpx.HTTPError) as error:
            why = f"does not answer ({error or type(error).__name__})"
        except (pydantic.ValidationError, ValueError) as error:
            why = f"gives something else than Ollama does ({str(error).splitlines()[0]})"
        raise CannotRun(f"{self._url}/api/{page} {hidden(why)}: is this an Ollama server that is up?")
