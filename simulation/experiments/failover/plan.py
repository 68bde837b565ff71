"""What a failover run is, in either engine: who watches and writes, what breaks when, and how both come back."""

from dataclasses import dataclass, replace
from typing import Annotated

from reference_impl.policy.circuit_breaker import STAYS_CLOSED, BreakerConfig
from reference_impl.policy.retry import RetryConfig
from simulation.experiments.sizes import Within

BEFORE_S = 1.5  # of ordinary life, which what follows is measured against
RESTART_S = 1.0  # what a supervisor takes to start a process again
ANSWER_S = 5.0  # then an author gives a request up
FANS = 16
REACTIONS_PER_S = 2.0  # of each fan
REACT_ON_S = 1.0  # after the fault; then what waits is to be done
WORK_SEEN_S = 2.2  # by then the server has handed on the last of them
RECONNECTS = RetryConfig(base_s=0.2, cap_s=2.0, attempts_max=240)  # the client's, but for a cap that fits a short run
POSTS = RetryConfig()  # of an author, as the client has it


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Commits run one after another for up to 2 s each, and the breaker opens at the third that fails."""

    edge_viewers: Annotated[int, Within(1, 10_000)] = 150  # of each edge, where one is killed
    viewers: Annotated[int, Within(1, 1_000)] = 20  # of each server elsewhere
    rate_per_s: Annotated[float, Within(0.1, 1_000)] = 20.0  # comments
    stall_s: Annotated[float, Within(0.1, 120)] = 10.0  # of the log


SIZE = Size()


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """``viewers``: at each edge, or at the API where there is none. ``after_s``: from the fault to the run's end."""

    name: str
    after_s: float
    viewers: int = SIZE.viewers
    rate_per_s: float = SIZE.rate_per_s
    stall_s: float = SIZE.stall_s
    edges: int = 0
    workers: int = 0
    jitter: bool = True
    breaker: bool = True

    @property
    def redis(self) -> bool:
        return bool(self.edges or self.workers)

    @property
    def crowds(self) -> int:
        return self.edges or 1

    @property
    def guard(self) -> BreakerConfig:
        return BreakerConfig() if self.breaker else STAYS_CLOSED


def variants(size: Size = SIZE) -> dict[str, Variant]:
    """By name."""
    small = Variant(name="", after_s=0.0, viewers=size.viewers, rate_per_s=size.rate_per_s, stall_s=size.stall_s)
    edge = replace(small, name="edge", after_s=6.0, viewers=size.edge_viewers, edges=2)
    log = replace(small, name="log", after_s=size.stall_s + 4.0)
    return {
        variant.name: variant
        for variant in (
            edge,
            replace(edge, name="edge-no-jitter", jitter=False),
            replace(small, name="broker", after_s=4.5, edges=2),
            log,
            replace(log, name="log-no-breaker", breaker=False),
            replace(small, name="worker", after_s=5.5, workers=2),
        )
    }


VARIANTS = variants()
