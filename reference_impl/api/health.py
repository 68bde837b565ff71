"""Is the process alive; is it ready to serve."""

from fastapi import APIRouter

from reference_impl.api.deps import PartsDep
from reference_impl.api.problems import responses
from reference_impl.protocol.problem import LOG_UNAVAILABLE

router = APIRouter(tags=["health"])


@router.get("/livez")
async def livez() -> dict[str, str]:
    """The process answers; it asks nothing of anything else."""
    return {"status": "alive"}


@router.get("/readyz", responses=responses(LOG_UNAVAILABLE))
async def readyz(parts: PartsDep) -> dict[str, str | int]:
    """The log answers too, so comments can be read and posted."""
    await parts.log.heads(["readyz"])
    return {"status": "ready", "viewers": parts.hub.viewers}
