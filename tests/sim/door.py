"""A door before a server: what can go wrong with a connection before a server has heard a word of it.

open         passes everything on, both ways
refuse       nobody listens
unanswered   the handshake is never answered
close        taken, and closed at once
reset        taken, and reset (RST) at once
silent       taken, and not a word comes
noise        taken, and another protocol answers
"""

import os
import select
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

MODES = ("open", "refuse", "unanswered", "close", "reset", "silent", "noise")
_NOISE = b"220 mail.example ESMTP\r\n"
_PIECE = 1 << 16


class Door:
    """One port that stands for a server's own; its modes change while clients hold its address."""

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        self._server = (place.hostname, place.port)
        self._listening = _listener(0)
        self._port = self._listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self._mode = "open"
        self._held: list[socket.socket] = []  # connections that nobody serves
        self._wake_read, self._wake = os.pipe()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def set(self, mode: str) -> None:
        """This mode from now on; connections that are open are closed. Raises ValueError."""
        if mode not in MODES:
            raise ValueError(f"door {mode!r}: one of {', '.join(MODES)}")
        self._stop()
        for one in (*self._held, self._listening):
            one.close()
        self._held, self._mode = [], mode
        if mode == "refuse":
            return
        self._listening = _listener(self._port, backlog=0 if mode == "unanswered" else 128)
        if mode == "unanswered":  # a queue that is full drops every further handshake (Linux, tcp(7), listen(2))
            self._held = [_knocking(self._port) for _ in range(4)]
            return
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def shut(self) -> None:
        """Nothing is left open."""
        self.set("refuse")
        os.close(self._wake)
        os.close(self._wake_read)

    def _stop(self) -> None:
        if self._thread.is_alive():
            os.write(self._wake, b".")
            self._thread.join()
            os.read(self._wake_read, 1)

    def _serve(self) -> None:
        ways: dict[socket.socket, socket.socket] = {}  # each end of a connection, and the other
        while True:
            ready, _, _ = select.select([self._wake_read, self._listening, *ways], [], [])
            if self._wake_read in ready:
                break
            for one in ready:
                if one is self._listening:
                    self._taken(one.accept()[0], ways)
                elif one in ways and not _passed(one, ways[one]):
                    other = ways.pop(one)
                    ways.pop(other, None)
                    one.close()
                    other.close()
        for one in ways:
            one.close()

    def _taken(self, client: socket.socket, ways: dict[socket.socket, socket.socket]) -> None:
        if self._mode == "open":
            server = socket.create_connection(self._server)
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            ways |= {client: server, server: client}
        elif self._mode == "silent":
            self._held.append(client)
        else:
            if self._mode == "reset":  # a linger of 0 s: closing sends RST
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif self._mode == "noise":
                client.sendall(_NOISE)
                client.shutdown(socket.SHUT_WR)
                self._held.append(client)
                return
            client.close()


@contextmanager
def door_before(url: str) -> Iterator[Door]:
    """A door before the server at this address."""
    door = Door(url)
    try:
        yield door
    finally:
        door.shut()


def _listener(port: int, backlog: int = 128) -> socket.socket:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("127.0.0.1", port))
    made.listen(backlog)
    return made


def _knocking(port: int) -> socket.socket:
    made = socket.socket()
    made.setblocking(False)
    with suppress(BlockingIOError):
        made.connect(("127.0.0.1", port))
    return made


def _passed(one: socket.socket, other: socket.socket) -> bool:
    """Whether something came and was handed on; False: that end has closed."""
    try:
        data = one.recv(_PIECE)
        if data:
            other.sendall(data)
    except OSError:
        return False
    return bool(data)
