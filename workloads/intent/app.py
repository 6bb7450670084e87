"""A small server that answers with the intents of a sentence: python -m workloads.intent.app

    GET /api/intent?sentence=…   the eight intents with scores whose sum is 1
    GET /health                  which model answers, and how it was asked to run
    GET /openapi.json, /docs     the contract; /docs takes its script and style from a CDN, so it needs the network

The contract is that of the intent API whose users asked for these measurements: one GET, one JSON object.
"""

import argparse
import math
import os
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from bench.loading.parent import end_with_parent

from . import INTENTS, tokens
from .batching import Batcher
from .export import VARIANTS, export
from .session import Classifier

try:
    import uvicorn
    from fastapi import FastAPI, HTTPException, Query
    from pydantic import BaseModel, Field
except ModuleNotFoundError as error:
    remedy = ".venv/bin/pip install -c constraints.txt -e '.[intent]'"
    raise SystemExit(f"{error}: the server is an extra: {remedy}") from error

MOST_CHARACTERS = 2000
"""A sentence of 250 words of 7 letters and a space; longer ones are refused."""

MOST_BATCH, MOST_WAIT_MS = 1024, 1000.0

KEPT_S = 310
"""Seconds that an idle connection is kept: longer than clients keep theirs (joulemark 300), so that the client
closes it and no request is sent into one that the server is closing (uvicorn's own 5 s lost some under load)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How the server runs."""

    model: str = "fp32"
    host: str = "127.0.0.1"
    port: int = 5000
    threads: int = 1
    max_batch: int = 1
    max_wait_ms: float = 0.0
    cache: Path = Path("out/intent")
    ends_with_parent: bool = False


class Refusal(BaseModel):
    """Why a sentence was refused."""

    detail: str


class Health(BaseModel):
    """What answers, and how."""

    status: str = Field(examples=["ok"])
    model: str = Field(examples=["fp32"])
    threads: int
    max_batch: int
    max_wait_ms: float
    pid: int


def make_app(options: Options) -> FastAPI:
    """The application; its model is built (or found in the cache) and loaded when the server starts."""

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        classifier = Classifier(export(options.model, options.cache), threads=options.threads)
        async with Batcher(classifier.scores, options.max_batch, options.max_wait_ms / 1e3) as batcher:
            app.state.batcher = batcher
            yield

    app = FastAPI(
        title="Intent", version="1", summary="Eight intents of a sentence in French or English", lifespan=life
    )

    @app.get("/api/intent", responses={200: _EXAMPLE, 400: {"model": Refusal}}, response_model=dict[str, float])
    async def intent(sentence: _Sentence = None) -> dict[str, float]:
        """The eight intents with scores whose sum is 1."""
        scores = await app.state.batcher.answer(_rows(sentence))
        return dict(zip(INTENTS, scores, strict=True))

    @app.get("/health")
    async def health() -> Health:
        """Which model answers, and how it was asked to run."""
        return Health(
            status="ok",
            model=options.model,
            threads=options.threads,
            max_batch=options.max_batch,
            max_wait_ms=options.max_wait_ms,
            pid=os.getpid(),
        )

    return app


def server_config(options: Options) -> uvicorn.Config:
    """How uvicorn serves the application."""
    return uvicorn.Config(make_app(options), log_level="warning", access_log=False, timeout_keep_alive=KEPT_S)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command: prints the address that it answers at, then serves until it is stopped."""
    options = _options(arguments)
    if options.ends_with_parent:
        end_with_parent()
    config = server_config(options)
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    # The protocol is named because asyncio turns off the wait for small packets (Nagle) only where it is: without
    # it every answer on a kept connection waits 40 ms for the client's delayed acknowledgement.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((options.host, options.port))
        listening.listen(2048)
        host = f"[{options.host}]" if ":" in options.host else options.host
        sys.stdout.write(f"http://{host}:{listening.getsockname()[1]}\n")
        sys.stdout.flush()
        uvicorn.Server(config).run(sockets=[listening])


_Sentence = Annotated[str | None, Query(description=f"1 to {MOST_CHARACTERS} characters, a word at least")]
_EXAMPLE: dict[str, Any] = {
    "content": {
        "application/json": {"example": {name: 0.93 if name == "find-train" else 0.01 for name in INTENTS}},
    },
}


def _rows(sentence: str | None) -> tuple[tuple[int, ...], ...]:
    """The sentence's rows. Raises HTTPException 400 where there is nothing to read, or too much."""
    if sentence is None:
        raise HTTPException(400, "found no sentence: ask /api/intent?sentence=…")
    if len(sentence) > MOST_CHARACTERS:
        raise HTTPException(
            400, f"found {len(sentence)} characters, at most {MOST_CHARACTERS} are read: shorten it"
        )
    if len(tokens.words(sentence)) > tokens.MOST_WORDS:
        raise HTTPException(
            400, f"found more than {tokens.MOST_WORDS} words, no more are read: shorten the sentence"
        )
    rows = tokens.word_rows(sentence)
    if not rows:
        raise HTTPException(
            400, "found a sentence without a word: it needs a letter (a to z, with accents) or a digit"
        )
    return rows


def _options(arguments: Sequence[str] | None) -> Options:
    usual = Options()
    asked = argparse.ArgumentParser(prog="python -m workloads.intent.app", description=__doc__.splitlines()[0])
    asked.add_argument("--model", choices=list(VARIANTS), default=usual.model)
    asked.add_argument("--host", default=usual.host, help="127.0.0.1: this machine alone")
    asked.add_argument("--port", type=_between(int, 0, 65535), default=usual.port, help="0: any free one, printed")
    asked.add_argument("--threads", type=_between(int, 1, 1024), default=usual.threads, help="of one inference")
    asked.add_argument("--max-batch", type=_between(int, 1, MOST_BATCH), default=usual.max_batch)
    asked.add_argument("--max-wait-ms", type=_between(float, 0, MOST_WAIT_MS), default=usual.max_wait_ms)
    asked.add_argument("--cache", type=Path, default=usual.cache, help="where the ONNX files are built")
    asked.add_argument("--ends-with-parent", action="store_true", help="end as soon as standard input does")
    return Options(**vars(asked.parse_args(arguments)))


def _between(kind: type, low: float, high: float) -> Any:
    def read(text: str) -> Any:
        value = kind(text)
        if not (math.isfinite(value) and low <= value <= high):
            raise argparse.ArgumentTypeError(f"found {text}, needed {low} to {high}")
        return value

    return read


if __name__ == "__main__":
    main()
