"""uvicorn's protocol, but that a request's head may neither grow nor be waited for without end."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD_BYTES = 64 * 1024  # what nginx and Apache take is a quarter of it or less; chosen
LONGEST_HEAD_S = 10.0  # chosen


class BoundedHeads(HttpToolsProtocol):
    """One connection. A head that is too long, or not whole in time, ends it."""

    _late: asyncio.TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """A connection, of which a head is to come."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """No more of it."""
        self._known()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """The first bytes of a request."""
        self._head_bytes = 0
        if self._late is None:
            self._wait()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is whole; its body has limits of its own."""
        self._known()
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Some bytes; they count for the head until it is whole, for a body may follow in the same piece."""
        super().data_received(data)
        if self._late is not None:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES:
                self.transport.close()

    def _wait(self) -> None:
        self._late = self.loop.call_later(LONGEST_HEAD_S, self._end)

    def _end(self) -> None:
        self._late = None
        self.transport.close()

    def _known(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
