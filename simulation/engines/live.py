"""The live engine: the real server, real sockets and real files, under a load from processes of their own.

It is a client like any other: it knows the server's command line and its public API, and reads ``--measure``.
"""

import asyncio
import os
import resource
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from simulation.engines import processes
from simulation.engines.api_client import gateway_token, head_cursor, open_stream
from simulation.engines.befalling import befall
from simulation.engines.poster import Posted, Poster
from simulation.engines.processes import ProcessError, cores
from simulation.engines.running import Running
from simulation.engines.viewers_network import network
from simulation.measurements import Measured, Receipts, Used, in_sequence, joined, read_measured, stage_latencies
from simulation.outage import outage
from simulation.result import RunResult, Seconds
from simulation.scenario import Scenario
from simulation.trace import schedule

STREAM = "demo"
LEAD_S = 0.3  # between the last viewer's joining and the first post
BUSY_MAX = 0.70  # of its core; a generator busier than that measures itself
FLUSH_TRIES = 80
FLUSHED_S = 1.5  # by then a process has written what it knows; the log may have told an edge of the last ones
JOIN_S = 120.0  # for all viewers to be connected


@dataclass(slots=True)
class Progress:
    """What a watcher may show while a run goes on."""

    elapsed_s: float = 0.0
    posted: int = 0
    delivered: int = 0
    on_change: Callable[["Progress"], None] = field(default=lambda _: None)


def server_arguments(scenario: Scenario, folder: Path, port: int, data: Path) -> list[str]:
    """The command line of a server set up as the scenario says; its measurements go to ``folder``."""
    system = scenario.system
    options = {
        "port": port,
        "data": data,
        "measure": folder / "measure.csv",
        "delivery": system.delivery,
        "window-ms": system.window_ms,
        "slow-viewer": system.slow_viewer.value,
        "queue-bytes": system.queue_bytes,
        "rate-burst": system.rate_burst,
        "rate-period-s": scenario.rate_period_s,
    }
    return [argument for name, value in options.items() for argument in (f"--{name}", str(value))]


def edge_arguments(scenario: Scenario, folder: Path, api: str, port: int, data: Path, broker: str) -> list[str]:
    """The command line of an edge of the server at ``api``, which works on ``data``."""
    system = scenario.system
    options = {
        "port": port,
        "data": data,
        "api": api,
        "broker": broker,
        "measure": folder / "measure.csv",
        "delivery": system.delivery,
        "window-ms": system.window_ms,
        "slow-viewer": system.slow_viewer.value,
        "queue-bytes": system.queue_bytes,
    }
    return [argument for name, value in options.items() for argument in (f"--{name}", str(value))]


@dataclass(frozen=True, slots=True)
class Logged:
    """Everything a run has noted, on one clock: what the model needs to play it again."""

    began_s: float
    measured: Measured
    receipts: Receipts
    posted: Posted
    used: Used  # by the server, until the last answer


async def run_live(scenario: Scenario, running: Running, progress: Progress) -> RunResult:
    """Run a scenario against a server that is there for it."""
    return (await run_logged(scenario, running, progress))[0]


async def run_logged(scenario: Scenario, running: Running, progress: Progress) -> tuple[RunResult, Logged]:
    """The same, with the run's notes.

    With edges the viewers are there, and the first one's stamps are taken: of what a broker has brought it. When
    comments left the others it does not know, so the last stage is timed with one edge alone.
    """
    url, folder, edges = running.url, running.folder, running.edges
    token = await gateway_token(url)
    await open_stream(url, STREAM, token)
    start = await head_cursor(url, STREAM)
    async with (
        network(scenario, ",".join(edges) or url) as (way, proxy),
        audience(scenario, way, start, folder) as crowds,
    ):
        watchers = [asyncio.create_task(_watch(crowd, progress)) for crowd in crowds]
        began_s = time.monotonic() + LEAD_S
        cpu_s, server_cpu_s = own_cpu_s() + _proxy_cpu_s(proxy), running.cpu_s
        async with asyncio.TaskGroup() as faults:
            faults.create_task(befall(scenario, running, crowds[0], proxy, began_s))
            posted = await _post(scenario, Poster(url, STREAM, scenario.seed, token), began_s, progress)
        elapsed_s = time.monotonic() - began_s + LEAD_S
        server_cpu_s = running.cpu_s - server_cpu_s
        shares = (own_cpu_s() + _proxy_cpu_s(proxy) - cpu_s) / elapsed_s, server_cpu_s / elapsed_s
        head = int((await head_cursor(url, STREAM)).split(":")[1])
        for crowd in crowds:
            await finish(crowd, head)
        counts = _sum(await asyncio.gather(*watchers))
    if edges:
        await asyncio.sleep(FLUSHED_S)
        measured = read_measured(folder / "edge-0" / "measure.csv")
    else:
        measured = await read_lives(running.lives, posted.accepted)
    receipts = joined([Receipts.load(path) for path in sorted(folder.glob("receipts*.npz"))])
    logged = Logged(began_s, measured, receipts, posted, Used(began_s, began_s + elapsed_s, server_cpu_s))
    latency = stage_latencies(measured, logged.receipts, posted.accepted, began_s + scenario.timed_from_s)
    if len(edges) > 1:
        latency["socket"] = latency["socket"][:0]
    result = _result(scenario, latency, posted, counts, shares[0])
    facts = result.facts | {"edges": len(edges), "server_busy": round(shares[1], 3)}
    if scenario.faults and scenario.audience.pushed:
        befallen = Receipts.load(folder / "receipts-befallen.npz")
        facts |= outage(befallen, posted.accepted, scenario, began_s)
        facts |= {"start_s": round(max(running.starts_s), 3)} if running.starts_s else {}
    return replace(result, facts=facts), logged


