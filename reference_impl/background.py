"""Work beside other work."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any

END_S = 0.1
TIDY_S = 1.0  # for what a task does on its way out


@asynccontextmanager
async def background(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Work that goes on until the block is left; should it fail, that is an error of the whole process."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        await end([task], TIDY_S)
        if not task.cancelled():
            task.result()


async def end(tasks: Iterable["asyncio.Task[None]"], again_s: float = END_S) -> None:
    """Cancel tasks until they have ended: before Python 3.12 `asyncio.wait_for` may swallow a cancellation."""
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=again_s)
