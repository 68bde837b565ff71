"""A variant with real processes: what was posted and seen while requests, messages and connections were lost."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from reference_impl.client import Client
from simulation.engines import processes
from simulation.engines.api_client import head_cursor
from simulation.engines.live import BUSY_MAX, connected, finish, own_cpu_s
from simulation.engines.processes import next_line, tell
from simulation.experiments.delivery_guarantees.authors import Authors
from simulation.experiments.delivery_guarantees.fleet import STREAM, Fleet, fleet
from simulation.experiments.delivery_guarantees.plan import Case
from simulation.experiments.delivery_guarantees.record import Record

LEAD_S = 0.4  # between the last viewer's joining and the beginning
VIEWERS = "simulation.experiments.delivery_guarantees.viewers"


async def run_live(case: Case) -> tuple[Record, dict[str, Any], str]:
    """One run: what was seen, facts of it, and why it is void, if so."""
    log = case.variant.log
    async with fleet(case, edge=log, relay=not log) as started:
        start = await head_cursor(started.url, STREAM)
        url, receipts = started.edge_url or started.relay_url, started.folder / "receipts.npz"
        async with viewers(url, start, case, receipts) as crowd:
            return await _run(started, case, crowd, receipts)


@asynccontextmanager
async def viewers(url: str, start: str, case: Case, receipts: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """The viewers' process, once all are connected."""
    told = json.dumps({"variant": case.variant.name, "repeat": case.repeat, "size": asdict(case.size)})
    async with connected(VIEWERS, [url, STREAM, start, told, str(receipts)], processes.cores().load) as crowd:
        yield crowd


async def _run(
    started: Fleet, case: Case, crowd: asyncio.subprocess.Process, receipts: Path
) -> tuple[Record, dict[str, Any], str]:
    began_s = time.monotonic() + LEAD_S
    authors = Authors(f"http://127.0.0.1:{started.way.port}", started.token, STREAM, case)
    await tell(crowd, f"begin {began_s}")
    await asyncio.sleep(began_s - time.monotonic())
    own_s, server_s = own_cpu_s(), started.cpu_s()
    await asyncio.gather(authors.run(began_s), _befall(started, case, began_s))
    await finish(crowd, int((await head_cursor(started.url, STREAM)).split(":")[1]))
    counts = await next_line(crowd)
    used_s = {name: after_s - server_s[name] for name, after_s in started.cpu_s().items()}
    busy = (own_cpu_s() - own_s) / (time.monotonic() - began_s) + counts["cpu_share"]
    seen = np.load(receipts)
    record = Record(
        meant_s=authors.meant_s, numbers=await _numbers(started.url), receipts=seen["seen"],
        viewers=case.size.viewers, requests=sum(started.way.requests.values()), cpu_s=sum(used_s.values()),
        received_bytes=float(seen["received_bytes"]), drops=case.variant.drops,
    )  # fmt: skip
    facts = {"generator_busy": round(busy, 3), "reconnects": counts["reconnects"], "told": len(authors.told_s)}
    facts |= {f"{name}_cpu_s": round(each_s, 3) for name, each_s in used_s.items()}
    return record, facts, f"the load generator used {busy:.0%} of its core" if busy > BUSY_MAX else ""


async def _befall(started: Fleet, case: Case, began_s: float) -> None:
    """The broker is gone for a while from whoever follows it."""
    await asyncio.sleep(max(0.0, began_s + case.outage_at_s() - time.monotonic()))
    started.broker.fail()
    await asyncio.sleep(case.size.outage_s)
    started.broker.down = False


async def _numbers(url: str) -> dict[int, int]:
    """Which comment stands where in the log."""
    async with Client(url) as client:
        stored = [message.data async for message in client.history(STREAM)]
    return {int(each["seq"]): int(each["text"].split()[1]) for each in stored}
