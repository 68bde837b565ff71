"""What the model's stages cost, and who says it: a calibration for a forecast, a run's own log for a replay."""

from dataclasses import dataclass
from random import Random
from typing import Protocol


@dataclass(frozen=True, slots=True)
class PostCost:
    """What one post takes before it is in the log's queue."""

    ingress_s: float  # from when it was meant to go until the loop reads it, nobody in its way
    api_s: float  # from there to the log's queue, on the loop


@dataclass(frozen=True, slots=True)
class CommitCost:
    """What one commit takes."""

    dispatch_s: float  # on the loop, before it asks for its thread
    handover_s: float  # until the thread runs
    work_s: float  # on the core
    sync_s: float  # of the disk, off the core


@dataclass(frozen=True, slots=True)
class FanOutCost:
    """What one fan-out takes: ``duration_s`` on the loop; receipts begin ``first_lag_s`` after its start.

    Where viewers have queues, the duration is that of filling them, and writing lasts until the last receipt.
    """

    duration_s: float
    first_lag_s: float
    span_s: float  # from the first viewer's receipt to the last one's


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeCosts:
    """Means; `explicit_edge` draws each send, the others take a fan-out as the sum of its sends."""

    receive_s: float = 50e-6  # a message from the broker
    send_s: float = 5e-6  # to a viewer that keeps up, a frame of one comment
    comment_s: float = 0.0  # for each further comment in the frame
    queue_s: float = 2e-6  # for a viewer that is behind, and for bytes that a drained socket is given
    connect_s: float = 1e-3  # for a viewer that comes, from its connection to its place in the stream
    lag_s: float = 0.0  # from a send to its receipt

    def send(self, comments: int) -> float:
        return self.send_s + self.comment_s * (comments - 1)

    def fan_out(self, viewers: int, comments: int) -> FanOutCost:
        """A batch to so many viewers, whose receipts are evenly spread over it."""
        duration_s = viewers * self.send(comments)
        return FanOutCost(duration_s, self.lag_s, duration_s)


class Costs(Protocol):
    """Draws what each step takes, from the state that matters to it; ``at_s`` counts from the beginning of the run."""

    @property
    def receive_s(self) -> float: ...

    @property
    def stalls_per_s(self) -> float: ...

    @property
    def start_s(self) -> float: ...

    @property
    def join_s(self) -> float: ...

    @property
    def catch_up_s(self) -> float: ...

    def near(self, viewers: int) -> "Costs":
        """What it costs where about so many watch."""
        ...

    def post(self, at_s: float, gap_s: float, rng: Random) -> PostCost: ...

    def commit(self, at_s: float, gap_s: float, comments: int, rng: Random) -> CommitCost: ...

    def answer(self, gap_s: float) -> float: ...

    def hop(self, rng: Random) -> float: ...

    def timer_slack(self, rng: Random) -> float: ...

    def fan_out(self, at_s: float, viewers: int, gap_s: float, events: int, rng: Random) -> FanOutCost: ...

    def stall(self, rng: Random) -> float: ...

    def poll(self, rng: Random) -> float: ...

    def edge_hop(self, rng: Random) -> float: ...
