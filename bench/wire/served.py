"""A session with a server: one event loop and one pool of connections from loading to the end.

Inside a window requests are sent and the pieces of replies kept; `take` reads them afterwards, through the dialect
of the server's protocol.
"""

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from types import MappingProxyType, TracebackType
from typing import Protocol, Self, TypeAlias

from bench.errors import BadInput, CannotRun
from bench.nouns import (
    Endpoint,
    Fact,
    Identity,
    Loaded,
    LoadSpec,
    Outcome,
    Request,
    Send,
    Usage,
)
from bench.physics.rules import FEWEST_ANSWERS
from bench.units import S_PER_NS
from bench.wire.answer import Answer, refused, without_cached
from bench.wire.exchange import Call, Reply, Wire
from bench.wire.probe import ask
from bench.wire.same import Known
from bench.wire.streamed import NOTHING, Delivered, overstated, together
from bench.wire.wording import fresh_serial

_PROBES, _PROBE = 2, Usage(requests=1, prompt_tokens=32, output_tokens=32)
NO_FACTS: Mapping[str, Fact] = MappingProxyType({})


def served_record(
    engine: str,
    spec: LoadSpec,
    identity: Identity,
    notes: Sequence[str] = (),
    facts: Mapping[str, Fact] = NO_FACTS,
) -> Loaded:
    """What a server was found to run, as it said itself. Raises BadInput where no server was named."""
    endpoint = endpoint_of(spec, engine)
    own = {"setup": endpoint.setup} if endpoint.setup else {}
    return Loaded(
        engine=engine,
        engine_version=endpoint.told(identity.version),
        precision=identity.precision,
        weights=spec.weights,
        device=endpoint.device,
        device_name=endpoint.url,
        parameters=identity.parameters,
        notes=(*identity.notes, *notes),
        facts={**identity.facts, **facts, **own},
    )


def endpoint_of(spec: LoadSpec, engine: str) -> Endpoint:
    """The server that was named. Raises BadInput where none was."""
    if spec.endpoint is None:
        raise BadInput(
            f"{engine} needs a server: joulemark run endpoint --engine {engine} --endpoint URL --model NAME"
        )
    return spec.endpoint


class Dialect(Protocol):
    """How a protocol spells a request, and what its replies mean. Pure: no clock, no connection."""

    def call(self, request: Request, serial: int) -> Call:
        """The request, with a beginning of its own: no two serials share a prefix."""
        ...

    def read(self, request: Request, reply: Reply) -> Answer:
        """What the reply delivered. The transport has not failed."""
        ...


# How a workload's requests are spelt and read, and what was found of them before any is sent.
Prepare: TypeAlias = Callable[[Sequence[Request]], tuple[Dialect, Mapping[str, Fact]]]


@dataclass(frozen=True, slots=True)
class _Sent:
    request: Request
    due_ns: int
    reply: Reply