async def read_lives(folders: Sequence[Path], accepted: list[tuple[int, float]]) -> Measured:
    """All that a server has measured; what it had not written when it was killed is not known."""
    paths = [folder / "measure.csv" for folder in folders]
    if len(paths) == 1:
        return await read_when_flushed(paths[0], accepted)
    await asyncio.sleep(FLUSHED_S)
    return in_sequence([read_measured(path) for path in paths])


async def read_when_flushed(path: Path, accepted: list[tuple[int, float]]) -> Measured:
    """Read the server's measurements once they hold the last accepted comment; it flushes them every second."""
    last = max((seq for seq, _ in accepted), default=0)
    for _ in range(FLUSH_TRIES):
        measured = read_measured(path)
        if not last or last in measured.comments["seq"]:
            return measured
        await asyncio.sleep(0.25)
    raise ProcessError(f"the server's measurements do not hold comment {last}, which it acknowledged")


@asynccontextmanager
async def audience(scenario: Scenario, url: str, start: str, folder: Path) -> AsyncIterator[list[Process]]:
    """Those who are pushed to and those who poll, a process each, as far as there are any."""
    who = scenario.audience
    async with AsyncExitStack() as stack:
        crowds = []
        if who.pushed:
            befallen = max((fault.befalls(who.pushed) for fault in scenario.faults), default=0)
            pushed = viewers(url, start, who.pushed, folder / "receipts.npz", befallen)
            crowds.append(await stack.enter_async_context(pushed))
        if who.polling:
            arguments = [url, STREAM, start, str(who.polling), str(folder / "receipts-polled.npz"), f"{who.poll_s:g}"]
            crowds.append(
                await stack.enter_async_context(connected("simulation.engines.pollers", arguments, cores().load))
            )
        yield crowds


@asynccontextmanager
async def viewers(url: str, start: str, count: int, receipts: Path, befallen: int = 0) -> AsyncIterator[Process]:
    """The viewers' process, once every viewer is connected; ``befallen``: whose receipts are kept by themselves."""
    arguments = [url, STREAM, start, str(count), str(receipts), str(befallen)]
    async with connected("simulation.engines.viewers", arguments, cores().load) as crowd:
        yield crowd


@asynccontextmanager
async def connected(module: str, arguments: Sequence[str], core: set[int] | None) -> AsyncIterator[Process]:
    """A process of viewers that speaks as `simulation.engines.viewers` does, once all of them are connected."""
    crowd = await processes.spawn(module, arguments, core, stdin=PIPE)
    processes.stand_back(crowd.pid)  # authors share its core, and their posts are to go when they are meant to
    try:
        async with asyncio.timeout(JOIN_S):
            await processes.next_line(crowd)
        yield crowd
    except TimeoutError as error:
        raise ProcessError(f"not all viewers were connected within {JOIN_S:g} s") from error
    finally:
        await processes.stop(crowd)


async def finish(crowd: Process, head: int) -> None:
    """Tell the viewers which event is the last."""
    await processes.tell(crowd, f"finish {head}")


async def _post(scenario: Scenario, poster: Poster, began_s: float, progress: Progress) -> Posted:
    def on_post() -> None:
        progress.posted += 1
        progress.elapsed_s = time.monotonic() - began_s
        progress.on_change(progress)

    posts = schedule(scenario)
    return await poster.run(posts, began_s, on_post)


async def _watch(crowd: Process, progress: Progress) -> dict[str, Any]:
    """Follow what the viewers say, to their last line."""
    while True:
        said = await processes.next_line(crowd)
        if "lost" in said:
            return said
        progress.delivered = said["delivered"]
        progress.on_change(progress)


def _sum(counts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {name: sum(each[name] for each in counts) for name in counts[0]}


def _result(
    scenario: Scenario, latency: dict[str, Seconds], posted: Posted, counts: dict[str, Any], poster_share: float
) -> RunResult:
    busy = counts["cpu_share"] + poster_share
    why_void = f"the load generator used {busy:.0%} of its core" if busy > BUSY_MAX else ""
    if posted.failed:
        why_void = f"{posted.failed} posts got no answer"
    return RunResult(
        engine="live",
        latency_s=latency,
        counts={
            "posted": posted.count,
            "accepted": len(posted.accepted),
            "rejected": posted.rejected,
            "delivered": counts["delivered"],
            "shed": counts["skipped"],
            "lost": counts["lost"],
            "duplicated": counts["duplicated"],
            "reordered": counts["reordered"],
        },
        elapsed_s=scenario.duration_s,
        valid=not why_void,
        why_void=why_void,
        facts={"generator_busy": round(busy, 3), "reconnects": counts["reconnects"], "retried": posted.retried},
    )


def own_cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def idle_share(used_s: Callable[[], float], seconds: float) -> float:
    """What a process uses of its core while nobody asks for anything: it looks at its lag, and for the log's head."""
    before_s, began_s = used_s(), time.monotonic()
    await asyncio.sleep(seconds)
    return (used_s() - before_s) / (time.monotonic() - began_s)


def _proxy_cpu_s(proxy: Process | None) -> float:
    return processes.cpu_seconds(proxy.pid) if proxy else 0.0


def pin_self() -> None:
    """Keep this process off the server's core."""
    processes.pin(os.getpid(), cores().load)
