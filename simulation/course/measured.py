"""What lesson 1 counts with: an edge as it was measured, and what a comment takes on the wire."""

import json
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import Any

from reference_impl.policy.connections import ConnectionConfig
from reference_impl.protocol.events import Event, EventKind, author_data, comment_data
from reference_impl.protocol.message import Frame, of_event
from reference_impl.protocol.sse import sse_chunk
from simulation.course.capacity import Edge
from simulation.trace import load_trace

RESULTS = Path(__file__).parents[1] / "results"
BENCHES = Path(__file__).parents[1] / "bench" / "results"
TRACE = "twitch-a.jsonl"
NETWORK_BIT_PER_S = 10e9  # of a usual server's card; not measured
KILO = 1024  # as the benchmark counts memory

ID = "019a9f3c-7e2b-7c41-9d6a-3f1e5b8c2d47"  # as long as any
AT_MS = 1_790_000_000_000
SEQ = 10_000  # of five digits, as most of a run
WEBSOCKET_SHORT_MAX = 125  # bytes of a frame whose length stands in its second byte (RFC 6455, section 5.2)


def edge() -> Edge:
    """One core of the machine that the results come from: costs as the final's, memory as `bench fanout` saw it."""
    costs = _read(RESULTS / "world_cup.json")["costs"]
    row = fanout_row("fanout-1000-sse", "sse", viewers=1000)
    return Edge(
        write_s=costs["send_s"],
        comment_s=costs["comment_s"],
        connections=ConnectionConfig().viewers_max,
        viewer_bytes=row["rss_kb_per_viewer"] * KILO,
        network_bit_per_s=NETWORK_BIT_PER_S,
    )


def fanout_row(document: str, transport: str, viewers: int) -> dict[str, Any]:
    """The server's own row of a fan-out benchmark; KeyError if it has none."""
    for row in _read(BENCHES / f"{document}.json")["rows"]:
        if (row["server"], row["transport"], row["viewers"]) == ("livecomments", transport, viewers):
            found: dict[str, Any] = row
            return found
    raise KeyError(f"{document} has no row of {viewers} viewers by {transport}")


@cache
def comment_bytes(transport: str = "sse") -> float:
    """A comment of the shipped trace as one frame to one viewer, by the server's own encoding; a mean.

    "text" is what its author has typed, "sse" an event in a chunk of its own, "websocket" a text frame of one line.
    """
    return fmean(sized(user, text)[transport] for _, user, text in load_trace(TRACE))


def sized(user: str, text: str) -> dict[str, int]:
    """Bytes of one comment, by transport."""
    data = comment_data(author_data(user, user), text, [])
    event = Event(stream="final", epoch=1, seq=SEQ, kind=EventKind.COMMENT, id=ID, at_ms=AT_MS, data=data)
    frame = Frame((of_event(event),))
    line_bytes = len(frame.messages[0].line.encode())
    header_bytes = 2 if line_bytes <= WEBSOCKET_SHORT_MAX else 4
    return {"text": len(text.encode()), "sse": len(sse_chunk(frame)), "websocket": header_bytes + line_bytes}


@cache
def _read(path: Path) -> Any:
    return json.loads(path.read_text())
