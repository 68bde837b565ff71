"""Server-sent events as text (WHATWG HTML, section 9.2), written and read.

Log events carry an ``id:``, so that a browser's ``Last-Event-ID`` is always a position in the log. A `gap` carries one
too, its ``to``: whoever reconnects after it resumes behind it. Heartbeats carry none.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from reference_impl.protocol.message import Frame, Message


def sse_text(message: Message) -> str:
    """One event."""
    position = f"id: {message.id}\n" if message.id else ""
    return f"event: {message.event}\n{position}data: {message.data}\n\n"


def sse_chunk(frame: Frame) -> bytes:
    """A frame as server-sent events in one HTTP chunk."""
    return chunk("".join(map(sse_text, frame.messages)))


def retry_text(retry_ms: int) -> str:
    """Tell the browser how long to wait before it reconnects."""
    return f"retry: {retry_ms}\n\n"


def chunk(text: str) -> bytes:
    """Frame text as one HTTP/1.1 chunk (RFC 9112, section 7.1)."""
    body = text.encode()
    return b"%x\r\n%b\r\n" % (len(body), body)


LAST_CHUNK = b"0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class ReceivedEvent:
    """An event as a client reads it; ``id`` is empty when it has none."""

    event: str
    id: str
    data: str


class SseParser:
    """Reads a byte stream fed in any pieces; comments and fields it does not know are passed over.

    A line longer than ``line_max`` raises ValueError: nobody sends one in good faith, and it bounds the buffer.
    """

    def __init__(self, line_max: int = 1024 * 1024) -> None:
        self._buffer = b""
        self._fields: dict[str, str] = {}
        self._line_max = line_max

    def feed(self, data: bytes) -> Iterator[ReceivedEvent]:
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        if max(map(len, (*lines, self._buffer))) > self._line_max:
            raise ValueError(f"an SSE line has over {self._line_max} bytes")
        for line in lines:
            if event := self._line(line.rstrip(b"\r").decode("utf-8", "replace")):
                yield event

    def _line(self, line: str) -> ReceivedEvent | None:
        if not line:
            fields, self._fields = self._fields, {}
            if "data" not in fields:
                return None
            return ReceivedEvent(fields.get("event", "message"), fields.get("id", ""), fields["data"])
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        self._fields[name] = f"{self._fields[name]}\n{value}" if name == "data" and "data" in self._fields else value
        return None
