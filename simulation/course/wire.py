"""What a comment takes on the wire, by the server's own encoding."""

from reference_impl.protocol.events import Event, EventKind, author_data, comment_data
from reference_impl.protocol.message import Frame, of_event
from reference_impl.protocol.sse import sse_chunk

ID = "019a9f3c-7e2b-7c41-9d6a-3f1e5b8c2d47"  # as long as any
AT_MS = 1_790_000_000_000
SEQ = 10_000  # of five digits, as most of a run
SHORT_MAX = 125  # bytes of a WebSocket frame whose length is in its second byte (RFC 6455, section 5.2)


def sized(user: str, text: str) -> dict[str, int]:
    """Bytes of one comment in a write of its own, by transport; "text" is what its author has typed.

    "sse" is an event in an HTTP chunk, "websocket" a text frame of one line. The headers of packets come on top.
    """
    frame = frame_of([(user, text)])
    line_bytes = len(frame.messages[0].line.encode())
    header_bytes = 2 if line_bytes <= SHORT_MAX else 4
    return {"text": len(text.encode()), "sse": len(sse_chunk(frame)), "websocket": header_bytes + line_bytes}


def frame_of(comments: list[tuple[str, str]]) -> Frame:
    """What is written at once of these (user, text)."""
    return Frame(
        of_event(
            Event(
                stream="final", epoch=1, seq=SEQ + number, kind=EventKind.COMMENT, id=ID, at_ms=AT_MS,
                data=comment_data(author_data(user, user), text, []),
            )
        )
        for number, (user, text) in enumerate(comments)
    )  # fmt: skip
