"""A viewer for load tests: an SSE connection that costs the generator as little as possible.

All viewers of a stream get the same bytes, so what a chunk holds is worked out once and looked up for the others. Bytes
that do not end with a chunk are kept until the rest comes.
"""

import asyncio
import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from reference_impl.protocol.cursor import Cursor
from reference_impl.protocol.sse import ReceivedEvent, SseParser

KNOWN_MAX = 4_096  # pieces of text remembered
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Piece:
    """What a run of whole chunks holds: comments by sequence number, and gaps that the server announced."""

    seqs: tuple[int, ...]
    gaps: tuple[range, ...]
    consecutive: bool
    reconnect_ms: int | None = None  # the server goes away: come back so long from now


def split_chunks(data: bytes) -> tuple[bytes, bytes]:
    """Take whole HTTP chunks off the front: (their bodies joined, what is left)."""
    bodies = []
    at = 0
    while (end := data.find(b"\r\n", at)) >= 0:
        size = int(data[at:end], 16)
        after = end + 2 + size + 2
        if after > len(data):
            break
        bodies.append(data[end + 2 : after - 2])
        at = after
    return b"".join(bodies), data[at:]


class Decoder:
    """Bytes to pieces, shared by all viewers of a process."""

    def __init__(self) -> None:
        self._known: dict[bytes, Piece] = {}

    def decode(self, data: bytes) -> tuple[Piece, bytes]:
        """Answer what the whole chunks hold, and the bytes after them."""
        piece = self._known.get(data)
        if piece is not None:
            return piece, b""
        body, rest = split_chunks(data)
        piece = piece_of(SseParser().feed(body))
        if not rest:
            if len(self._known) >= KNOWN_MAX:
                self._known.clear()
            self._known[data] = piece
        return piece, rest


def piece_of(events: Iterable[ReceivedEvent]) -> Piece:
    seqs, gaps, reconnect_ms = [], [], None
    for event in events:
        if event.event == "reconnect":
            reconnect_ms = int(json.loads(event.data)["after_ms"])
        elif event.event == "comment":
            seqs.append(Cursor.parse(event.id).seq)
        elif event.event == "gap":
            gaps.append(_gap(event.data))
    consecutive = bool(seqs) and not gaps and seqs == list(range(seqs[0], seqs[0] + len(seqs)))
    return Piece(tuple(seqs), tuple(gaps), consecutive, reconnect_ms)


def _gap(data: str) -> range:
    fields = json.loads(data)
    return range(fields["from"], fields["to"] + 1)


@dataclass(slots=True)
class Tally:
    """What one viewer got, against what it should have got."""

    next_seq: int
    delivered: int = 0
    skipped: int = 0  # announced by a gap
    duplicated: int = 0
    reordered: int = 0
    missing: set[int] = field(default_factory=set)

    def take(self, piece: Piece) -> None:
        if piece.consecutive and piece.seqs[0] == self.next_seq:
            self.next_seq += len(piece.seqs)
            self.delivered += len(piece.seqs)
            return
        seqs = deque(piece.seqs)
        for gap in piece.gaps:
            while seqs and seqs[0] < gap.start:
                self._take_one(seqs.popleft())
            self._skip(gap)
        for seq in seqs:
            self._take_one(seq)

    def lost(self, head: int) -> int:
        """How many of the comments up to ``head`` never came and were not announced as a gap."""
        return len(self.missing) + max(0, head + 1 - self.next_seq)

    def _skip(self, gap: range) -> None:
        self.missing.update(range(self.next_seq, gap.start))
        self.skipped += len(gap)
        self.next_seq = max(self.next_seq, gap.stop)

    def _take_one(self, seq: int) -> None:
        if seq >= self.next_seq:
            self.missing.update(range(self.next_seq, seq))
            self.next_seq = seq + 1
            self.delivered += 1
        elif seq in self.missing:
            self.missing.discard(seq)
            self.reordered += 1
            self.delivered += 1
        else:
            self.duplicated += 1


class ViewerConnection(asyncio.Protocol):
    """One connection: sends the request, passes the headers over, hands pieces on.

    ``away_s``: the server has refused it, and wants to be left alone for so long; None before that.
    """

    def __init__(
        self,
        request: bytes,
        decoder: Decoder,
        on_piece: Callable[[Piece], None],
        on_open: Callable[[], None],
        on_lost: Callable[[str], None],
    ) -> None:
        self._request = request
        self._decoder = decoder
        self._on_piece = on_piece
        self._on_open = on_open
        self._on_lost = on_lost
        self._rest = b""
        self._open = False
        self.away_s: float | None = None
        self._reason = "the connection was closed"
        self._transport: asyncio.Transport = cast(asyncio.Transport, None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        if not self._open:
            data = self._headers(data)
            if not self._open:
                self._rest = data
                return
        piece, self._rest = self._decoder.decode(data)
        if piece.seqs or piece.gaps or piece.reconnect_ms is not None:
            self._on_piece(piece)

    def connection_lost(self, exc: Exception | None) -> None:
        self._on_lost(str(exc) if exc else self._reason)

    def close(self) -> None:
        self._transport.abort()

    def read(self, on: bool) -> None:
        """Go on reading, or stop: then the kernels take as much as they have room for."""
        if on:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def _headers(self, data: bytes) -> bytes:
        """Pass over the response's headers once they are whole; answer what is still to be read."""
        head, end, body = data.partition(b"\r\n\r\n")
        if not end:
            return data
        status = head.partition(b"\r\n")[0].decode("latin-1")
        if " 200 " not in status:
            if (problem := _problem(head, body)) is None:
                return data
            self.away_s = float(problem.get("retry_after_s", 0.0))
            self._reason = f"the server answered {status[:80]!r}"
            self._transport.abort()
            return b""
        self._open = True
        self._on_open()
        return body


def _problem(head: bytes, body: bytes) -> Mapping[str, Any] | None:
    """What a refusal says; None until all of it is there, and nothing where it is in no words of the server's."""
    length = _LENGTH.search(head)
    if length is None:
        return {}
    if len(body) < int(length[1]):
        return None
    try:
        said = json.loads(body[: int(length[1])])
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
