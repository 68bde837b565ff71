"""What things cost a server, asked of it by a process of its own.

python -m simulation.experiments.degradation.probe costs URL PID MEASURE VIEWERS
python -m simulation.experiments.degradation.probe refusals URL PID
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random

import uvloop

from simulation.bench.fanout_load import crowd
from simulation.bench.http_load import closed_loop, request_bytes
from simulation.engines.api_client import gateway_token, open_stream
from simulation.engines.processes import cpu_seconds
from simulation.experiments.degradation.load import running
from simulation.experiments.degradation.plan import AUTHORS, FEW, SHARES, VARIANTS, Case, Kind, Request
from simulation.experiments.degradation.requests import PATH, STREAM, Asking
from simulation.experiments.degradation.stamps import Stamped, Stretch
from simulation.measurements import read_measured

MANY = 256  # connections that keep it busy
WARM_UP_S = 0.5
BUSY_S = 1.5
CROWDED_S = 2.5
LONE_S = 0.8
FLUSHED_S = 1.3  # by then its stamps are in their file

Costs = dict[str, float]


class Probe:
    def __init__(self, url: str, pid: int, asking: Asking) -> None:
        self._url = url
        self._pid = pid
        self._asking = asking
        self._rng = Random(1)

    async def asks(self, seconds: float, connections: Mapping[Kind, int]) -> Stretch:
        """So many connections for each kind, all of which ask again as soon as they are answered."""
        return await self._stretch(seconds, {kind: (count, [kind]) for kind, count in connections.items()})

    async def mixed(self, seconds: float, connections: int) -> Stretch:
        """All kinds by the shares that they have."""
        return await self._stretch(seconds, {Kind.POST: (connections, list(SHARES))})

    async def _stretch(self, seconds: float, loops: Mapping[Kind, tuple[int, list[Kind]]]) -> Stretch:
        begin_s, cpu_s = time.monotonic(), cpu_seconds(self._pid)
        answers = await asyncio.gather(*(
            closed_loop(self._url, count, seconds, self._next_of(kinds)) for count, kinds in loops.values()
        ))  # fmt: skip
        counts = {kind: len(each.latency_s) + each.bad for kind, each in zip(loops, answers, strict=True)}
        return Stretch(begin_s, time.monotonic(), cpu_seconds(self._pid) - cpu_s, counts)

    def _next_of(self, kinds: list[Kind]) -> Callable[[], bytes]:
        def one() -> bytes:
            (kind,) = self._rng.choices(kinds, [SHARES.get(each, 1.0) for each in kinds])
            return self._asking(Request(0.0, kind, self._rng.randrange(AUTHORS)))

        return one


async def costs(url: str, pid: int, measure: Path, viewers: int) -> Costs:
    """All in seconds but the capacity; what a commit has on its thread and what it waits for are told by its stamps."""
    probe = Probe(url, pid, await Asking.at(url))
    await probe.asks(WARM_UP_S, {Kind.POST: MANY})
    alone = await probe.asks(LONE_S, {Kind.POST: 1})
    page_s = (await probe.asks(LONE_S, {Kind.PAGE: 8})).each_s
    reaction_s = (await probe.asks(LONE_S, {Kind.REACTION: 16})).each_s
    pin_s = (await probe.asks(LONE_S, {Kind.MODERATION: 1})).each_s
    async with crowd(running(url), viewers, None):  # a comment that nobody is to be shown costs less
        await probe.mixed(WARM_UP_S, MANY)
        mixed = await probe.mixed(BUSY_S, MANY)
        busy = await probe.asks(BUSY_S, {Kind.POST: MANY})
        capacity_per_s = mixed.answers[Kind.POST] / BUSY_S
        crowded = await probe.asks(CROWDED_S, _all_connections(capacity_per_s))
    await asyncio.sleep(FLUSHED_S)
    seen = Stamped(read_measured(measure), viewers, crowded.begin_s)
    commit_s, sync_s = seen.commit_s(alone), seen.sync_s(alone)
    posts, commits = busy.answers[Kind.POST], seen.commits(busy)
    row_s = max(0.0, (seen.commit_s(busy) - commit_s) / max(1.0, posts / commits - 1))
    on_loop_s = max(0.0, busy.cpu_s - commits * seen.commit_s(busy) - seen.fan_outs_s(busy)) / posts
    loop_s = {Kind.POST: on_loop_s, Kind.PAGE: page_s / 2, Kind.REACTION: reaction_s}
    expected_s = seen.frames_s(crowded) + sum(count * loop_s[kind] for kind, count in crowded.answers.items())
    threads_s = seen.commits(crowded) * seen.commit_s(crowded) + crowded.answers[Kind.PAGE] * page_s / 2
    return {
        "capacity_per_s": capacity_per_s,
        "post_s": on_loop_s / 2, "answer_s": on_loop_s / 2, "row_s": row_s,
        "commit_work_s": max(0.0, commit_s - row_s), "sync_s": sync_s,
        "pin_s": max(0.0, pin_s - commit_s - on_loop_s / 2), "reaction_s": reaction_s,
        "page_s": page_s / 4, "page_read_s": page_s / 2,  # half of it on a thread: both have the core in turn
        "send_s": seen.send_s, "comment_s": seen.comment_s, "slack_s": seen.slack_s,
        "crowding": max(1.0, (crowded.cpu_s - threads_s) / expected_s),
    }  # fmt: skip


def _all_connections(capacity_per_s: float) -> dict[Kind, int]:
    """As many for posts and pages as a run has; reactions are answered at once, and few of theirs are ever in use."""
    case = Case(variant=VARIANTS["no-ladder"], capacity_per_s=capacity_per_s)
    return {kind: case.connections(kind) for kind in (Kind.POST, Kind.PAGE)} | {Kind.REACTION: FEW}


async def refusals(url: str, pid: int) -> Costs:
    """One author's posts, all of which are refused, for whatever reason."""
    token = await gateway_token(url)
    body = json.dumps({"author": {"id": "author"}, "text": "What a goal!"}).encode()
    await _settle(url, token)
    cpu_s = cpu_seconds(pid)
    post = request_bytes("POST", f"{PATH}/comments", token, body)
    answers = await closed_loop(url, MANY, LONE_S, lambda: post)
    return {"refused_s": (cpu_seconds(pid) - cpu_s) / (len(answers.latency_s) + answers.bad)}


async def _settle(url: str, token: str) -> None:
    await open_stream(url, STREAM, token)
    await closed_loop(url, 1, WARM_UP_S, lambda: request_bytes("GET", f"{PATH}/comments?limit=1"))


if __name__ == "__main__":
    kind, address, server_pid, *rest = sys.argv[1:]
    asked = (
        costs(address, int(server_pid), Path(rest[0]), int(rest[1]))
        if kind == "costs"
        else refusals(address, int(server_pid))
    )
    sys.stdout.write(json.dumps(uvloop.run(asked)) + "\n")