class ServedSession:
    """A model behind a server, as the runner drives it."""

    def __init__(
        self,
        loaded: Loaded,
        dialect: Dialect,
        timeout_s: float,
        alone_token_s: float = 0.0,
        probed: Delivered = NOTHING,
        *,
        known: Known | None = None,
        repeats: str | None = None,
        prepare: Prepare | None = None,
    ) -> None:
        self._loaded = self._found = loaded
        self._prepare = prepare
        self._known = known
        self._repeats = repeats  # why a text that comes again is no work done; None: it is
        self._dialect = dialect
        self._timeout_s = timeout_s
        self._alone_token_s = alone_token_s  # what a token took when nothing else was asked
        self._probed = probed  # what came then
        self._came: list[Delivered] = []  # of the last sound answers, for windows of few
        self._serial = fresh_serial()
        self._sent: list[_Sent] = []

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            self._loop = opened.enter_context(asyncio.Runner())
            self._wire = self._loop.run(Wire(self._timeout_s).__aenter__())
            self._held = opened.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.run(self._wire.__aexit__(kind, error, trace))
        self._held.close()

    @property
    def loaded(self) -> Loaded:
        """What the server was found to run."""
        return self._loaded

    def stage(self, requests: Sequence[Request]) -> tuple[Request, ...]:
        """The same requests: each is spelt when it is sent, with a beginning of its own.

        Raises CannotRun for declared texts, which come again, where the server keeps the answers that it gave, and
        BadInput for a text that can't be sent as it is.
        """
        if self._repeats and any(request.text for request in requests):
            raise CannotRun(self._repeats)
        if self._prepare:
            self._dialect, facts = self._prepare(requests)
            self._loaded = replace(self._found, facts={**self._found.facts, **facts})
        return tuple(requests)

    def run(self, batch: Sequence[Request]) -> Sequence[Outcome]:
        """Sends all of them at once and waits for every answer."""

        async def at_once(send: Send) -> None:
            due_ns = time.monotonic_ns()
            await asyncio.gather(*(send(request, due_ns) for request in batch))

        self.drive(at_once)
        return self.take()

    def drive(self, play: Callable[[Send], Awaitable[None]]) -> None:
        """Runs `play` on the session's loop; the garbage collector waits, so that no pause of it is a latency."""

        async def main() -> None:
            await play(self._send)

        gc.disable()
        try:
            self._loop.run(main())
        finally:
            gc.enable()

    def take(self) -> Sequence[Outcome]:
        """What was sent since the last call, read."""
        sent, self._sent = sorted(self._sent, key=lambda one: one.reply.start_ns), []
        answers = [self._answer(one) for one in sent]
        came = [_delivered(one) for one in answers if one.error is None]
        judged = [*self._came, *came][-max(len(came), FEWEST_ANSWERS) :]
        self._came = judged[-FEWEST_ANSWERS:]
        if wrong := overstated(self._probed, judged):
            answers = [one if one.error else refused("usage", wrong) for one in answers]
        return [_outcome(one, answer) for one, answer in zip(sent, answers, strict=True)]

    def change(self) -> str | None:
        """How the server is another than when the session began; None: it is the same."""
        return self._known.change() if self._known else None

    async def _send(self, request: Request, due_ns: int) -> bool:
        self._serial += 1
        reply = await self._wire.exchange(self._dialect.call(request, self._serial))
        self._sent.append(_Sent(request, due_ns, reply))
        return reply.failure is None and reply.status is not None and reply.status < 400

    def _answer(self, sent: _Sent) -> Answer:
        """What a reply counts for, or why it counts for nothing."""
        reply = sent.reply
        if reply.failure:
            return refused(reply.failure.kind, reply.failure.said)
        answer = self._dialect.read(sent.request, reply)
        if answer.error:
            return answer
        return without_cached(answer, (reply.end_ns - reply.start_ns) * S_PER_NS, self._alone_token_s)


def first_streams(dialect: Dialect, timeout_s: float) -> Delivered:
    """What comes of a few requests, one at a time, before anything is measured; those refused are left out.

    Raises CannotRun where nobody answers.
    """
    found = []
    for number in range(_PROBES):
        request = Request(id=f"probe-{number}", asked=_PROBE)
        answer = dialect.read(request, ask(dialect.call(request, fresh_serial()), timeout_s))
        found += [] if answer.error else [_delivered(answer)]
    return together(found)


def _delivered(answer: Answer) -> Delivered:
    tokens = answer.achieved.output_tokens or 0
    return Delivered(tokens=tokens, pieces=answer.pieces, characters=answer.characters)


def checked_by(probed: Delivered) -> dict[str, Fact]:
    """For the record: what counts are held against, so that it can be seen where nothing is."""
    return {
        "probe_tokens": probed.tokens, "probe_pieces": probed.pieces, "probe_characters": probed.characters,
    }  # fmt: skip


def _outcome(sent: _Sent, answer: Answer) -> Outcome:
    return Outcome(
        request_id=sent.request.id,
        batch_id=0,
        start_ns=sent.reply.start_ns,
        first_output_ns=answer.first_output_ns,
        end_ns=sent.reply.end_ns,
        requested=sent.request.asked,
        achieved=answer.achieved,
        error=answer.error and f"{answer.cause}: {answer.error}",
        cause=answer.cause,
        due_ns=sent.due_ns,
        sent_ns=sent.reply.sent_ns,
        output_ns=answer.output_ns,
        server=answer.server,
        said=answer.said,
        meant=None if answer.said is None else sent.request.meant,
        ended=answer.ended,
    )
