"""What is run to answer the question of backpressure: the same cases for the server and for its model."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Annotated

from reference_impl.policy.backpressure import Ending
from simulation.experiments.sizes import Within, enough
from simulation.model.socket_viewer import Reading

TICK_S = 0.050  # between two reads of one who reads slowly, and of one who has stopped reading for a while
STALLED_TICK_S = 0.005
RECEIVE_BYTES = 32 * 1024  # of a slow reader's socket, as asked for
CONNECTIONS = 256  # of the authors
AUTHORS = 200
LOOK_S = 0.1  # between two looks at what the server has queued
SETTLE_S = 1.0  # after the last post, until everything is counted
LONG = "\N{PARTY POPPER}" * 460  # four bytes each, and room for a number: about the longest text there may be
COMMENT_BYTES = 2_300.0  # about, of a long one on the wire: what "a tenth of the stream" is taken of
UNLIMITED = (1_000_000, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Of the runs with slow viewers, who are one in twenty, and of those with too many authors."""

    viewers: Annotated[int, Within(20, 2_000)] = 200
    slow_per_s: Annotated[float, Within(1, 1_000)] = 100.0  # comments
    slow_s: Annotated[float, Within(0.1, 60)] = 7.0
    crowded_per_s: Annotated[float, Within(1, 5_000)] = 1_100.0  # posts
    crowded_s: Annotated[float, Within(0.1, 30)] = 5.0

    def why_not(self) -> str:
        slow = enough("comments", self.slow_per_s * self.slow_s, "slow_per_s and slow_s")
        return slow or enough("posts", self.crowded_per_s * self.crowded_s, "crowded_per_s and crowded_s")


SIZE = Size()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One run. Posts are due at an even pace, by random authors; ``rate`` is (burst, period in s) of each author."""

    kind: str  # readers: timed one by one; authors: more than is read one by one; capacity: as fast as it is answered
    viewers: int = SIZE.viewers
    slow: int = 0  # of the viewers
    ending: str = Ending.DISCONNECT.value
    queue_bytes: int = 128 * 1024
    window_ms: float = 20.0
    per_s: float = SIZE.slow_per_s
    seconds: float = SIZE.slow_s
    rate: tuple[int, float] = UNLIMITED
    text: str = LONG
    connections: int = CONNECTIONS  # of the authors
    seed: int = 0

    @property
    def posts(self) -> int:
        return round(self.per_s * self.seconds)

    def schedule(self) -> list[tuple[float, str]]:
        """(at in s, author) of every post."""
        rng = Random(self.seed)
        return [(number / self.per_s, f"author{rng.randrange(AUTHORS)}") for number in range(self.posts)]


def readings(case: Case) -> list[Reading]:
    """How the slow ones read: every other a tenth of the stream's bytes, the others nothing for half of the run."""
    tenth = Reading(bytes_per_s=case.per_s * COMMENT_BYTES / 10, tick_s=TICK_S)
    stalled = Reading(stalls=((case.seconds / 8, case.seconds * 5 / 8),), tick_s=STALLED_TICK_S)
    return [stalled if number % 2 else tenth for number in range(case.slow)]


def cases(seed: int, size: Size = SIZE) -> dict[str, Case]:
    """The variants."""
    slow = {
        ending.value: Case(
            kind="readers",
            viewers=size.viewers,
            slow=size.viewers // 20,
            ending=ending.value,
            per_s=size.slow_per_s,
            seconds=size.slow_s,
            seed=seed,
        )
        for ending in Ending
    }
    crowded = {
        name: Case(
            kind="authors",
            viewers=size.viewers,
            window_ms=0.0,
            per_s=size.crowded_per_s,
            seconds=size.crowded_s,
            rate=rate,
            seed=seed,
        )
        for name, rate in {"everybody_admitted": UNLIMITED, "authors_limited": (2, 1.0)}.items()
    }
    return slow | crowded


def server_options(case: Case) -> Sequence[str]:
    burst, period_s = case.rate
    options = {
        "window-ms": case.window_ms, "slow-viewer": case.ending, "queue-bytes": case.queue_bytes,
        "rate-burst": burst, "rate-period-s": period_s, "heartbeat-s": 60,
        "address-viewers-max": SIZE.viewers + case.viewers,
    }  # fmt: skip
    return [argument for name, value in options.items() for argument in (f"--{name}", str(value))]
