"""A private nginx in front of a server, with the configuration that the project ships."""

import asyncio
import getpass
import re
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from simulation.engines import processes

CONFIGURATION = Path(__file__).parents[2] / "deploy" / "nginx.conf"
ANSWERED_HERE = frozenset({"HIT", "STALE", "UPDATING"})
START_S = 10.0


class NoNginx(Exception):  # noqa: N818 - what is met, not what went wrong
    """There is none on this machine."""


class Nginx:
    """A cache that is running; its log says what it answered itself."""

    def __init__(self, port: int, folder: Path) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._log = folder / "live-comments-access.log"

    def answers(self) -> Counter[str]:
        """How many requests it had so far, by what the cache did."""
        return Counter(line.split(" ", 1)[0] for line in self._log.read_text().splitlines() if "/segments" in line)


def configured(origin_port: int, port: int) -> str:
    """The shipped configuration for a server and a port of one's own, in the foreground and in one process."""
    text = CONFIGURATION.read_text()
    for old, new in (
        ("127.0.0.1:8080", f"127.0.0.1:{origin_port}"),
        ("listen 8081", f"listen 127.0.0.1:{port}"),
        ("worker_processes auto", f"daemon off;\nuser {getpass.getuser()};\nerror_log stderr;\nworker_processes 1"),
    ):
        if old not in text:
            raise ValueError(f"{CONFIGURATION.name} has no {old!r}")
        text = text.replace(old, new)
    return text


@asynccontextmanager
async def nginx(origin: str, port: int, folder: Path, core: set[int] | None) -> AsyncIterator[Nginx]:
    """Start one in a folder of its own, and end it."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        raise NoNginx("this needs nginx: apt-get install nginx")
    origin_port = int(re.sub(r".*:", "", origin))
    (folder / "nginx.conf").write_text(configured(origin_port, port))
    process = await asyncio.create_subprocess_exec(
        program, "-p", str(folder), "-c", "nginx.conf", "-e", "stderr", stdout=DEVNULL, stderr=PIPE
    )
    processes.pin(process.pid, core)
    try:
        await _listening(process, port)
        yield Nginx(port, folder)
    finally:
        await processes.stop(process)


async def _listening(process: asyncio.subprocess.Process, port: int) -> None:
    assert process.stderr is not None
    async with asyncio.timeout(START_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError as error:
                if process.returncode is not None:
                    raise processes.ProcessError((await process.stderr.read()).decode()) from error
                await asyncio.sleep(0.05)
            else:
                writer.close()
                await writer.wait_closed()
                return
