"""The network between viewers and server, where a scenario has one that gets worse: a proxy in a process of its own.

    python -m simulation.engines.viewers_network HOST PORT

Says ``{"port": n}`` on standard output, and takes ``delay S JITTER_S`` (one way) and ``partition 1`` or ``0`` on
standard input. It ends with that input.
"""

import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import uvloop

from simulation.engines import processes
from simulation.engines.tcp_proxy import TcpProxy
from simulation.engines.viewers import read_commands, say
from simulation.faults import needs_proxy
from simulation.scenario import Scenario


@asynccontextmanager
async def network(scenario: Scenario, url: str) -> AsyncIterator[tuple[str, Process | None]]:
    """Where viewers reach the server, and the proxy's process if some fault needs one."""
    if not needs_proxy(scenario.faults):
        yield url, None
        return
    address = urlsplit(url)
    arguments = [address.hostname or "127.0.0.1", str(address.port or 80)]
    core = processes.cores().load
    proxy = await processes.spawn("simulation.engines.viewers_network", arguments, core, stdin=PIPE)
    try:
        yield f"http://127.0.0.1:{(await processes.next_line(proxy))['port']}", proxy
    finally:
        await processes.stop(proxy)


async def run(host: str, port: int) -> None:
    async with TcpProxy(host, port).running() as proxy:

        def befall(name: str, values: list[str]) -> None:
            if name == "delay":
                proxy.delay_s, proxy.jitter_s = map(float, values)
            elif name == "partition":
                proxy.cut_off = values == ["1"]

        say({"port": proxy.port})
        await read_commands(befall)


if __name__ == "__main__":
    uvloop.run(run(sys.argv[1], int(sys.argv[2])))
