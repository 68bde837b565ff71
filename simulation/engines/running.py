"""A server under test that is running, and may be killed and started again."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from simulation.engines import processes
from simulation.engines.ends import Ends


@dataclass(slots=True)
class Running:
    """A server started with `server_arguments`, its process, and its edges' addresses.

    ``start`` starts it again, to write its measurements into another folder and to listen on a given port.
    """

    url: str
    pid: int
    folder: Path
    edges: Sequence[str] = ()
    start: Callable[[Path, int], Awaitable[tuple[str, int]]] | None = None
    ends: Ends = field(default_factory=Ends)  # of its processes, before they are stopped
    ended_cpu_s: float = 0.0  # of those that were killed
    starts_s: list[float] = field(default_factory=list)  # how long each took that was started again

    @property
    def cpu_s(self) -> float:
        return self.ended_cpu_s + processes.cpu_seconds(self.pid)

    @property
    def lives(self) -> list[Path]:
        """Where each life of the server wrote its measurements."""
        return [self.folder, *(self.folder / f"life-{number}" for number in range(1, len(self.starts_s) + 1))]

    async def kill(self, restart_s: float) -> None:
        """Kill the server, and start it again after a while, where it was."""
        assert self.start is not None
        self.ended_cpu_s += processes.cpu_seconds(self.pid)
        self.ends.expect(self.pid)
        os.kill(self.pid, signal.SIGKILL)
        await asyncio.sleep(restart_s)
        began_s = time.monotonic()
        (folder := self.folder / f"life-{len(self.starts_s) + 1}").mkdir()
        _, self.pid = await self.start(folder, urlsplit(self.url).port or 80)
        self.starts_s.append(time.monotonic() - began_s)
