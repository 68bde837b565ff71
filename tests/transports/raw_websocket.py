"""A WebSocket client that says exactly what it is told to, right or wrong (RFC 6455), for tests of framing."""

import base64
import hashlib
import json
import os
import socket
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.server.conftest import DEADLINE_S

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
FIN = 0x80
MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
KEY = base64.b64encode(bytes(range(16))).decode()
ACCEPT = base64.b64encode(hashlib.sha1((KEY + MAGIC).encode()).digest()).decode()
HANDSHAKE = {
    "Host": "x",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
}


@dataclass(frozen=True)
class Frame:
    """A frame from the server."""

    opcode: int
    data: bytes
    fin: bool = True
    reserved: int = 0

    @property
    def close_code(self) -> int:
        return struct.unpack("!H", self.data[:2])[0]


def frame(opcode: int, data: bytes = b"", *, fin: bool = True, reserved: int = 0, masked: bool = True) -> bytes:
    """A frame as a client sends it, unless it is told to make it wrong."""
    first = (FIN if fin else 0) | reserved << 4 | opcode
    mask_bit = 0x80 if masked else 0
    if len(data) < 126:
        head = struct.pack("!BB", first, mask_bit | len(data))
    elif len(data) < 65536:
        head = struct.pack("!BBH", first, mask_bit | 126, len(data))
    else:
        head = struct.pack("!BBQ", first, mask_bit | 127, len(data))
    if not masked:
        return head + data
    mask = os.urandom(4)
    whole = int.from_bytes(data) ^ int.from_bytes((mask * (len(data) // 4 + 1))[: len(data)])
    return head + mask + whole.to_bytes(len(data))


def close_frame(code: int | None = None, reason: bytes = b"") -> bytes:
    return frame(CLOSE, b"" if code is None else struct.pack("!H", code) + reason)


class RawWebSocket:
    """A connection to a stream's WebSocket; `answer` has the status and the headers of the handshake."""

    def __init__(self, port: int, stream: str, *, method: str = "GET", **headers: str | None) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), DEADLINE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        fields = HANDSHAKE | {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [f"{name}: {value}" for name, value in fields.items() if value is not None]
        request = "\r\n".join([f"{method} /v1/streams/{stream}/websocket HTTP/1.1", *lines, "", ""])
        self.socket.sendall(request.encode())
        self._received = b""
        self._read_head()

    def _read_head(self) -> None:
        while b"\r\n\r\n" not in self._received:
            self._receive()
        head, _, self._received = self._received.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        self.status = int(first.split()[1])
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}

    def body(self) -> Any:
        """The JSON of a handshake that was refused."""
        while len(self._received) < int(self.headers["content-length"]):
            self._receive()
        return json.loads(self._received)

    def send(self, *frames: bytes) -> None:
        self.socket.sendall(b"".join(frames))

    def say(self, ref: str) -> None:
        """Something that the server understands well enough to answer it."""
        self.send(frame(TEXT, question(ref)))

    def frames(self) -> Any:
        """Frames as they come, until the server has ended the connection."""
        while True:
            try:
                yield self._frame()
            except EOFError:
                return

    def control(self) -> list[Frame]:
        """All control frames until the server has ended the connection."""
        return list(control_of(self.frames()))

    def closed_with(self) -> int:
        """The code of the close frame that the server sends before it ends the connection."""
        last = self.control()[-1]
        assert last.opcode == CLOSE
        return last.close_code

    def next_control(self) -> Frame:
        return next(control_of(self.frames()))

    def answer(self) -> dict[str, Any]:
        """The next answer; other messages are passed over, and so are control frames."""
        for each in self.frames():
            for line in each.data.decode().split("\n") if each.opcode == TEXT else ():
                message = json.loads(line)
                if message["event"] == "answer":
                    return dict(message["data"])
        raise AssertionError("the connection ended before the answer")

    def close(self) -> None:
        self.socket.close()

    def _frame(self) -> Frame:
        first, second = self._take(2)
        assert not second & 0x80, "a server does not mask"
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack("!H", self._take(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", self._take(8))
        return Frame(first & 0x0F, self._take(size), bool(first & FIN), first >> 4 & 0x07)

    def _take(self, size: int) -> bytes:
        while len(self._received) < size:
            self._receive()
        taken, self._received = self._received[:size], self._received[size:]
        return taken

    def _receive(self) -> None:
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError as error:
            raise EOFError from error
        if not data:
            raise EOFError
        self._received += data


def control_of(frames: Iterable[Frame]) -> Iterator[Frame]:
    """The control frames among these, without the server's own pings, which come whenever it is time."""
    return (each for each in frames if each.opcode >= CLOSE and each.opcode != PING)


def question(ref: str, size: int = 0) -> bytes:
    """A message of an unknown type, of so many bytes at least; the server answers it with status 400 and its ref."""
    text = json.dumps({"type": "none", "ref": ref, "filling": ""}, ensure_ascii=False).encode()
    return text[:-2] + b"x" * max(0, size - len(text)) + text[-2:]
