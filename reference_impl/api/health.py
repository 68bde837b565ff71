"""Is the process alive; is it ready to serve."""

from fastapi import APIRouter

from reference_impl.api.deps import ViewerPartsDep
from reference_impl.api.problems import responses
from reference_impl.protocol import problem
from reference_impl.protocol.problem import Problem

router = APIRouter(tags=["health"])


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
