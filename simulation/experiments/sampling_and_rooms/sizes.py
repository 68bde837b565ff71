"""What a comment and a `shed` take on the wire, by the server's own encoding of a recorded chat."""

from dataclasses import replace
from statistics import fmean

from reference_impl.protocol.events import Event, EventKind, author_data, comment_data
from reference_impl.protocol.message import Shedding, of_event, shown_of
from reference_impl.protocol.sse import sse_text
from simulation.trace import load_trace

ID = "019a9f3c-7e2b-7c41-9d6a-3f1e5b8c2d47"  # as long as any
AT_MS = 1_790_000_000_000
SEQ = 10_000  # of five digits, as most of a run


def sizes(trace: str, window_ms: int) -> dict[str, float]:
    """Bytes, on average: of a comment as an event of a stream, and of what says how many are left out."""
    messages = [of_event(_event(SEQ + number, *row[1:])) for number, row in enumerate(load_trace(trace))]
    frame = shown_of(1, SEQ, SEQ + 49, messages[:1], Shedding("budget", window_ms))
    return {
        "comment_bytes": fmean(len(sse_text(replace(message, id="")).encode()) for message in messages),
        "shed_bytes": float(len(sse_text(frame.messages[-1]).encode())),
    }


def _event(seq: int, user: str, text: str) -> Event:
    data = comment_data(author_data(user, user), text, [])
    return Event(stream="final", epoch=1, seq=seq, kind=EventKind.COMMENT, id=ID, at_ms=AT_MS, data=data)
