"""Calibration: a few seconds of probes against real servers of its own, for each audience and window that is asked for.

A new server is slow until it has done everything once, so it is warmed up first. The probes are not the scenario: lone
posts on an idle server, posts at random a few dozen a second, a dense stretch that keeps the window full, bursts that
share a commit, and a closed loop that keeps the event loop busy. What they cost is read from the server's own stamps.
"""

import asyncio
import json
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import aiohttp

from simulation.calibration import NEAREST, Calibration, Samples, merged
from simulation.engines import live, processes
from simulation.engines.api_client import gateway_token, head_cursor, open_stream
from simulation.engines.digest import STALLS_S, Digest
from simulation.engines.poster import Poster
from simulation.engines.processes import ProcessError
from simulation.engines.set_up import servers
from simulation.measurements import Receipts, Used
from simulation.scenario import Scenario
from simulation.trace import Post, load_trace, poisson

WARM_POSTS = 150
WARM_PER_S = 100
TRIES = 3  # of probes that something else disturbs
ENOUGH = {"fan_outs": NEAREST, **dict.fromkeys(("posts", "commits", "handovers", "hops"), NEAREST // 2)}
"""Samples: a draw chooses among as many. A large crowd, whose fan-outs stand in everybody's way, leaves 25 posts."""
LONE_S = 2.0
LONE_GAP_S = 0.08
RANDOM_S = 2.0
DENSE_S = 1.2
BURSTS = 8
BUSY_S = 0.8
BUSY_CLIENTS = 12
BUSY_STREAM = "busy"
UNLIMITED = 1_000_000  # the author's rate is no part of what is measured here
SETTLE_S = 0.2
EDGE_S = 3.0
AUDIENCES = (100, 500, 2_000)
WINDOWS_MS = (0.0, 20.0)


@dataclass(frozen=True, slots=True)
class Plan:
    """The probes' posts; ``dense`` is the stretch (start, end) that keeps the window full.

    ``borders`` lie between the stretches: of lone posts, of random, of dense ones, of bursts.
    """

    posts: list[Post]
    dense: tuple[float, float]
    borders: tuple[float, ...]


def plan(seed: int, trace: str) -> Plan:
    """Lone, random, dense and burst posts, with texts as long as the scenario's."""
    rng = random.Random(seed)
    lone = [index * LONE_GAP_S for index in range(int(LONE_S / LONE_GAP_S))]
    randomly = list(poisson(rng, 45, LONE_S + RANDOM_S, LONE_S))
    start = LONE_S + RANDOM_S + SETTLE_S
    dense = [start + index / 250 for index in range(int(DENSE_S * 250))]
    bursts = [start + DENSE_S + SETTLE_S + burst * 0.15 for burst in range(BURSTS) for _ in range(20)]
    texts = [row[2] for row in load_trace(trace)]
    posts = [Post(at, f"probe{n}", rng.choice(texts)) for n, at in enumerate(lone + randomly + dense + bursts)]
    borders = -SETTLE_S / 2, LONE_S - LONE_GAP_S / 2, start - SETTLE_S / 2, start + DENSE_S + SETTLE_S / 2
    return Plan(posts, (start, start + DENSE_S), borders)


async def calibrate(scenario: Scenario, stalls: list[float] | None = None) -> Calibration:
    """Measure this machine with a server, an audience and a window such as the scenario has.

    ``stalls`` are `measure_stalls`' of a probe a little earlier, for several scenarios one after the other.
    ProcessError: something else keeps the machine so busy that too little could be measured.
    """
    edges = scenario.system.edges
    per_process = scenario.changed(
        {"audience": {"viewers": -(-scenario.audience.viewers // max(edges, 1)), "polling": 0}}
    )
    found = await _probe(per_process, await measure_stalls() if stalls is None else stalls)
    return replace(found, edge_hops=await _edge_hops(scenario)) if edges else found


async def calibrate_all(
    scenario: Scenario, say: Callable[[str], None], audiences: Sequence[int] = AUDIENCES
) -> Calibration:
    """Measure it for audiences from small to large, with a window and without: good for any scenario."""
    stalls, parts = await measure_stalls(), []
    for viewers in audiences:
        for window_ms in WINDOWS_MS:
            say(f"{viewers} viewers, window {window_ms:g} ms")
            parts.append(await _probe(scenario.changed({
                "audience": {"viewers": viewers}, "system": {"window_ms": window_ms},
            }), stalls))  # fmt: skip
    return merged(parts)


async def _probe(scenario: Scenario, stalls: list[float]) -> Calibration:
    """Probe, and again if too little came of it; ProcessError: it always was too little, so nothing is kept of it."""
    for _ in range(TRIES):
        watched = processes.neighbours()
        found = await _probe_once(scenario, stalls)
        shares = {"others_share": watched.share(), "stalled_share": round(found.stalled_share, 3)}
        if not (few := too_few(found, scenario.system.window_ms)):
            return replace(found, machine=found.machine | shares)
    raise ProcessError(
        f"this machine is too busy to measure what a server with {scenario.audience.viewers:,} viewers costs: "
        f"{TRIES} times there was too little of {few}; run it again when nothing else runs"
    )


def too_few(found: Calibration, window_ms: float) -> str:
    """Names of which samples these probes have found too few to simulate with, and how many; "" if of none."""
    counts = found.lacking(ENOUGH) | ({"slacks": 0} if window_ms and not len(found.slacks) else {})
    return ", ".join(f"{name} ({count})" for name, count in counts.items())


async def _probe_once(scenario: Scenario, stalls: list[float]) -> Calibration:
    probing = scenario.changed({"system": {"rate_burst": UNLIMITED, "rate_period_s": 1.0}})
    with tempfile.TemporaryDirectory(prefix="livecomments-", dir=probing.system.folder) as name:
        folder = Path(name)
        arguments = live.server_arguments(probing, folder, 0, folder / "data")
        began_s = time.monotonic()
        async with processes.server(arguments, processes.cores().server) as (url, pid):
            start_s = time.monotonic() - began_s
            return replace(await _measure(probing, url, pid, folder, stalls), start_s=start_s)


async def measure_stalls() -> list[float]:
    """How long and how often nothing on the server's core progresses, seen by a process that does nothing else."""
    spinner = await processes.spawn("simulation.engines.stalls", [f"{STALLS_S:g}"], processes.cores().server)
    said, _ = await spinner.communicate()
    found: list[float] = json.loads(said)
    return found


async def _measure(scenario: Scenario, url: str, pid: int, folder: Path, stalls: list[float]) -> Calibration:
    probes = plan(scenario.seed, scenario.workload.trace)
    receipts = folder / "receipts.npz"
    token = await gateway_token(url)
    for stream in (live.STREAM, BUSY_STREAM):
        await open_stream(url, stream, token)
    start, before_s = await head_cursor(url, live.STREAM), processes.cpu_seconds(pid)
    async with live.viewers(url, start, scenario.audience.viewers, receipts) as crowd:
        join_s = (processes.cpu_seconds(pid) - before_s) / scenario.audience.viewers
        poster = Poster(url, live.STREAM, scenario.seed, token)
        warm = [Post(index / WARM_PER_S, f"warm{index}", "hello") for index in range(WARM_POSTS)]
        await poster.run(warm, time.monotonic())
        began_s = time.monotonic() + SETTLE_S
        used = asyncio.create_task(_used(pid, [began_s + at_s for at_s in probes.borders]))
        posted = await poster.run(probes.posts, began_s)
        measured = (await live.read_when_flushed(folder / "measure.csv", posted.accepted)).since(began_s)
        await live.finish(crowd, int(measured.comments["seq"].max(initial=0)))
        await crowd.wait()
    poll_s = await _busy_s(url, token, "poll?wait_s=0")
    digest = Digest(scenario, measured, Receipts.load(receipts), dict(posted.accepted), await used)
    found = digest.calibration(poll_s, (began_s + probes.dense[0], began_s + probes.dense[1]), stalls)
    return replace(found, join_s=join_s)


async def _used(pid: int, borders_s: list[float]) -> list[Used]:
    """What the server has used of its core between each two of these times."""
    seen = []
    for border_s in borders_s:
        await asyncio.sleep(border_s - time.monotonic())
        seen.append((time.monotonic(), processes.cpu_seconds(pid)))
    return [Used(begin, end, after_s - before_s) for (begin, before_s), (end, after_s) in pairwise(seen)]


async def _busy_s(url: str, token: str, path: str) -> float:
    """What a request costs the event loop, hot: clients that ask back to back, about a stream nobody watches."""
    until = time.monotonic() + BUSY_S
    done = 0

    async def client(session: aiohttp.ClientSession) -> None:
        nonlocal done
        while not done or time.monotonic() < until:  # a machine may stand still for longer than that
            async with session.get(f"{url}/v1/streams/{BUSY_STREAM}/{path}") as answer:
                await answer.read()
            done += 1

    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
        await asyncio.gather(*(client(session) for _ in range(BUSY_CLIENTS)))
    return BUSY_S / done


async def _edge_hops(scenario: Scenario) -> Samples:
    """From durable to the hub of an edge, through a broker of its own; empty where there is none."""
    probing = scenario.changed({
        "": {"duration_s": EDGE_S}, "audience": {"viewers": 1, "polling": 0},
        "workload": {"rate_per_s": 1 / LONE_GAP_S}, "system": {"edges": 1},
    })  # fmt: skip
    async with servers(probing, 0, None, lambda _: None) as running:
        result = await live.run_live(probing, running, live.Progress())
    return result.latency_s["broker"]
