"""A process that a run has started, and may end."""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field

from simulation.engines import processes, with_parent
from simulation.engines.processes import ProcessError

START_S = 60.0
READY = "event=working"
LINE_MAX = 1024 * 1024


@dataclass(slots=True)
class Member:
    """A process that the run has started and may end; it keeps its port, as behind a service's name."""

    name: str
    command: Sequence[str]
    port: int  # 0: it has none, and says when it is ready
    environment: Mapping[str, str] = field(default_factory=dict)
    process: asyncio.subprocess.Process | None = None
    said: list[str] = field(default_factory=list)
    _reader: "asyncio.Task[None] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Start it, and wait until it is ready."""
        self.said = []
        self.process = await asyncio.create_subprocess_exec(
            *with_parent.program(self.command), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
            limit=LINE_MAX, start_new_session=True, env=os.environ | self.environment, cwd=processes.ROOT,
        )  # fmt: skip
        self._reader = asyncio.create_task(self._read())
        async with asyncio.timeout(START_S):
            while not await self._ready():
                if self.process.returncode is not None:
                    raise ProcessError(f"{self.name} ended: {' '.join(self.said[-3:])}")
                await asyncio.sleep(0.02)

    async def _ready(self) -> bool:
        return await answers(self.port) if self.port else any(READY in line for line in self.said)

    async def kill(self) -> None:
        self._signal(signal.SIGKILL)
        if self.process is not None:
            await self.process.wait()
        if self._reader is not None:
            await self._reader

    def pause(self) -> None:
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        if self.process is not None and self.process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    async def _read(self) -> None:
        assert self.process is not None
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.said = [*self.said[-99:], line.decode(errors="replace").rstrip()]


async def answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def started(stack: AsyncExitStack, member: Member) -> Member:
    """Start it, and have it end with the stack."""
    stack.push_async_callback(member.kill)
    await member.start()
    return member
