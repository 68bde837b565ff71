"""A viewer for tests: a blocking SSE connection that can be dropped at any moment."""

import socket
from collections.abc import Iterator

from reference_impl.protocol.sse import LAST_CHUNK, ReceivedEvent, SseParser
from simulation.engines.sse_client import split_chunks

DEADLINE_S = 120.0  # of what takes a second on a machine that does nothing else


class Follower:
    """Follows a stream; iterate over it for events. ``ended`` is True once the server has ended the response."""

    def __init__(
        self,
        port: int,
        *,
        stream: str = "demo",
        last_event_id: str = "",
        query: str = "",
        extra: bytes = b"",
        receive: int = 0,
        token: str = "",
    ):
        self.socket = socket.socket()
        if receive:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        self.socket.settimeout(DEADLINE_S)
        self.socket.connect(("127.0.0.1", port))
        resume = f"Last-Event-ID: {last_event_id}\r\n" if last_event_id else ""
        resume += f"Authorization: Bearer {token}\r\n" if token else ""
        request = f"GET /v1/streams/{stream}/events{query} HTTP/1.1\r\nHost: x\r\n{resume}\r\n"
        self.socket.sendall(request.encode() + extra)
        self._parser = SseParser()
        self._rest = self._headers()
        self.ended = False

    def _headers(self) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = self.socket.recv(65536)
            if not piece:
                raise ConnectionError(f"the connection ended before the answer: {data!r}")
            data += piece
        head, _, rest = data.partition(b"\r\n\r\n")
        self.status = int(head.split()[1])
        self.head = head.decode("latin-1").lower()
        return rest

    def __iter__(self) -> Iterator[ReceivedEvent]:
        while True:
            body, self._rest = split_chunks(self._rest)
            yield from self._parser.feed(body)
            data = self.socket.recv(65536)
            if not data:
                return
            self.ended = data.endswith(LAST_CHUNK)
            self._rest += data

    def until(self, seq: int) -> list[ReceivedEvent]:
        """Read up to the log event with this number."""
        events = []
        for event in self:
            events.append(event)
            if event.id and int(event.id.split(":")[1]) >= seq:
                break
        return events

    def close(self) -> None:
        self.socket.close()


def seqs(events: list[ReceivedEvent]) -> list[int]:
    return [int(event.id.split(":")[1]) for event in events if event.event == "comment"]
