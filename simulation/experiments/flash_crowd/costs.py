"""Short probes of what a crowd costs an edge: a start, a join, a refused try, a comment; and how long each takes.

One audience goes through it all: a few who come one after another, a burst at an edge that lets everybody in, and one
at an edge that lets in nearly nobody, with comments before and after the first burst.
"""

import asyncio
import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from simulation.engines import processes
from simulation.engines.api_client import gateway_token, head_cursor, open_stream
from simulation.engines.live import finish
from simulation.engines.poster import Posted, Poster
from simulation.engines.processes import cpu_seconds
from simulation.experiments.flash_crowd.live import STREAM, audience
from simulation.experiments.flash_crowd.plan import UNBOUNDED, Times
from simulation.experiments.flash_crowd.site import Edge, Site, Watch, asking, site
from simulation.trace import Post

SHUT = replace(UNBOUNDED, joins_per_s=1)
PRESENT = 10
LONE, LONE_S = 20, 1.0  # who come one after another, and in which time
BURST, BURST_S = 300, 0.3
POSTS, PER_S = 40, 20.0
FIRST_S, SECOND_S = 1.2, 5.0  # when comments begin, before and after the first burst
JOIN_S, REFUSE_S, END_S = 3.6, 7.5, 9.2
COLD = 2  # comments, which find nothing open yet
LEAST_S = 1e-7


@dataclass(slots=True)
class Marks:
    """What each edge had used of a core at some times, s."""

    began_s: float
    of: dict[tuple[str, float], float]

    async def at(self, at_s: float, **edges: Edge) -> None:
        await asyncio.sleep(max(0.0, self.began_s + at_s - time.monotonic()))
        self.of |= {(name, at_s): cpu_seconds(edge.pid) for name, edge in edges.items()}

    def used_s(self, name: str, from_s: float, until_s: float) -> float:
        return self.of[name, until_s] - self.of[name, from_s]


async def measure() -> dict[str, Any]:
    """All costs in seconds: samples of ``start_s`` and ``hop_s``, numbers otherwise."""
    async with site(UNBOUNDED, 0) as running:
        token = await gateway_token(running.url)
        await open_stream(running.url, STREAM, token)
        starts_s = []
        for bounds in (UNBOUNDED, SHUT):
            began_s = time.monotonic()
            await running.start_edge(bounds)
            starts_s.append(time.monotonic() - began_s)
        crowds = await _crowds(running, Poster(running.url, STREAM, 1, token))
        return {"start_s": starts_s, **crowds}


async def _crowds(running: Site, poster: Poster) -> dict[str, Any]:
    opened, shut = running.edges
    async with audience(running, PRESENT, _arrivals_s(), opened.url) as crowd:
        marks = Marks(time.monotonic() + 0.2, {})
        await processes.tell(crowd, f"begin {marks.began_s}")
        posting = asyncio.create_task(poster.run(_posts(), marks.began_s))
        for at_s in (0.0, FIRST_S, JOIN_S - 0.2, SECOND_S - 0.1, REFUSE_S - 0.2):
            await marks.at(at_s, opened=opened, shut=shut)
        await processes.tell(crowd, f"edges {shut.url}")
        await marks.at(END_S, shut=shut)
        async with asking() as session:
            tries = (await Watch(running, session).tries(shut)) or 1
        posted = await posting
        await finish(crowd, int((await head_cursor(running.url, STREAM)).split(":")[1]))
        await processes.next_line(crowd)
    found = dict(np.load(running.folder / "receipts.npz"))
    return _costs(marks, found, posted, tries)


def _arrivals_s() -> Times:
    lone = np.linspace(0.0, LONE_S, LONE, endpoint=False)
    return np.concatenate([lone, *(begin_s + np.linspace(0.0, BURST_S, BURST) for begin_s in (JOIN_S, REFUSE_S))])


def _posts() -> list[Post]:
    times_s = [begin_s + number / PER_S for begin_s in (FIRST_S, SECOND_S) for number in range(POSTS)]
    return [Post(at_s, f"author{number}", f"What a goal! {number}") for number, at_s in enumerate(times_s)]


def _costs(marks: Marks, found: dict[str, Times], posted: Posted, tries: int) -> dict[str, Any]:
    """From differences of what the edges have used; an idle one uses a little, too."""
    idle = marks.used_s("shut", 0.0, REFUSE_S - 0.2) / (REFUSE_S - 0.2)

    def used_s(name: str, from_s: float, until_s: float) -> float:
        return max(0.0, marks.used_s(name, from_s, until_s) - idle * (until_s - from_s))

    few, many = PRESENT + LONE, PRESENT + LONE + BURST
    of_few_s = used_s("opened", FIRST_S, JOIN_S - 0.2) / POSTS
    of_many_s = used_s("opened", SECOND_S - 0.1, REFUSE_S - 0.2) / POSTS
    send_s = max(LEAST_S, (of_many_s - of_few_s) / (many - few))
    join_s = used_s("opened", JOIN_S - 0.2, SECOND_S - 0.1) / BURST
    lone_s = float(np.median(found["joined_s"][:LONE] - marks.began_s - _arrivals_s()[:LONE]))
    receive_s = max(LEAST_S, of_few_s - few * send_s)
    return {
        "join_s": join_s,
        "refuse_s": used_s("shut", REFUSE_S - 0.2, END_S) / tries,
        "send_s": send_s,
        "receive_s": receive_s,
        "way_s": max(0.0, lone_s - join_s),
        "hop_s": _hops_s(found["seen"], posted, marks.began_s + JOIN_S),
    }


def _hops_s(seen: Times, posted: Posted, until_s: float) -> list[float]:
    """From when a comment was meant to when the first viewer had it, while there were few."""
    meant_s = {seq: at_s for seq, at_s in posted.accepted if at_s < until_s}
    found = [
        float(seen[seen[:, 1] == seq, 2].min() - meant_s[seq]) for seq in sorted(meant_s) if np.any(seen[:, 1] == seq)
    ]
    return [max(0.0, each) for each in found[COLD:]]
