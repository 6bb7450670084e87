"""How a simulated reply goes out: straight to the transport, or through the faults that were asked for."""

import asyncio
import socket
import struct
from collections.abc import Callable, Sequence

from sim.server_faults import STREAM, Fault, at, spoilt_message

_POLL_S = 0.02  # how soon a hanging reply notices that nobody waits for it any longer


def chunked(message: bytes) -> bytes:
    """A message as one chunk of HTTP/1.1's chunked coding (RFC 9112, section 7.1; checked 2026-11-21)."""
    return b"%x\r\n%b\r\n" % (len(message), message)


class Wire:
    """A stream without faults: every message is one write, and nobody is woken for it."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def listening(self) -> bool:
        """Whether the client is still there."""
        return not self._transport.is_closing()

    def token(self, message: bytes, produced: int) -> None:
        """A message with tokens, up to this one."""
        self._transport.write(chunked(message))
        if self._transport.is_closing():
            self.end()

    def messages(self, messages: Sequence[bytes], stage: str) -> None:
        """Several messages in one write."""
        if messages:
            self._transport.write(b"".join(map(chunked, messages)))

    def end(self) -> None:
        """Nothing more will come."""
        if not self._over.done():
            self._over.set_result(None)

    async def sent(self) -> None:
        """Returns when all is sent."""
        await self._over


class FaultyWire:
    """The same through faults: messages wait in a queue, and what strikes decides what becomes of them."""

    def __init__(
        self, transport: asyncio.Transport, faults: Sequence[Fault], tokens: int, *,
        frame: Callable[[bytes], bytes], failure: bytes,
        struck: Callable[[Fault], None], abort: Callable[[], None],
    ) -> None:  # fmt: skip
        self._transport, self._faults, self._tokens = transport, faults, tokens
        self._frame, self._failure, self._struck, self._abort = frame, failure, struck, abort
        self._queue: asyncio.Queue[tuple[str, bytes] | None] = asyncio.Queue()
        self._slow: Fault | None = None
        self._cut = False

    @property
    def listening(self) -> bool:
        """Whether the client is still there."""
        return not self._transport.is_closing()

    def token(self, message: bytes, produced: int) -> None:
        """A message with tokens, up to this one."""
        self._queue.put_nowait(("mid" if 2 * produced > self._tokens else "first", message))

    def messages(self, messages: Sequence[bytes], stage: str) -> None:
        """Messages that belong to a stage."""
        for one in messages:
            self._queue.put_nowait((stage, one))

    def end(self) -> None:
        """Nothing more will come."""
        self._queue.put_nowait(None)

    async def sent(self) -> None:
        """Sends what comes, faults included, until the end or what a fault makes of it."""
        ahead = list(STREAM)
        while not self._cut:
            item = await self._item(ahead)
            if item is None:
                return
            stage, message = item
            out = [message]
            while ahead and ahead[0] in STREAM[: STREAM.index(stage) + 1]:
                for fault in at(ahead.pop(0), self._faults):
                    out = await self._strike(fault, out)
            for one in out:
                await self._write(one)

    async def _item(self, ahead: list[str]) -> tuple[str, bytes] | None:
        if "headers" in ahead:  # a fault after the headers does not wait for the first token
            ahead.remove("headers")
            for fault in at("headers", self._faults):
                await self._strike(fault, [])
            if self._cut:
                return None
        return await self._queue.get()

    async def _strike(self, fault: Fault, out: list[bytes]) -> list[bytes]:
        if self._cut:
            return []
        if fault.kind == "hang":
            self._struck(fault)
            await hang(self._transport, fault.seconds)
        elif fault.kind in ("drop", "reset"):
            self._struck(fault)
            cut(self._transport, fault.kind)
            self._stop()
            return []
        elif fault.kind in ("silent", "status"):
            self._struck(fault)
            if fault.kind == "status":
                await self._write(self._failure)
            self._stop()
            return []
        elif fault.kind in ("truncate", "malform", "duplicate"):
            self._struck(fault)
            return [*spoilt_message(out[0], fault), *out[1:]]
        elif fault.kind == "dribble":
            self._struck(fault)
            self._slow = fault
        return out

    def _stop(self) -> None:
        self._cut = True
        self._abort()

    async def _write(self, message: bytes) -> None:
        if self._slow is None:
            self._transport.write(self._frame(message))
            return
        for at_byte in range(0, len(message), self._slow.size):
            if self._transport.is_closing():
                return
            self._transport.write(self._frame(message[at_byte : at_byte + self._slow.size]))
            await asyncio.sleep(self._slow.seconds)


async def hang(transport: asyncio.Transport, duration_s: float) -> None:
    """Nothing happens for so long (0: for ever), or until the client leaves."""
    loop = asyncio.get_running_loop()
    until_s = loop.time() + duration_s if duration_s else float("inf")
    while loop.time() < until_s and not transport.is_closing():
        await asyncio.sleep(min(_POLL_S, max(0.0, until_s - loop.time())))


def cut(transport: asyncio.Transport, kind: str) -> None:
    """Closes the connection: in order, or with RST."""
    if kind == "reset":
        # a linger of 0 s: closing discards what is unsent and sends RST, as a test sees
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    else:
        transport.close()
