"""A Redis for a run with several processes: whichever `livecomments redis` finds, ended with the run."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from simulation.engines import processes

_LISTENS = re.compile(r"(.+) listening url=(\S+)")


@asynccontextmanager
async def redis(folder: Path) -> AsyncIterator[tuple[str, str]]:
    """The address of a Redis of this run's own, which keeps nothing, and which it is; "" where there is none."""
    process = await processes.spawn("reference_impl", ["redis", "--data", str(folder)], None)
    try:
        assert process.stderr is not None
        async with asyncio.timeout(processes.START_S):
            said = (await process.stderr.readline()).decode(errors="replace")
        found = _LISTENS.search(said)
        if found is None and await process.wait() != 1:
            raise processes.ProcessError(said.strip() or "the Redis ended without a word")
        yield (found[2], found[1]) if found else ("", "none")
    finally:
        await processes.stop(process)
