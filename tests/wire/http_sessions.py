"""A small server of a test's own, and the client of the engine `http` in a session with it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bench.engines import http
from bench.files.models import served_model
from bench.nouns import Cell, Endpoint, LoadSpec, Served


def send(handler: BaseHTTPRequestHandler, body: bytes, status: int = 200, encoding: str | None = None) -> None:
    """One whole reply."""
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    if encoding:
        handler.send_header("Content-Encoding", encoding)
    handler.end_headers()
    handler.wfile.write(body)


def silent(_: BaseHTTPRequestHandler, *__: object) -> None:
    """A handler's `log_message` that says nothing."""


@contextmanager
def answering(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address at which it answers."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def session(url: str, setup: str = "", **options: str) -> Iterator[Served]:
    """The engine `http`, asked with these options."""
    cell = Cell(engine="http", model="intents", precision="served", workload="w")
    endpoint = Endpoint(url=url, options=options, setup=setup)
    load = LoadSpec(model=served_model(cell, "api"), precision="served", weights="served", endpoint=endpoint)
    with http.open_engine().load(load) as opened:
        yield opened
