"""Calibration: a few seconds of probes against a real server of its own, with the scenario's audience.

The probes are not the scenario: lone posts on an idle server, posts at random a few dozen a second, a dense stretch
that keeps the window full, bursts that share a commit, and a closed loop that keeps the event loop busy. What they cost
is read from the server's own stamps.
"""

import asyncio
import random
import tempfile
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import aiohttp
import numpy as np
from numpy.typing import NDArray

from simulation.calibration import Calibration, Samples
from simulation.engines import live, processes
from simulation.engines.api_client import gateway_token, head_cursor, open_stream
from simulation.engines.poster import Poster
from simulation.machine import fingerprint
from simulation.measurements import Measured, Receipts
from simulation.scenario import Scenario
from simulation.trace import Post, load_trace

NDArrayBool = NDArray[np.bool_]

LONE_S = 2.5
RANDOM_S = 2.5
DENSE_S = 1.2
BURSTS = 8
BUSY_S = 0.8
BUSY_AUTHORS = 12
BUSY_STREAM = "busy"
UNLIMITED = 1_000_000  # the author's rate is no part of what is measured here
SETTLE_S = 0.2


@dataclass(frozen=True, slots=True)
class Plan:
    """The probes' posts; ``dense`` is the stretch (start, end) that keeps the window full."""

    posts: list[Post]
    dense: tuple[float, float]


def plan(seed: int, trace: str) -> Plan:
    """Lone, random, dense and burst posts, with texts as long as the scenario's."""
    rng = random.Random(seed)
    lone = [index * 0.08 for index in range(int(LONE_S / 0.08))]
    at, randomly = LONE_S, []
    while (at := at + rng.expovariate(45)) < LONE_S + RANDOM_S:
        randomly.append(at)
    start = LONE_S + RANDOM_S + SETTLE_S
    dense = [start + index / 250 for index in range(int(DENSE_S * 250))]
    bursts = [start + DENSE_S + SETTLE_S + burst * 0.15 for burst in range(BURSTS) for _ in range(20)]
    texts = [row[2] for row in load_trace(trace)]
    posts = [Post(at, f"probe{n}", rng.choice(texts)) for n, at in enumerate(lone + randomly + dense + bursts)]
    return Plan(posts, (start, start + DENSE_S))


async def calibrate(scenario: Scenario) -> Calibration:
    """Measure this machine with a server set up as the scenario says."""
    probing = scenario.model_copy(
        update={"system": scenario.system.model_copy(update={"rate_burst": UNLIMITED, "rate_period_s": 1.0})}
    )
    pair = processes.cores()
    with tempfile.TemporaryDirectory(prefix="livecomments-") as name:
        folder = Path(name)
        arguments = live.server_arguments(probing, folder, 0, folder / "data")
        async with processes.server(arguments, pair[0] if pair else None) as (url, _):
            return await _probe(probing, url, folder)


async def _probe(scenario: Scenario, url: str, folder: Path) -> Calibration:
    probes = plan(scenario.seed, scenario.workload.trace)
    receipts = folder / "receipts.npz"
    token = await gateway_token(url)
    for stream in (live.STREAM, BUSY_STREAM):
        await open_stream(url, stream, token)
    start = await head_cursor(url, live.STREAM)
    async with live.viewers(url, start, scenario.audience.viewers, receipts) as crowd:
        began_s = time.monotonic() + SETTLE_S
        posted = await Poster(url, live.STREAM, scenario.seed, token).run(probes.posts, began_s)
        last = await live.read_when_flushed(folder / "measure.csv", posted.accepted)
        await live.finish(crowd, int(last.comments["seq"].max()))
        await crowd.wait()
    busy_s = await _busy_post_s(url, token)
    return _digest(scenario, probes, began_s, last, Receipts.load(receipts), dict(posted.accepted), busy_s)


async def _busy_post_s(url: str, token: str) -> float:
    """What a post costs the event loop, hot: authors that post back to back to a stream nobody watches."""
    until = time.monotonic() + BUSY_S
    done = 0

    async def author(session: aiohttp.ClientSession, name: str) -> None:
        nonlocal done
        while time.monotonic() < until:
            async with session.post(address, json={"author": {"id": name}, "text": "hello"}) as answer:
                await answer.read()
            done += 1

    address = f"{url}/v1/streams/{BUSY_STREAM}/comments"
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
        await asyncio.gather(*(author(session, f"busy{n}") for n in range(BUSY_AUTHORS)))
    return BUSY_S / done


