"""The application: routes, and what becomes of a refusal. Every answer is made from one Knowledge."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from starlette.exceptions import HTTPException

from bench import __version__
from bench.phrases import speaking
from bench.service import tables
from bench.service.answers import Answers
from bench.service.knowledge import Knowledge
from bench.service.openapi import openapi_of
from bench.service.problems import Problem, Refused, body_of
from bench.service.reading import MOST_BATCH_BYTES, MOST_BYTES, json_of
from bench.service.speaking import language_of

_JSON = "application/json"
_encoded = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_MOST_BYTES: Mapping[str, int] = {"/v1/estimate/batch": MOST_BATCH_BYTES}


def create_app(knowledge: Knowledge, *, origins: Sequence[str] = ()) -> FastAPI:
    """The service of what is known. `origins`: of pages elsewhere that may ask it (CORS); none unless named."""
    app = FastAPI(title="Joulemark", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    app.add_exception_handler(Refused, _refusal)
    app.add_exception_handler(HTTPException, _status)
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=["GET", "POST"],
            allow_headers=["content-type"],
        )
    answers = Answers(knowledge)
    for path in answers.routes:
        app.add_api_route(path, _posted(answers, path), methods=["POST"])
    fixed: Mapping[str, Mapping[str, object]] = {
        "/health": {"status": "ok", "version": __version__},
        "/v1/models": tables.models(knowledge),
        "/v1/hardware": tables.hardware(knowledge),
        "/v1/regions": tables.regions(knowledge),
        "/openapi.json": openapi_of(knowledge, answers.example),
    }
    for path, table in fixed.items():
        app.add_api_route(path, _constant(table), methods=["GET"])
    return app


def _posted(answers: Answers, path: str) -> Callable[[Request], Awaitable[Response]]:
    most_bytes = _MOST_BYTES.get(path, MOST_BYTES)

    async def answer(request: Request) -> Response:
        language = language_of(request.query_params.get("lang"), request.headers.get("accept-language", ""))
        with speaking(language):
            found = await answers.answer(path, await json_of(request, most_bytes))
            return Response(_encoded(found), media_type=_JSON, headers={"content-language": language.code})

    return answer


def _constant(data: Mapping[str, object]) -> Callable[[], Awaitable[Response]]:
    body = _encoded(data)

    async def table() -> Response:
        return Response(body, media_type=_JSON)

    return table


async def _refusal(_: Request, error: Any) -> Response:
    # the rest of such a body is not read
    headers = {"connection": "close"} if error.status in (408, 413) else None
    return Response(body_of(error.problems), error.status, headers, media_type=_JSON)


async def _status(request: Request, error: Any) -> Response:
    message = f"{request.method} {request.url.path[:100]}: {error.detail}; GET /openapi.json tells what there is"
    problem = Problem(loc=("path",), message=message, type="refused")
    return Response(body_of([problem]), error.status_code, error.headers, media_type=_JSON)
