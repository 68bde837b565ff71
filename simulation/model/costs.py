"""What the model's stages cost, and who says it: a calibration for a forecast, a run's own log for a replay."""

from dataclasses import dataclass
from random import Random
from typing import Protocol


@dataclass(frozen=True, slots=True)
class PostCost:
    """What one post takes before it is in the log's queue."""

    ingress_s: float  # from when it was meant to go to the handler's start, nobody in its way
    api_s: float  # in the handler, on the loop


@dataclass(frozen=True, slots=True)
class CommitCost:
    """What one commit takes."""

    dispatch_s: float  # on the loop, before it asks for its thread
    handover_s: float  # until the thread runs
    work_s: float  # on the core
    sync_s: float  # of the disk, off the core


@dataclass(frozen=True, slots=True)
class FanOutCost:
    """What one fan-out takes: ``duration_s`` on the loop; receipts begin ``first_lag_s`` after its start."""

    duration_s: float
    first_lag_s: float
    span_s: float  # from the first viewer's receipt to the last one's


class Costs(Protocol):
    """Draws what each step takes, from the state that matters to it; ``at_s`` counts from the beginning of the run."""

    @property
    def answer_s(self) -> float: ...

    @property
    def receive_s(self) -> float: ...

    @property
    def stalls_per_s(self) -> float: ...

    def post(self, at_s: float, gap_s: float, rng: Random) -> PostCost: ...

    def commit(self, at_s: float, comments: int, rng: Random) -> CommitCost: ...

    def hop(self, rng: Random) -> float: ...

    def timer_slack(self, rng: Random) -> float: ...

    def fan_out(self, at_s: float, viewers: int, gap_s: float, events: int, rng: Random) -> FanOutCost: ...

    def stall(self, rng: Random) -> float: ...
