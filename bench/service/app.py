"""The application: what is told by GET, what is answered to POST, and what becomes of a path that is none."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from starlette.exceptions import HTTPException

from bench import __version__
from bench.service import tables
from bench.service.answers import Answers, encoded
from bench.service.knowledge import Knowledge
from bench.service.openapi import openapi_of
from bench.service.page import Page, docs, pages
from bench.service.posts import Posts
from bench.service.problems import Problem, Refused, body_of
from bench.service.speaking import language_of


def create_app(knowledge: Knowledge, *, origins: Sequence[str] = ()) -> FastAPI:
    """The service of what is known. `origins`: of pages elsewhere that may ask it (CORS); none unless named."""
    app = FastAPI(title="Joulemark", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    app.add_exception_handler(HTTPException, _status)
    answers = Answers(knowledge)
    app.add_middleware(Posts, answers=answers)
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=["GET", "POST"],
            allow_headers=["content-type"],
        )
    api = openapi_of(knowledge, answers.example)
    fixed: Mapping[str, Mapping[str, object]] = {
        "/health": {"status": "ok", "version": __version__},
        "/v1/models": tables.models(knowledge),
        "/v1/hardware": tables.hardware(knowledge),
        "/v1/regions": tables.regions(knowledge),
        "/openapi.json": api,
    }
    for path, table in fixed.items():
        app.add_api_route(path, _constant(table), methods=["GET"])
    app.add_api_route("/", _page(), methods=["GET"])
    app.add_api_route("/docs", _docs(docs(api)), methods=["GET"])
    return app


def _docs(made: Page) -> Callable[[], Awaitable[Response]]:
    text, headers = made

    async def page() -> Response:
        return Response(text, media_type="text/html", headers=dict(headers))

    return page


def _page() -> Callable[[Request], Awaitable[Response]]:
    made = pages()

    async def page(request: Request) -> Response:
        try:
            code = language_of(request.query_params.get("lang"), request.headers.get("accept-language", "")).code
        except Refused:  # a page in English is more help than an error
            code = "en"
        text, headers = made[code]
        return Response(text, media_type="text/html", headers=dict(headers))

    return page


def _constant(data: Mapping[str, object]) -> Callable[[], Awaitable[Response]]:
    body = encoded(data)

    async def table() -> Response:
        return Response(body, media_type="application/json")

    return table


async def _status(request: Request, error: Any) -> Response:
    message = f"{request.method} {request.url.path[:100]}: {error.detail}; GET /openapi.json tells what there is"
    problem = Problem(loc=("path",), message=message, type="refused")
    return Response(body_of([problem]), error.status_code, error.headers, media_type="application/json")
