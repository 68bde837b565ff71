"""Proxies as they stand between people and servers: one that knows no WebSocket, and ones that hold answers back."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

READ_MAX = 65_536
END_OF_HEAD = b"\r\n\r\n"
HELLO, HEARTBEAT = b"event: hello", b"event: heartbeat"
REFUSAL = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
IMPATIENCE = b"HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

Pass = Callable[[bytes], bytes]
"""What of the server's bytes is let through now."""


class Proxy:
    """Carries bytes between a browser and the server, and answers 400 to whoever asks for a WebSocket.

    `holder` makes what the answer to a request for events goes through, anew for each. A request with one of the texts
    in `impatient_of` is answered 504.
    """

    def __init__(self, server: str, holder: Callable[[], Pass] | None = None, *impatient_of: bytes) -> None:
        self.knows_websockets = False
        self.impatient_of = impatient_of
        self._holder = holder
        address = urlsplit(server)
        self._server = (str(address.hostname), int(address.port or 80))
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = {self._listening}
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for opened in list(self._open):
            _shut(opened)

    def _accept(self) -> None:
        while True:
            try:
                browser, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(browser,), daemon=True).start()

    def _carry(self, browser: socket.socket) -> None:
        try:
            server = socket.create_connection(self._server)
        except OSError:  # it has ended
            _shut(browser)
            return
        self._open |= {browser, server}
        held: list[Pass] = []
        threading.Thread(target=self._bring_back, args=(server, browser, held), daemon=True).start()
        for request in _read(browser):
            if b"upgrade: websocket" in request.lower() and not self.knows_websockets:
                _send(browser, REFUSAL)
                break
            if any(text in request for text in self.impatient_of):
                _send(browser, IMPATIENCE)
                break
            if self._holder and b"/events?" in request:
                held.append(self._holder())
            _send(server, request)
        _shut(server)
        _shut(browser)

    def _bring_back(self, server: socket.socket, browser: socket.socket, held: list[Pass]) -> None:
        for answer in _read(server):
            _send(browser, held[-1](answer) if held else answer)
        _shut(browser)


class HoldEverything:
    """Lets the head of an answer through and nothing of its body."""

    def __init__(self) -> None:
        self._head = b""
        self._passed = False

    def __call__(self, data: bytes) -> bytes:
        self._head += data
        head, end, _ = self._head.partition(END_OF_HEAD)
        if self._passed or not end:
            return b""
        self._passed = True
        return head + end


class HoldHeartbeats:
    """Lets the greeting through at once, and from then on four heartbeats at a time."""

    def __init__(self) -> None:
        self._held = b""
        self._awaited = (HELLO, 1)

    def __call__(self, data: bytes) -> bytes:
        self._held += data
        name, count = self._awaited
        if self._held.count(name) < count and name is HEARTBEAT:
            return b""
        if name in self._held:
            self._awaited = (HEARTBEAT, 4)
        held, self._held = self._held, b""
        return held


@contextmanager
def running(proxy: Proxy) -> Iterator[str]:
    """The proxy's address, as long as it is wanted."""
    try:
        yield proxy.url
    finally:
        proxy.close()


def _read(sock: socket.socket) -> Iterator[bytes]:
    try:
        while data := sock.recv(READ_MAX):
            yield data
    except OSError:
        return


def _send(sock: socket.socket, data: bytes) -> None:
    with suppress(OSError):  # the reader of that side finds out
        sock.sendall(data)


def _shut(sock: socket.socket) -> None:
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()
