"""One generation on the simulated server, from its body to its last byte."""

import asyncio
import itertools
import json
import time
from collections.abc import Callable
from typing import Any

from aiohttp import web
from sim import protocols_ollama, protocols_openai, vocabulary
from sim.exchanges import OLLAMA, OPENAI, Exchange, Habits, exchange_of, reply_of
from sim.protocol import Ask, Counts, Done, RefusedError
from sim.server_engine import Engine, Job
from sim.server_faults import Fault, FaultPlan, at, lied, of_kind, spoilt_body
from sim.server_wire import FaultyWire, Wire, chunked, cut, hang

_STRIKE_FIRST = ("status", "hang", "drop", "reset")  # at stage `before`
_STRIKE_PLANNED = ("wrong_model", "stop_short", "length_short", "usage", "cached_reply")
_STRIKE_STREAMS = ("truncate", "malform", "duplicate", "silent", "status")  # otherwise, or not, in a whole body


class Generations:
    """Everything that takes tokens."""

    def __init__(self, engine: Engine, habits: Habits, plan: FaultPlan, refuse: Callable[[float], None]) -> None:
        self.engine, self.habits, self.plan, self._refuse = engine, habits, plan, refuse
        self.totals = {"prompt": 0, "output": 0, "requests": 0}
        self._numbers = itertools.count(1)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """The response; faults may leave it without an end."""
        received_ns, number = time.monotonic_ns(), next(self._numbers)
        protocol, route = _route(request.path)
        name = request.headers.get("X-Request-Id")
        faults = self.plan.chosen(name) if self.plan.faults else ()
        for fault in at("before", faults):
            if fault.kind in _STRIKE_FIRST:
                self._struck(number, name, fault)
                if response := await _before(request, protocol, fault):
                    return response
        try:
            ask = protocol.ask_of(route, await _object(request), self.habits.model)
            if route in OLLAMA.values() and not ask.text:
                return await self._without_work(ask, number)
            exchange = exchange_of(number, ask, self.habits, received_ns, faults, name)
            if not self.engine.has_room:
                raise RefusedError(503, "the queue is full")
        except RefusedError as error:
            return _error(protocol, error.status, error.message)
        for fault in faults:
            if fault.kind in _STRIKE_PLANNED:
                self._struck(number, name, fault)
        return await self._serve(request, exchange)

    async def _serve(self, request: web.BaseRequest, exchange: Exchange) -> web.StreamResponse:
        transport = request.transport
        if transport is None:
            return web.Response()
        cached = of_kind(exchange.faults, "cached_reply")
        respond = self._stream if exchange.ask.stream else self._whole
        try:
            response = await respond(request, exchange, self._from_cache if cached else self.engine.submit)
        finally:  # whoever leaves, queued or at work, takes his work along
            self.engine.cancel(exchange.id)
            if exchange.ask.route in OLLAMA.values():
                self._keep(exchange.ask)
        if fault := of_kind(exchange.faults, "close_idle"):
            self._struck(exchange.id, exchange.name, fault)
            asyncio.get_running_loop().call_later(max(fault.seconds, 1e-3), transport.close)
        if fault := of_kind(exchange.faults, "refuse"):
            self._struck(exchange.id, exchange.name, fault)
            self._refuse(fault.seconds)
        return response

    async def _stream(
        self, request: web.BaseRequest, exchange: Exchange, submit: Callable[[Job], bool]
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": exchange.reply.content_type})
        response.enable_chunked_encoding()
        await response.prepare(request)
        wire = self._wire(request, exchange)
        wire.messages(exchange.reply.opening(), "headers")
        bundle, sent = self.habits.bundle, 0
        job = Job(exchange.work)

        def on_token(produced: int, last: bool) -> bool:
            nonlocal sent
            if produced % bundle == 0 or last:
                if text := exchange.text(sent, produced):
                    wire.token(exchange.reply.token(text), produced)
                sent = produced
            if last:
                done = self._done(exchange, job)
                wire.messages(exchange.reply.closing(done, self._counts(exchange, done)), "end")
                self._after_done(exchange, wire)
            if last or not wire.listening:
                wire.end()
            return wire.listening

        job.on_token = on_token
        if not submit(job):
            wire.messages([exchange.reply.failure("the queue is full")], "end")
            wire.end()
        await wire.sent()
        return response

    async def _whole(
        self, request: web.BaseRequest, exchange: Exchange, submit: Callable[[Job], bool]
    ) -> web.StreamResponse:
        over, transport, job = asyncio.get_running_loop().create_future(), request.transport, Job(exchange.work)

        def on_token(produced: int, last: bool) -> bool:
            if (last or transport.is_closing()) and not over.done():
                over.set_result(last)
            return not transport.is_closing()

        job.on_token = on_token
        if not submit(job):
            return _error(_route(request.path)[0], 503, "the queue is full")
        if not await over:
            return web.Response()
        done = self._done(exchange, job)
        text = exchange.text(0, exchange.work.output_tokens)
        body = exchange.reply.whole(text, done, self._counts(exchange, done))
        return await self._body(request, exchange, body)

    async def _body(self, request: web.BaseRequest, exchange: Exchange, body: bytes) -> web.StreamResponse:
        striking = [f for f in exchange.faults if f.stage != "before"]
        if not striking:
            return web.Response(body=body, content_type="application/json")
        for fault in striking:
            if fault.kind in ("truncate", "malform", "silent"):
                self._struck(exchange.id, exchange.name, fault)
        if of_kind(striking, "silent"):
            body = exchange.reply.broken_off(exchange.text(0, exchange.work.output_tokens // 2))
        body = spoilt_body(body, striking)
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        response.content_length = len(body)
        await response.prepare(request)
        wire = self._wire(request, exchange)
        wire.messages([body[: len(body) // 2]], "first")
        wire.messages([body[len(body) // 2 : -1]], "mid")
        wire.messages([body[-1:]], "end")
        wire.end()
        await wire.sent()
        return response

    def _from_cache(self, job: Job) -> bool:
        """Hands all tokens out at once; the device does nothing."""
        job.start_ns = job.first_ns = job.end_ns = time.monotonic_ns()
        job.first_sent_ns = job.end_sent_ns = job.start_ns
        for produced in range(1, job.work.output_tokens + 1):
            job.on_token(produced, produced == job.work.output_tokens)
        return True

    def _after_done(self, exchange: Exchange, wire: Wire | FaultyWire) -> None:
        if fault := of_kind(exchange.faults, "after_done"):
            self._struck(exchange.id, exchange.name, fault)
            wire.messages([exchange.reply.token(vocabulary.reply_bytes(0, 0, 1))], "end")

    def _wire(self, request: web.BaseRequest, exchange: Exchange) -> Wire | FaultyWire:
        stream, faults = exchange.ask.stream, [f for f in exchange.faults if f.stage != "before"]
        if not stream:
            faults = [f for f in faults if f.kind not in _STRIKE_STREAMS]
        elif not faults:
            return Wire(request.transport)
        return FaultyWire(
            request.transport, faults, exchange.work.output_tokens, frame=chunked if stream else bytes,
            failure=exchange.reply.failure("simulated fault"),
            struck=lambda fault: self._struck(exchange.id, exchange.name, fault),
            abort=lambda: self.engine.cancel(exchange.id),
        )  # fmt: skip

    def _counts(self, exchange: Exchange, done: Done) -> Counts | None:
        lie = of_kind(exchange.faults, "usage")
        return lied(done.counts, lie.how, lie.of) if lie else done.counts

    def _done(self, exchange: Exchange, job: Job) -> Done:
        """What became of it. Loading takes no less than looking whether the model is there, as in Ollama."""
        work, received_ns = exchange.work, exchange.received_ns
        load_ns = job.load_ns + max(0, job.submitted_ns - received_ns)
        self.totals["requests"] += 1
        self.totals["prompt"] += work.prompt_tokens
        self.totals["output"] += work.output_tokens
        counted = {"prompt_tokens": work.prompt_tokens, "cached_tokens": job.cached_tokens,
                   "output_tokens": work.output_tokens, "finish": exchange.finish}  # fmt: skip
        moments = {"received_ns": received_ns, "start_ns": job.start_ns, "first_ns": job.first_ns,
                   "end_ns": job.end_ns, "load_ns": load_ns}  # fmt: skip
        sent = {"first_sent_ns": job.first_sent_ns, "end_sent_ns": job.end_sent_ns}
        about = {"id": exchange.id, "name": exchange.name, "route": exchange.ask.route}
        self.engine.log.request(**about, **counted, **moments, **sent)
        return Done(**counted, **moments)

    def _keep(self, ask: Ask) -> None:
        self.engine.unload_after(self.habits.keep_alive_s if ask.keep_alive_s is None else ask.keep_alive_s)

    async def _without_work(self, ask: Ask, number: int) -> web.StreamResponse:
        """Ollama's empty prompt: loads, or unloads where it is kept alive for 0 s."""
        if ask.keep_alive_s == 0:
            self._keep(ask)
        else:
            await self.engine.load()
            self._keep(ask)
        reason = "unload" if ask.keep_alive_s == 0 else "load"
        reply = reply_of(number, ask, self.habits)
        return web.Response(body=reply.without_work(reason), content_type="application/json")

    def _struck(self, number: int, name: str | None, fault: Fault) -> None:
        self.engine.log.fault(
            at_ns=time.monotonic_ns(), request=number, name=name, kind=fault.kind, stage=fault.stage, how=fault.how
        )


def _route(path: str) -> tuple[Any, str]:
    """The protocol's module, and the route's name in it."""
    return (protocols_openai, OPENAI[path]) if path in OPENAI else (protocols_ollama, OLLAMA[path])


async def _object(request: web.BaseRequest) -> dict[str, Any]:
    try:
        body = json.loads(await request.read())
    except ValueError as error:
        raise RefusedError(400, f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise RefusedError(400, "the body is not a JSON object")
    return body


def _error(protocol: Any, status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    body = protocol.error_body(status, message)
    return web.Response(status=status, body=body, content_type="application/json", headers=headers)


async def _before(request: web.BaseRequest, protocol: Any, fault: Fault) -> web.StreamResponse | None:
    """What a fault before the headers answers; None: it was a pause."""
    if fault.kind == "status":
        message = {503: "Loading model", 429: "rate limit exceeded"}.get(fault.code, "simulated fault")
        headers = {"Retry-After": f"{round(fault.seconds) or 1}"} if fault.code == 429 else None
        return _error(protocol, fault.code, message, headers)
    transport = request.transport
    if fault.kind == "hang" and transport is not None:
        await hang(transport, fault.seconds)
    elif transport is not None:
        cut(transport, fault.kind)
        return web.Response()
    return None
