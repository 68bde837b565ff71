"""An HTTP/1.1 connection for load tests that asks one thing at a time, and the requests that a browser would send."""

import asyncio
import zlib
from dataclasses import dataclass
from typing import Self, cast

from reference_impl.protocol.sse import LAST_CHUNK
from simulation.engines.sse_client import split_chunks

BROWSER = (  # what Chromium adds to a request of a page's script
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    "Accept: */*",
    "Accept-Language: en-GB,en;q=0.9",
    "Sec-Fetch-Site: same-origin",
    "Sec-Fetch-Mode: cors",
    "Sec-Fetch-Dest: empty",
)
GZIP = "Accept-Encoding: gzip, deflate, br, zstd"
END = b"\r\n\r\n"


def request(path: str, host: str, *fields: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", f"Host: {host}", *BROWSER, *fields, "", ""]).encode()


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    tag: str
    body: bytes  # as it came

    @property
    def text(self) -> bytes:
        """The body, unpacked."""
        return zlib.decompress(self.body, wbits=31) if self.body.startswith(b"\x1f\x8b") else self.body


class Asking(asyncio.Protocol):
    """``sent`` and ``received`` count requests and whole answers."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport = cast(asyncio.Transport, None)
        self.sent = self.received = 0
        self._pieces = b""
        self._answer: asyncio.Future[Answer] | None = None

    @classmethod
    async def opened(cls, host: str, port: int) -> Self:
        _, protocol = await asyncio.get_running_loop().create_connection(cls, host, port)
        return protocol

    @property
    def is_open(self) -> bool:
        return self.transport is not None and not self.transport.is_closing()

    async def ask(self, request: bytes) -> Answer:
        """Send a request and wait for its answer; ConnectionError if there will be none."""
        if not self.is_open:
            raise ConnectionError("the connection was closed")
        self._answer = asyncio.get_running_loop().create_future()
        self.sent += 1
        self.transport.write(request)
        return await self._answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._pieces += data
        head, found, rest = self._pieces.partition(END)
        body = _whole(head, rest) if found else None
        if body is None:
            return
        self._pieces = b""
        self.received += 1
        answer = Answer(int(head[9:12]), _field(head, b"etag").decode(), body)
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError(f"no answer: {exc or 'the connection was closed'}"))


def _whole(head: bytes, rest: bytes) -> bytes | None:
    """The body, once it is all there."""
    if _field(head, b"transfer-encoding") == b"chunked":
        return split_chunks(rest)[0] if rest.endswith(LAST_CHUNK) else None
    return rest if len(rest) >= int(_field(head, b"content-length") or b"0") else None


def _field(head: bytes, name: bytes) -> bytes:
    """The value of a header field; names are compared without regard to case."""
    at = head.lower().find(b"\r\n" + name + b":")
    return b"" if at < 0 else head[at + len(name) + 3 :].partition(b"\r\n")[0].strip()
