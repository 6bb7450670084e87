"""The application: routes, and what becomes of a refusal. Every answer is made from one Knowledge."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence

from fastapi import FastAPI, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from starlette.exceptions import HTTPException

from bench import __version__
from bench.errors import BadInput
from bench.estimators.answer import SCHEMA_VERSION
from bench.estimators.older_api import calculate, older_request
from bench.estimators.priced import plain_estimate
from bench.service import tables
from bench.service.asking import asking_of, estimated, refused
from bench.service.knowledge import Knowledge
from bench.service.problems import Problem, Refused, body_of
from bench.service.reading import json_of


def create_app(knowledge: Knowledge, *, origins: Sequence[str] = ()) -> FastAPI:
    """The service of what is known. `origins`: of pages elsewhere that may ask it (CORS); none unless named."""
    app = FastAPI(title="Joulemark", version=__version__, docs_url=None, redoc_url=None)
    app.add_exception_handler(Refused, _refusal)
    app.add_exception_handler(HTTPException, _status)
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=["GET", "POST"],
            allow_headers=["content-type"],
        )
    _add_estimates(app, knowledge)
    _add_tables(app, knowledge)
    return app


def _add_estimates(app: FastAPI, knowledge: Knowledge) -> None:
    @app.post("/v1/estimate")
    async def estimate(request: Request) -> Response:
        asking = asking_of(await json_of(request), knowledge)
        found = plain_estimate(estimated(asking, knowledge), explain=asking.explain)
        return answered({"schema_version": SCHEMA_VERSION, **found})

    @app.post("/calculate-raw")
    async def calculate_raw(request: Request) -> Response:
        body = await json_of(request)
        try:
            return answered(calculate(older_request(body)))
        except BadInput as error:
            raise _of_older(error) from error


def _add_tables(app: FastAPI, knowledge: Knowledge) -> None:
    fixed: dict[str, Mapping[str, object]] = {
        "/health": {"status": "ok", "version": __version__},
        "/v1/models": tables.models(knowledge),
        "/v1/hardware": tables.hardware(knowledge),
        "/v1/regions": tables.regions(knowledge),
    }
    for path, table in fixed.items():
        app.add_api_route(path, _constant(table), methods=["GET"])


def answered(data: Mapping[str, object]) -> Response:
    """One JSON object. Raises ValueError for a NaN or an infinity, which no answer may hold."""
    return Response(json.dumps(data, ensure_ascii=False, allow_nan=False), media_type="application/json")


def _constant(data: Mapping[str, object]) -> Callable[[], Awaitable[Response]]:
    body = answered(data).body

    async def table() -> Response:
        return Response(body, media_type="application/json")

    return table


def _of_older(error: BadInput) -> Refused:
    """A refusal of the older shape: its errors begin with the field's path, as profile.count."""
    path = str(error).partition(" ")[0]
    parts = [part for part in path.split(".") if part and part != "body"]
    return refused(("body", *parts), str(error))


async def _refusal(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    headers = {"connection": "close"} if error.status in (408, 413) else None  # the rest of the body is not read
    return Response(body_of(error.problems), error.status, headers, media_type="application/json")


async def _status(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    message = f"{request.method} {request.url.path[:100]}: {error.detail}; what there is: GET /openapi.json"
    problem = Problem(loc=("path",), message=message, type="refused")
    return Response(body_of([problem]), error.status_code, error.headers, media_type="application/json")
