"""A client that keeps the bytes: what a simulated server sent, and how the connection ended."""

import http.client
import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

MODEL = "simulated-model"


@dataclass(frozen=True, kw_only=True)
class Heard:
    """A response as it came. `ended` is False where it was cut, `status` 0 where nothing came."""

    status: int
    body: bytes
    ended: bool
    error: str | None  # the exception's name, where one ended it
    duration_s: float
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        """A whole body."""
        return json.loads(self.body)

    @property
    def events(self) -> list[Any]:
        """The messages of OpenAI's stream, without its end. Raises ValueError where one is not as it should be."""
        lines = [line for line in self.body.decode().split("\n\n") if line]
        if any(not line.startswith("data: ") for line in lines):
            raise ValueError("not an event")
        return [json.loads(line[6:]) for line in lines if line != "data: [DONE]"]

    @property
    def lines(self) -> list[Any]:
        """The objects of Ollama's stream."""
        return [json.loads(line) for line in self.body.splitlines()]

    @property
    def words(self) -> list[str]:
        """The words of OpenAI's stream of a completion, one entry a message."""
        return [e["choices"][0]["text"] for e in self.events if e["choices"] and e["choices"][0]["text"]]


def ask(url: str, path: str, body: Any = None, *, timeout_s: float = 10.0, name: str | None = None) -> Heard:
    """POST of a body, or GET without one."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=timeout_s)
    data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    start_s, status, said, ended, error, headers = time.monotonic(), 0, b"", True, None, {}
    try:
        connection.request("GET" if data is None else "POST", path, data, {"X-Request-Id": name} if name else {})
        response = connection.getresponse()
        status, headers = response.status, dict(response.getheaders())
        while piece := response.read1():
            said += piece
        # read1 ends quietly where a body with a length is cut
        ended = len(said) == int(headers.get("Content-Length", len(said)))
    except (http.client.HTTPException, OSError) as found:
        ended, error = False, type(found).__name__
    finally:
        connection.close()
    duration_s = time.monotonic() - start_s
    return Heard(status=status, body=said, ended=ended, error=error, duration_s=duration_s, headers=headers)


def complete(url: str, tokens: int = 8, prompt: Any = "Four words are here", **more: Any) -> Heard:
    """A streamed completion, with what is asked beside it."""
    name = more.pop("name", None)
    body = {"model": MODEL, "prompt": prompt, "max_tokens": tokens, "stream": True,
            "stream_options": {"include_usage": True}, **more}  # fmt: skip
    return ask(url, "/v1/completions", body, name=name)


def generate(url: str, tokens: int = 8, prompt: str = "Four words are here", **more: Any) -> Heard:
    """The same of Ollama."""
    options = {"num_predict": tokens, **more.pop("options", {})}
    return ask(url, "/api/generate", {"model": MODEL, "prompt": prompt, "raw": True, "options": options, **more})
