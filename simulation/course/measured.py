"""What lesson 1 counts with: an edge as it was measured, and what a comment takes on the wire."""

from functools import cache
from statistics import fmean
from typing import Any

from reference_impl.policy.connections import ConnectionConfig
from simulation.course.capacity import Edge
from simulation.course.wire import sized
from simulation.docs.results import bench, result
from simulation.trace import load_trace

TRACE = "twitch-a.jsonl"
NETWORK_BIT_PER_S = 10e9  # of a usual server's card; not measured
KILO = 1024  # as the benchmark counts memory


def edge() -> Edge:
    """One core of the machine that the results come from: costs as the final's, memory as `bench fanout` saw it."""
    costs = result("world_cup")["costs"]
    row = fanout_row("fanout-1000-sse", "sse", viewers=1000)
    return Edge(
        write_s=costs["send_s"],
        comment_s=costs["comment_s"],
        connections=ConnectionConfig().viewers_max,
        viewer_bytes=row["rss_kb_per_viewer"] * KILO,
        network_bit_per_s=NETWORK_BIT_PER_S,
    )


def fanout_row(document: str, transport: str, viewers: int, *, server: str = "livecomments") -> dict[str, Any]:
    """The row of a fan-out benchmark for a server, our own or another; KeyError if there is none."""
    for row in bench(document)["rows"]:
        if (row["server"], row["transport"], row["viewers"]) == (server, transport, viewers):
            found: dict[str, Any] = row
            return found
    raise KeyError(f"{document} has no row of {server} with {viewers} viewers by {transport}")


@cache
def comment_bytes(transport: str = "sse") -> float:
    """The mean of a comment of the shipped trace, in a write of its own; the transports are those of `sized`."""
    return fmean(sized(user, text)[transport] for _, user, text in load_trace(TRACE))
