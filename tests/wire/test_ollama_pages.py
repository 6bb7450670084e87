"""What Ollama's pages say, through its official client, against pages of our own."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

pytest.importorskip("ollama", reason="the official client is an extra: pip install 'joulemark[endpoints]'")

from bench.errors import CannotRun, UnknownName
from bench.wire.ollama_pages import OllamaPages

MODEL = {"name": "m:latest", "model": "m:latest", "digest": "ab" * 32, "size": 4_000_000_000}
PAGES: Mapping[str, Any] = {
    "/api/version": {"version": "0.33.0"},
    "/api/tags": {"models": [MODEL]},
    "/api/show": {
        "details": {"family": "llama", "parameter_size": "7.2B", "quantization_level": "Q4_K_M"},
        "model_info": {"general.parameter_count": 7_248_023_552},
    },
}


@contextmanager
def pages(found: Mapping[str, Any]) -> Iterator[OllamaPages]:
    """A server with these pages and no other."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            body = json.dumps(found.get(self.path, {"error": "no such page"})).encode()
            self.send_response(200 if self.path in found else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield OllamaPages(f"http://127.0.0.1:{server.server_port}", 5.0)
        server.shutdown()
        thread.join()


def loaded(**fields: Any) -> Mapping[str, Any]:
    return {**PAGES, "/api/ps": {"models": [{**MODEL, "context_length": 4096, **fields}]}}


def test_the_model_is_what_the_server_says():
    with pages(PAGES) as asked:
        found = asked.identity("m")

    assert (found.version, found.model, found.precision) == ("ollama 0.33.0", "m:latest", "q4_k_m")
    assert found.parameters == 7_248_023_552
    assert found.facts["digest"] == "ab" * 32


def test_a_model_that_is_not_there_is_named_with_those_that_are():
    with pages(PAGES) as asked, pytest.raises(UnknownName, match="m:latest"):
        asked.identity("other")


@pytest.mark.parametrize(
    ("on_gpu", "said"),
    [(4_000_000_000, None), (1_000_000_000, "25% of 4.0 GB is on the GPU"), (0, "runs it on the CPU")],
)
def test_where_the_model_lies_is_said(on_gpu, said):
    # Ollama leaves out a count that is 0
    with pages(loaded(**({"size_vram": on_gpu} if on_gpu else {}))) as asked:
        notes, facts = asked.placed("m:latest")

    assert facts == {"context_tokens": 4096, "size_bytes": 4_000_000_000, "size_on_gpu_bytes": on_gpu}
    assert [said in note for note in notes] == [True] if said else not notes


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({**PAGES, "/api/tags": {"models": 3}}, "something else"),
        ({"/api/version": PAGES["/api/version"]}, "404"),
        ({}, "no version"),
    ],
)
def test_what_is_no_ollama_is_refused(found, said):
    with pages(found) as asked, pytest.raises(CannotRun, match=said):
        asked.identity("m")
