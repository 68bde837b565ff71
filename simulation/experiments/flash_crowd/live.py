"""One run with real processes: those who are there, the crowd that comes, and edges that are started for it or not."""

import asyncio
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from reference_impl.policy.autoscaling import Autoscaler
from simulation.engines import processes
from simulation.engines.api_client import gateway_token, head_cursor, open_stream
from simulation.engines.live import BUSY_MAX, connected, finish
from simulation.engines.poster import Posted, Poster
from simulation.experiments.flash_crowd.measured import Run
from simulation.experiments.flash_crowd.plan import Case, Signal, Times
from simulation.experiments.flash_crowd.site import Site, Watch, asking, site
from simulation.trace import Post

STREAM = "final"
CALM_S = 0.5  # between the last of those who are there and the crowd


@dataclass(slots=True)
class Started:
    """When edges were asked for, and when those were there that came in time."""

    asked_s: list[float] = field(default_factory=list)
    ready_s: list[float] = field(default_factory=list)


async def run_live(case: Case) -> tuple[Run, dict[str, Any], str]:
    """One run: what was seen, facts of it, and why it is void, if so."""
    async with site(case.connections, case.edges) as running:
        token = await gateway_token(running.url)
        await open_stream(running.url, STREAM, token)
        async with audience(running, case.size.present, case.arrivals_s(), running.urls) as crowd:
            began_s = time.monotonic() + CALM_S
            poster = Poster(running.url, STREAM, case.repeat, token)
            await processes.tell(crowd, f"begin {began_s}")
            posting = asyncio.create_task(poster.run(_posts(case), began_s))
            edges = await _scaled(running, case, crowd, began_s)
            posted = await posting
            await finish(crowd, int((await head_cursor(running.url, STREAM)).split(":")[1]))
            counts = await processes.next_line(crowd)
        found = dict(np.load(running.folder / "receipts.npz"))
    run = _run(case, found, posted, edges, began_s, counts["lost"] + counts["duplicated"])
    busy = counts["cpu_share"]
    why = f"the load generator used {busy:.0%} of its core in a second" if busy > BUSY_MAX else ""
    why = why or (f"{posted.rejected} posts were refused or not answered" if posted.rejected else "")
    facts = {"generator_busy": busy, "ready_s": [round(each, 2) for each in edges.ready_s]}
    return run, facts, why


@asynccontextmanager
async def audience(running: Site, present: int, arrivals_s: Times, urls: str) -> AsyncIterator[Process]:
    """The viewers' process, once those are connected who are there; its receipts are in ``receipts.npz``."""
    arrivals, receipts = running.folder / "arrivals.npy", running.folder / "receipts.npz"
    np.save(arrivals, arrivals_s)
    arguments = [urls, STREAM, await head_cursor(running.url, STREAM), f"{present}", str(arrivals), str(receipts)]
    async with connected("simulation.experiments.flash_crowd.viewers", arguments, processes.cores().load) as crowd:
        await asyncio.sleep(CALM_S)
        yield crowd


def _posts(case: Case) -> list[Post]:
    return [Post(at_s, f"author{number}", f"What a goal! {number}") for number, at_s in enumerate(case.posts_s())]


async def _scaled(running: Site, case: Case, crowd: Process, began_s: float) -> Started:
    """Start the edges that the autoscaler wants, if there is one, until the run's end."""
    size, started, starting = case.size, Started(), set[asyncio.Task[None]]()
    scaler = Autoscaler(size.autoscaling)

    async def start() -> None:
        started.asked_s.append(time.monotonic() - began_s)
        await running.start_edge(case.connections, behind=True)
        started.ready_s.append(time.monotonic() - began_s)
        await processes.tell(crowd, f"edges {running.urls}")

    async with asking() as session:
        watch, looked_s = Watch(running, session), time.monotonic()
        await watch.look(1.0)
        for number in range(1, int(size.seconds / size.look_s) + 1):
            await asyncio.sleep(max(0.0, began_s + number * size.look_s - time.monotonic()))
            if case.variant.signal is Signal.NONE:
                continue
            before_s, looked_s = looked_s, time.monotonic()
            seen = await watch.look(looked_s - before_s)
            edges = case.edges + len(starting)
            wanted = scaler.wanted(case.variant.load(seen, size.connections), edges, looked_s - began_s)
            starting |= {asyncio.create_task(start()) for _ in range(wanted - edges)}
    for task in starting:
        task.cancel()  # those that are still starting come too late
    for failure in await asyncio.gather(*starting, return_exceptions=True):
        if isinstance(failure, Exception):
            raise failure
    return started


def _run(case: Case, found: dict[str, Times], posted: Posted, edges: Started, began_s: float, faults: int) -> Run:
    """On the run's own clock."""
    end_s, meant_s = case.size.seconds, dict(posted.accepted)
    seqs = found["seen"][:, 1].astype(int).tolist()
    meant = np.array([meant_s[seq] for seq in seqs])
    comments = np.column_stack([meant - began_s, found["seen"][:, 2] - meant, np.ones(len(seqs))])
    return Run(
        came_s=case.arrivals_s(),
        joined_s=found["joined_s"] - began_s,
        comments=comments,
        refused=int(np.sum(found["refused_s"] - began_s <= end_s)),
        edges_s=np.array([*case.paid_from_s, *edges.asked_s]),
        ready_s=np.array([*np.zeros(case.edges), *edges.ready_s]),
        present=case.size.present,
        seconds=end_s,
        lost=faults,
    )
