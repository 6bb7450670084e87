"""The service, asked without a socket; and its knowledge, read once for all tests."""

import asyncio
import json
from functools import cache

import httpx

from bench.service.app import create_app
from bench.service.knowledge import read_knowledge

CHAT = {"model": "llama-3.1-8b", "in_tokens": 1155, "out_tokens": 211, "hardware": "h100", "region": "usa"}
OLDER = {
    "region": {"pue": 1.2, "carbon_intensity": 55},
    "hardware": {"power_gpu": 400, "power_cpu": 100, "eta_cpu": 0.2},
    "profile": {"name": "test", "input_size": 1000, "output_size": 200, "throughput": 60, "count": 1},
}
JSON = {"content-type": "application/json"}


@cache
def knowledge():
    return read_knowledge()


@cache
def service():
    return create_app(knowledge())


def ask(method, path, content=None, headers=JSON, app=None):
    """The response of one request; `content` is bytes, or an async iterator of them."""

    async def asked():
        transport = httpx.ASGITransport(app=app or service())
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, path, content=content, headers=headers)

    return asyncio.run(asked())


def post(path, body, **more):
    """The status and the JSON of a POST of a body."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    found = ask("POST", path, content, **more)
    return found.status_code, found.json()


def estimate(body, **more):
    return post("/v1/estimate", body, **more)


def refusal(body, path="/v1/estimate", **more):
    """The status and the first problem of a body that is refused."""
    status, found = post(path, body, **more)
    return status, found["detail"][0]