def _digest(
    scenario: Scenario,
    probes: Plan,
    began_s: float,
    measured: Measured,
    receipts: Receipts,
    intended: dict[int, float],
    busy_s: float,
) -> Calibration:
    comments, fan_outs = measured.comments, measured.fan_outs
    intended_s = np.array([intended[int(seq)] for seq in comments["seq"]])
    shares = _commit_sizes(comments["durable_s"])
    lone = (shares == 1) & ~_during_fan_out(intended_s, comments["durable_s"], fan_outs)
    gaps = _idle_gaps(intended_s, fan_outs["end_s"])
    api_s = comments["admitted_s"] - comments["received_s"]
    hops = (comments["hub_s"] - comments["durable_s"])[lone]
    commits = (comments["durable_s"] - comments["admitted_s"])[lone]
    dense = tuple(began_s + at for at in probes.dense)
    return Calibration(
        viewers=scenario.audience.viewers,
        posts=np.column_stack([gaps, comments["received_s"] - intended_s, api_s])[lone],
        commits=commits,
        commit_more_s=_commit_more(comments["admitted_s"], comments["durable_s"], shares, float(np.median(commits))),
        hops=hops,
        slacks=_timer_slacks(fan_outs["start_s"], scenario.system.window_ms / 1000, (dense[0], dense[1])),
        answer_s=max(0.0, busy_s - float(np.median(api_s[lone]) + np.median(hops))),
        fan_outs=_fan_out_rows(fan_outs, receipts, scenario.audience.viewers),
        machine=fingerprint(),
    )


def _commit_sizes(durable_s: Samples) -> Samples:
    """How many comments shared each comment's commit: they were stamped durable together."""
    _, commit, sizes = np.unique(durable_s, return_inverse=True, return_counts=True)
    return sizes[commit].astype(float)


def _during_fan_out(from_s: Samples, to_s: Samples, fan_outs: dict[str, Samples]) -> NDArrayBool:
    """Whether a fan-out held the loop at some time in [from, to]."""
    began_before = np.searchsorted(fan_outs["start_s"], to_s)
    ended_before = np.searchsorted(fan_outs["end_s"], from_s)
    overlap: NDArrayBool = began_before > ended_before
    return overlap


def _idle_gaps(at_s: Samples, ends_s: Samples) -> Samples:
    before = np.searchsorted(ends_s, at_s)
    return np.where(before > 0, at_s - ends_s[np.maximum(before - 1, 0)], 1.0)


def _commit_more(admitted_s: Samples, durable_s: Samples, shares: Samples, one_s: float) -> float:
    """What each further comment adds to a commit, from the commits of bursts."""
    more = []
    ends = np.unique(durable_s)
    for previous, end in pairwise(ends):
        mine = durable_s == end
        size = shares[mine][0]
        if size > 1:
            more.append((end - max(previous, admitted_s[mine].min()) - one_s) / (size - 1))
    return max(0.0, float(np.median(more))) if more else 0.0


def _timer_slacks(starts_s: Samples, window_s: float, dense: tuple[float, float]) -> Samples:
    """By how much fan-outs came later than the window's end while posts came faster than the window."""
    within = starts_s[(starts_s > dense[0] + 0.1) & (starts_s < dense[1])]
    late = np.diff(within) - window_s
    late = late[(late > -0.002) & (late < window_s)] if window_s else late[:0]
    return np.maximum(late, 0.0) if len(late) else np.zeros(1)


def _fan_out_rows(fan_outs: dict[str, Samples], receipts: Receipts, viewers: int) -> Samples:
    """Join fan-outs with their receipts: gap, events, duration, lag to the first receipt, span to the last."""
    order = np.argsort(receipts.firsts, kind="stable")
    firsts, times_s = receipts.firsts[order], receipts.times_s[order]
    rows = []
    previous_end = np.concatenate([[-1.0], fan_outs["end_s"][:-1]])
    for index, first in enumerate(fan_outs["first"]):
        mine = times_s[np.searchsorted(firsts, first) : np.searchsorted(firsts, first, side="right")]
        if len(mine) < viewers:
            continue
        start_s, end_s = fan_outs["start_s"][index], fan_outs["end_s"][index]
        events = fan_outs["last"][index] - first + 1
        span_s = mine.max() - mine.min()
        rows.append((start_s - previous_end[index], events, end_s - start_s, mine.min() - start_s, span_s))
    return np.array(rows)
