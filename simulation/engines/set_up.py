"""The processes of a live run: the server under test, its edges and their broker, each on its core."""

import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

from simulation.engines import live, processes
from simulation.engines.ends import Ends
from simulation.engines.ports import free_port
from simulation.engines.redis import redis
from simulation.engines.running import Running
from simulation.faults import Kill
from simulation.scenario import Scenario


@asynccontextmanager
async def servers(
    scenario: Scenario,
    port: int,
    data: Path | None,
    say: Callable[[str], None],
    program: Sequence[str] = processes.SERVER,
) -> AsyncIterator[Running]:
    """The server under test and its edges, the first of which has the port then, by turns on either core.

    Without a data directory of its own it works in one that is taken away afterwards. ``program``: see
    `processes.server`.
    """
    edges, ends = scenario.system.edges, Ends()
    async with AsyncExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="livecomments-", dir=scenario.system.folder))
        )
        log = data or folder / "data"
        broker = await _broker(stack, folder, say) if edges else ""
        if not port and any(isinstance(fault, Kill) for fault in scenario.faults):
            port = free_port()  # which is nobody else's, either, until the server is there again

        async def start(folder: Path, port: int) -> tuple[str, int]:
            arguments = [*live.server_arguments(scenario, folder, port, log), "--broker", broker]
            core, ended = processes.cores().server, partial(ends.hear, "the server")
            return await stack.enter_async_context(processes.server(arguments, core, program=program, ended=ended))

        url, pid = await start(folder, 0 if edges else port)
        at_edges = []
        for number in range(edges):
            (of_edge := folder / f"edge-{number}").mkdir()
            arguments = live.edge_arguments(scenario, of_edge, url, port if number == 0 else 0, log, broker)
            core, ended = processes.cores()[(number + 1) % 2], partial(ends.hear, "an edge")
            at_edges.append((await stack.enter_async_context(processes.edge(arguments, core, ended=ended)))[0])
        yield Running(url, pid, folder, at_edges, start, ends)


async def _broker(stack: AsyncExitStack, folder: Path, say: Callable[[str], None]) -> str:
    """The address of a Redis of the run's own, "" where there is none."""
    address, kind = await stack.enter_async_context(redis(folder))
    say(f"Redis: {kind}" if address else "There is no Redis here: the edges ask the server for what is new.")
    return address
