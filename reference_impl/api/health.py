"""Is the process alive; is it ready to serve."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from reference_impl.api.deps import ViewerParts, ViewerPartsDep
from reference_impl.api.problems import responses
from reference_impl.policy.connections import Connections
from reference_impl.protocol import problem
from reference_impl.protocol.problem import Problem

router = APIRouter(tags=["health"])


class BreakerHealth(BaseModel):
    """A breaker's state; calls and failures are those of its window."""

    state: str = Field(examples=["closed"], description="`closed`, `open` or `half_open`.")
    calls: int
    failures: int
    opened: int = Field(description="Times, since the process began.")
    in_flight: int
    waiting: int
    refused: int = Field(description="For want of a place, since the process began; to the broker: while it was open.")


class JoiningHealth(BaseModel):
    """What an autoscaler goes by: an edge that refuses many is no busier for it than one that nobody wants."""

    viewers: int = Field(description="Now.")
    joined: int = Field(description="Since the process began.")
    refused: int = Field(description="Tries, since the process began: each viewer that waits makes several.")


class Health(BaseModel):
    rung: str = Field(examples=["full"], description="Where the process stands on the ladder of degradation.")
    level: int = Field(description="The same as a number: 0 leaves out nothing, 4 takes no comments.")
    refused: int = Field(description="Requests to post that came on the last rung, since the process began.")
    breakers: dict[str, BreakerHealth]
    broker: dict[str, str | int] = Field(
        description="Without one nothing. `state`: `up`, `away` (others find comments in the log), `unknown` at first."
    )
    recent: dict[str, int | float] = Field(
        description="Pages by how the cache of newest comments had them, its share of `hit`s, and `log_reads` of pages."
    )
    joining: JoiningHealth
    queued_bytes: int = Field(
        description="What waits in this process for viewers that do not keep up, of all together."
    )


@router.get("/livez")
async def livez() -> dict[str, str]:
    """The process answers; it asks nothing of anything else."""
    return {"status": "alive"}


@router.get("/readyz", responses=responses(problem.LOG_UNAVAILABLE, problem.DRAINING))
async def readyz(parts: ViewerPartsDep) -> dict[str, str | int]:
    """The log answers too, so comments can be read and posted; a server that is about to end says no."""
    if parts.hub.draining:
        raise Problem(problem.DRAINING, f"{parts.hub.viewers} viewers are being sent away", 1.0)
    await parts.log.heads(["readyz"])
    return {"status": "ready", "viewers": parts.hub.viewers}


@router.get("/health")
async def health(parts: ViewerPartsDep) -> Health:
    """How the process is doing, log or no log: what it leaves out, and which of its dependencies it leaves alone."""
    brownout = parts.hub.brownout
    return Health(
        rung=brownout.rung.name.lower(),
        level=brownout.rung.value,
        refused=brownout.refused,
        breakers={name: BreakerHealth.model_validate(status) for name, status in _breakers(parts).items()},
        broker=dict(parts.broker.status()),
        recent=dict(parts.recent()),
        joining=_joining(parts.connections),
        queued_bytes=next(iter(parts.pressures.values())).queues.total_bytes,  # all endings share them
    )


def _joining(connections: Connections) -> JoiningHealth:
    return JoiningHealth(viewers=connections.viewers, joined=connections.joined, refused=connections.refused)


def _breakers(parts: ViewerParts) -> dict[str, Mapping[str, Any]]:
    """Of the broker too, whose calls are connections and writes, and which has messages under way and waiting."""
    return {guard.name: guard.status() for guard in parts.guards} | dict(parts.broker.breakers())
