"""What may befall a run, at which second: one timeline, done to the real processes and in the model.

    stop        | the server's process stands still (SIGSTOP), and goes on
    kill        | the server is killed (SIGKILL), and started again after a while
    storm       | viewers lose their connections at once, and come back as the client's retries say
    partition   | nothing passes between viewers and server, and then passes again
    delay       | the viewers' network is slower
    slow_reader | viewers stop reading; what waits for them ends as the server's slow viewers end

A stall, when nobody knows why nothing progresses, is measured by the calibration; one that is declared is a stop.
"""

import math
from collections.abc import Mapping, Sequence
from random import Random
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from reference_impl.policy.retry import RetryConfig
from simulation.topology import Part

LASTS_MAX_S = 60.0
RECONNECTS = RetryConfig(base_s=0.2, cap_s=5.0, attempts_max=30)  # of a viewer; a server that was killed takes a while
RETRIES = RetryConfig(cap_s=5.0, attempts_max=30)  # of an author: a post that is given up makes a run void


class _Fault(Part):
    at_s: float = Field(ge=0)

    @property
    def ends_s(self) -> float:
        return self.at_s

    def befalls(self, viewers: int) -> int:
        """How many of so many viewers it is done to: the first ones."""
        return viewers


class _Lasting(_Fault):
    lasts_s: float = Field(gt=0, le=LASTS_MAX_S)

    @property
    def ends_s(self) -> float:
        return self.at_s + self.lasts_s


class Stop(_Lasting):
    """The server's process stands still (SIGSTOP), and goes on (SIGCONT)."""

    kind: Literal["stop"] = "stop"


class Kill(_Fault):
    """The server's process is killed (SIGKILL); a supervisor starts it again ``restart_s`` later."""

    kind: Literal["kill"] = "kill"
    restart_s: float = Field(default=1.0, ge=0, le=10)

    @property
    def ends_s(self) -> float:
        return self.at_s + self.restart_s


class Storm(_Fault):
    """A ``share`` of the viewers are cut off and come back, after delays with full jitter or the whole delays."""

    kind: Literal["storm"] = "storm"
    share: float = Field(default=1.0, gt=0, le=1)
    jitter: bool = True

    def befalls(self, viewers: int) -> int:
        return math.ceil(self.share * viewers)


class Partition(_Lasting):
    """Nothing passes between viewers and server, either way; what was sent meanwhile passes when it is over."""

    kind: Literal["partition"] = "partition"
    lasts_s: float = Field(gt=0, le=10)  # longer ones would be felt by the server as slow viewers


class Delay(_Lasting):
    """What passes between viewers and server takes ``delay_s`` more each way, and up to ``jitter_s`` beyond that."""

    kind: Literal["delay"] = "delay"
    delay_s: float = Field(default=0.2, ge=0, le=5)
    jitter_s: float = Field(default=0.0, ge=0, le=5)


class SlowReader(_Lasting):
    """A ``share`` of viewers read nothing; when its queue is full the server's ending for slow viewers is theirs."""

    kind: Literal["slow_reader"] = "slow_reader"
    share: float = Field(default=0.1, gt=0, le=1)

    def befalls(self, viewers: int) -> int:
        return math.ceil(self.share * viewers)


FaultOfARun = Stop | Kill | Storm | Partition | Delay | SlowReader


def _kind(value: Any) -> Any:
    """Files that were written when there was one kind do not name it."""
    return value.get("kind", "stop") if isinstance(value, Mapping) else getattr(value, "kind", None)


AnyFault = Annotated[
    Annotated[Stop, Tag("stop")]
    | Annotated[Kill, Tag("kill")]
    | Annotated[Storm, Tag("storm")]
    | Annotated[Partition, Tag("partition")]
    | Annotated[Delay, Tag("delay")]
    | Annotated[SlowReader, Tag("slow_reader")],
    Discriminator(
        _kind,
        custom_error_type="fault_kind",
        custom_error_message="the kind of a fault must be stop, kill, storm, partition, delay or slow_reader",
    ),
]


def needs_proxy(faults: Sequence[FaultOfARun]) -> bool:
    """Whether something must stand between viewers and server."""
    return any(isinstance(fault, Delay | Partition) for fault in faults)


class Ceiling(Random):
    """Backoff without jitter: every delay is the whole of what full jitter would draw from."""

    def random(self) -> float:
        return 1.0


def check(faults: Sequence[FaultOfARun], duration_s: float, edges: int, polling: int) -> None:
    """Refuse a timeline that cannot be: ValueError names what was seen and what is allowed."""
    before: FaultOfARun | None = None
    for fault in sorted(faults, key=lambda each: each.at_s):
        if fault.at_s >= duration_s or fault.ends_s > duration_s:
            seen = f"got {fault.at_s:g} to {fault.ends_s:g} s"
            raise ValueError(f"a {fault.kind} must begin and end within the run's {duration_s:g} s, {seen}")
        if before is not None and fault.at_s < before.ends_s:
            seen = f"got a {fault.kind} at {fault.at_s:g} s and a {before.kind} until {before.ends_s:g} s"
            raise ValueError(f"a fault must begin after the one before it has ended, {seen}")
        if fault.kind != "stop" and (edges or polling):
            seen = f"got {edges} and {polling}"
            raise ValueError(f"a {fault.kind} needs all viewers at the server: edges and polling must be 0, {seen}")
        before = fault
