"""One application on one address, until it is told to stop: SIGTERM lets requests under way end."""

import signal
import sys
from types import FrameType

import uvicorn
from fastapi import FastAPI

MOST_CONNECTIONS = 1000  # beyond, 503; chosen
LAST_S = 10  # that requests under way have when the service is told to stop; chosen


def serve(app: FastAPI, host: str, port: int) -> None:
    """Serves until SIGINT or SIGTERM, then exits with 0, on uvloop and httptools, one worker."""
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, _stop)  # uvicorn takes both over, and sends what it got once more when all has ended
    uvicorn.run(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        access_log=False,
        log_level="warning",
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=LAST_S,
    )


def _stop(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)
