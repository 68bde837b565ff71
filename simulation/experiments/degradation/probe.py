"""What things cost a server, asked of it by a process of its own.

python -m simulation.experiments.degradation.probe costs URL PID MEASURE VIEWERS
python -m simulation.experiments.degradation.probe refusals URL PID
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
import uvloop

from simulation.bench.fanout_load import crowd
from simulation.bench.http_load import closed_loop, request_bytes
from simulation.engines.api_client import gateway_token, open_stream
from simulation.engines.processes import cpu_seconds
from simulation.experiments.degradation.load import running
from simulation.experiments.degradation.plan import AUTHORS, SHARES, Kind, Request
from simulation.experiments.degradation.requests import PATH, STREAM, Asking
from simulation.measurements import Measured, read_measured

MANY = 256  # connections that keep it busy
WARM_UP_S = 0.5
BUSY_S = 1.5
LONE_S = 0.8
FLUSHED_S = 1.3  # by then its stamps are in their file

Costs = dict[str, float]


class Probe:
    def __init__(self, url: str, pid: int, asking: Asking) -> None:
        self._url = url
        self._pid = pid
        self._asking = asking
        self._rng = Random(1)

    async def used_s(self, connections: int, seconds: float, next_request: Callable[[], bytes]) -> tuple[float, int]:
        """The server's time for each of so many answers."""
        cpu_s = cpu_seconds(self._pid)
        answers = await closed_loop(self._url, connections, seconds, next_request)
        count = len(answers.latency_s) + answers.bad
        return (cpu_seconds(self._pid) - cpu_s) / count, count

    def next_of(self, *kinds: Kind) -> Callable[[], bytes]:
        """Requests of these kinds, in the shares that they have."""

        def one() -> bytes:
            (kind,) = self._rng.choices(kinds, [SHARES.get(each, 1.0) for each in kinds])
            return self._asking(Request(0.0, kind, self._rng.randrange(AUTHORS)))

        return one


async def costs(url: str, pid: int, measure: Path, viewers: int) -> Costs:
    """All in seconds but the capacity; what a commit has on its thread and what it waits for are told by its stamps."""
    probe = Probe(url, pid, await Asking.at(url))
    await closed_loop(url, MANY, WARM_UP_S, probe.next_of(Kind.POST))
    spans = [time.monotonic()]
    await probe.used_s(1, LONE_S, probe.next_of(Kind.POST))
    spans.append(time.monotonic())
    busy_s, posts = await probe.used_s(MANY, BUSY_S, probe.next_of(Kind.POST))
    spans.append(time.monotonic())
    page_s, _ = await probe.used_s(8, LONE_S, probe.next_of(Kind.PAGE))
    reaction_s, _ = await probe.used_s(16, LONE_S, probe.next_of(Kind.REACTION))
    pin_s, _ = await probe.used_s(1, LONE_S, probe.next_of(Kind.MODERATION))
    async with crowd(running(url), viewers, None):
        await closed_loop(url, MANY, WARM_UP_S, probe.next_of(*SHARES))
        _, mixed = await probe.used_s(MANY, BUSY_S, probe.next_of(*SHARES))
    await asyncio.sleep(FLUSHED_S)
    measured = read_measured(measure)
    alone, many = (_commits(measured, *span) for span in pairwise(spans))
    each = posts / many["commits"]
    row_s = max(0.0, (many["work_s"] - alone["work_s"]) / (each - 1)) if each > 1 else 0.0
    on_loop_s = max(0.0, busy_s - many["work_s"] / each)
    return {
        "capacity_per_s": mixed / BUSY_S,
        "post_s": on_loop_s / 2, "answer_s": on_loop_s / 2, "row_s": row_s,
        "commit_work_s": max(0.0, alone["work_s"] - row_s), "sync_s": alone["sync_s"],
        "pin_s": max(0.0, pin_s - alone["work_s"] - on_loop_s / 2), "reaction_s": reaction_s,
        "page_s": page_s / 4, "page_read_s": page_s / 2,  # half of it on a thread: both have the core in turn
        **_sends(measured, viewers),
    }  # fmt: skip


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


def _commits(measured: Measured, begin_s: float, end_s: float) -> Costs:
    """How many there were, what each computed, and for how long it then waited."""
    writes = measured.writes
    within = (writes["asked_s"] >= begin_s) & (writes["asked_s"] < end_s)
    work_s = writes["cpu_s"][within] + writes["rest_s"][within]
    waited_s = writes["answered_s"][within] - writes["worked_s"][within] - writes["rest_s"][within]
    return {
        "commits": float(within.sum()),
        "work_s": float(work_s.mean()),
        "sync_s": max(0.0, float(np.median(waited_s))),
    }


def _sends(measured: Measured, viewers: int) -> Costs:
    """A fan-out's time for each viewer: of a frame with one comment, and of each further one."""
    fan_outs = measured.fan_outs
    crowded = fan_outs["viewers"] >= viewers
    sizes = (fan_outs["last"] - fan_outs["first"])[crowded]
    took_s = (fan_outs["end_s"] - fan_outs["start_s"])[crowded]
    quick = took_s <= np.quantile(took_s, 0.75)  # what was interrupted says nothing of sends
    more_s, one_s = np.polyfit(sizes[quick], took_s[quick], 1)
    send_s = max(float(one_s), float(took_s.min()) / 2) / viewers  # a line through few points may begin anywhere
    starts_s, ends_s = fan_outs["start_s"][crowded][1:], fan_outs["end_s"][crowded][:-1]
    slack_s = starts_s - ends_s - 0.020
    return {
        "send_s": send_s, "comment_s": max(0.0, float(more_s)) / viewers,
        "slack_s": float(np.quantile(np.maximum(slack_s, 0.0), 0.1)),
    }  # fmt: skip


if __name__ == "__main__":
    kind, address, server_pid, *rest = sys.argv[1:]
    asked = (
        costs(address, int(server_pid), Path(rest[0]), int(rest[1]))
        if kind == "costs"
        else refusals(address, int(server_pid))
    )
    sys.stdout.write(json.dumps(uvloop.run(asked)) + "\n")
