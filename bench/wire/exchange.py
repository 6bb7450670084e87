"""One request over HTTP and the moments of its reply, as they came: nothing is read into it here.

Between the first byte and the last only clocks are read and bytes are kept. Their meaning (tokens, usage, errors)
is worked out after the window, so that parsing costs the window neither time nor energy.
"""

import time
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from types import SimpleNamespace, TracebackType
from typing import Literal, Self

# A seventh of the CPU time of the better known client: 0.4 ms a request against 2.9 of httpx 0.28.1, on two
# cores; checked 2026-11-21. An extra: whoever imports this module has asked for it first.
import aiohttp

from bench.wire.address import hidden

FailureKind = Literal["refused", "timeout", "dropped", "malformed", "resent"]
_CONNECT_WITHIN_S = 10.0
_KEPT_S = 300.0  # longer than any pause between requests of a window: the client is not the one that hangs up
_LONGEST_REPLY_BYTES = 64 << 20
_SAID = 200
BUSY = (429, 503)  # too many requests; not available at the moment (RFC 6585, 4; RFC 9110, 15.6.4; 2026-11-21)
_DROPPED = (aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, ConnectionError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What is sent."""

    method: str
    url: str
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """How an exchange ended that has no whole reply."""

    kind: FailureKind
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back. Times are CLOCK_MONOTONIC nanoseconds; None: it did not come so far."""

    start_ns: int  # the client took the request up
    sent_ns: int | None  # its last byte was handed to the socket
    headers_ns: int | None
    end_ns: int  # the last byte came, or the exchange was given up
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    pieces: tuple[tuple[int, bytes], ...] = ()  # as they were read: (moment, bytes)
    failure: Failure | None = None

    @property
    def body(self) -> bytes:
        """All bytes that came."""
        return b"".join(data for _, data in self.pieces)


@dataclass(slots=True)
class _Moments:
    """Filled in by the client's hooks while a request is under way."""

    sends: int = 0
    sent_ns: int | None = None


class Wire:
    """A pool of kept-alive connections; made and closed on one event loop.

    Nothing is retried, no redirect is followed and no proxy of the environment is used: a request that fails is
    a failure of this address, and a reply comes from it.
    """

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        hooks = aiohttp.TraceConfig()
        hooks.on_request_headers_sent.append(_headers_sent)
        hooks.on_request_chunk_sent.append(_body_sent)
        self._session = await self._stack.enter_async_context(
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEPT_S),
                timeout=aiohttp.ClientTimeout(total=self._timeout_s, sock_connect=_CONNECT_WITHIN_S),
                headers={"Accept-Encoding": "identity"},  # unpacking would cost the client CPU inside the window
                trust_env=False,
                trace_configs=[hooks],
                raise_for_status=False,
            )
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def exchange(self, call: Call) -> Reply:
        """Sends the call once and waits for all of its reply. Never raises for what a server does."""
        moments = _Moments()
        start_ns = time.monotonic_ns()
        pieces: list[tuple[int, bytes]] = []
        status, headers, headers_ns = None, {}, None
        failure = None
        try:
            async with self._session.request(
                call.method, call.url, data=call.body, headers=dict(call.headers), allow_redirects=False,
                trace_request_ctx=moments,
            ) as response:  # fmt: skip
                headers_ns = time.monotonic_ns()
                status, headers = response.status, _joined(response.headers.items())
                failure = await _read(response.content, pieces)
        except aiohttp.ConnectionTimeoutError:
            failure = Failure(kind="timeout", said=f"no connection within {_CONNECT_WITHIN_S:g} s")
        except TimeoutError:
            failure = Failure(kind="timeout", said=f"no whole reply within {self._timeout_s:g} s")
        except aiohttp.ClientConnectorError as error:
            failure = Failure(kind="refused", said=_one_line(error))
        except _DROPPED as error:
            failure = Failure(kind="dropped", said=_one_line(error))
        except aiohttp.ClientError as error:
            failure = Failure(kind="malformed", said=_one_line(error))
        if moments.sends > 1 and failure is None:
            failure = Failure(kind="resent", said="the connection was lost and the client sent the request twice")
        return Reply(
            start_ns=start_ns,
            sent_ns=moments.sent_ns,
            headers_ns=headers_ns,
            end_ns=time.monotonic_ns(),
            status=status,
            headers=headers,
            pieces=tuple(pieces),
            failure=failure,
        )


def _joined(fields: Iterable[tuple[str, str]]) -> dict[str, str]:
    """By name in lower case; of a name that came twice (two caches, each with its word) a list (RFC 9110, 5.3)."""
    found: dict[str, str] = {}
    for name, value in fields:
        known = found.get(name.lower())
        found[name.lower()] = value if known is None else f"{known}, {value}"
    return found


async def _read(content: aiohttp.StreamReader, pieces: list[tuple[int, bytes]]) -> Failure | None:
    """Every piece of the body with the moment at which it could be read."""
    size = 0
    while data := await content.readany():
        pieces.append((time.monotonic_ns(), data))
        size += len(data)
        if size > _LONGEST_REPLY_BYTES:
            return Failure(kind="malformed", said=f"a reply of more than {_LONGEST_REPLY_BYTES >> 20} MiB")
    return None


async def _headers_sent(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
    moments: _Moments = context.trace_request_ctx
    moments.sends += 1
    moments.sent_ns = time.monotonic_ns()


async def _body_sent(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
    context.trace_request_ctx.sent_ns = time.monotonic_ns()


def _one_line(error: BaseException) -> str:
    return (" ".join(hidden(str(error)).split()) or type(error).__name__)[:_SAID]
