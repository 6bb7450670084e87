"""One application on one address, until it is told to stop: SIGTERM lets requests under way end."""

import gc
import signal
import socket
import sys
from types import FrameType

import uvicorn
import uvloop
from fastapi import FastAPI

from bench.errors import CannotRun
from bench.phrases import Phrase
from bench.service.heads import BoundedHeads

MOST_CONNECTIONS = 1000  # beyond, 503; chosen
LAST_S = 10  # that requests under way have when the service is told to stop; chosen
FAST = uvloop  # what uvicorn is told to use by its name below


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0: any that is free. Raises CannotRun."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise CannotRun(
            Phrase(
                "serve: cannot listen on {host}, port {port}: {reason}; say another --port or --host",
                host=host,
                port=str(port),
                reason=str(error.strerror or error),
            )
        ) from error


def serve(app: FastAPI, where: socket.socket) -> None:
    """Serves until SIGINT or SIGTERM, then exits with 0, on uvloop and httptools, one worker."""
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, _stop)  # uvicorn takes both over, and sends what it got once more when all has ended
    gc.collect()
    gc.freeze()  # what was read at the start stays for good: looking through it again would hold requests up
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=BoundedHeads,
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=LAST_S,
    )
    uvicorn.Server(config).run(sockets=[where])


def _stop(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)
