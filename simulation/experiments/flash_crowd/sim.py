"""One run in the model: the same crowd, the server's policies, and measured costs, a short step at a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np

from reference_impl.policy.autoscaling import Autoscaler
from simulation.experiments.flash_crowd.crowd import POINTS, Crowd
from simulation.experiments.flash_crowd.measured import Run
from simulation.experiments.flash_crowd.plan import Case, Seen, Signal, Times
from simulation.model.joining_edges import JoiningCosts, JoiningEdges
from simulation.model.returning import spread
from simulation.model.samples import Numbers

SMOOTH_S = 0.05  # over which it is looked how busy the others on a core are
BEHIND = 0.1  # of a core, about, that a process gets which stands back, however busy the others are (nice 10)
ENDS_S = 120.0  # after the end, at most, for comments that are late


@dataclass(slots=True)
class Starting:
    """Edges that were asked for together, whose machines are there from ``from_s``; then it takes so long."""

    count: int
    from_s: float
    left_s: float


class Simulated:
    """Edges on cores of their own, or on one that they share with those that start."""

    def __init__(self, case: Case, costs: Mapping[str, Any]) -> None:
        self._case = case
        self._costs = costs
        self._joining = JoiningCosts(**{name: costs[name] for name in ("join_s", "refuse_s", "receive_s", "send_s")})
        self._crowd = Crowd(case, costs["way_s"])
        self._scaler = Autoscaler(case.size.autoscaling)
        self._starts = Random(f"flash_crowd {case.repeat} starts")
        self._groups: list[JoiningEdges] = []
        self._group_of = np.zeros(0, dtype=np.int64)  # of each edge, in the balancer's order
        self._turn = 0
        self._starting: list[Starting] = []
        self._left_over = 1.0  # of a core that is shared, for those that start
        self._asked_s, self._ready_s = case.paid_from_s, list[float]()
        self._used: list[float] = []  # shares of a core, lately
        self._busy_s: list[float] = []
        self._looked = (0, 0.0)  # tries and work, at the last look
        hops = Random(f"flash_crowd {case.repeat} hops")
        come_s = [at_s + hops.choice(costs["hop_s"]) for at_s in case.posts_s()]
        self._posts = sorted(zip(come_s, range(len(come_s)), strict=True), reverse=True)  # the next one is the last
        self._add(case.edges, 0.0, case.size.present)

    def run(self) -> Run:
        case, size = self._case, self._case.size
        steps, looks = round((size.seconds + ENDS_S) / size.step_s), round(size.look_s / size.step_s)
        last, expected = round(size.seconds / size.step_s), POINTS * len(self._posts) * len(self._groups)
        for step in range(steps):
            until_s = (step + 1) * size.step_s
            self._let_come(until_s)
            for group in self._groups:
                group.work(until_s)
            if size.shared_core:
                self._share_core(until_s)
            self._start(until_s)
            if case.variant.signal is not Signal.NONE and step < last and (step + 1) % looks == 0:
                self._look(until_s)
            if step >= last and len(self._crowd.comments) >= expected:
                break
        return Run(
            came_s=self._crowd.came_s,
            joined_s=self._crowd.joined_s,
            comments=np.array(self._crowd.comments),
            refused=sum(int(np.sum(each <= size.seconds)) for each in self._crowd.refused_s),
            edges_s=np.array(self._asked_s),
            ready_s=np.array(self._ready_s),
            present=size.present,
            seconds=size.seconds,
        )

    def _add(self, count: int, ready_s: float, present: int = 0) -> None:
        """So many more take viewers: one by one where they share a core, or else as one group."""
        counts = [1] * count if self._case.size.shared_core else [count]
        for edges, there in zip(counts, spread(present, counts), strict=True):
            group = JoiningEdges(edges, there, self._case.connections, self._joining, self._crowd, ready_s)
            self._group_of = np.append(self._group_of, np.full(edges, len(self._groups)))
            self._groups.append(group)
            self._used.append(0.0)
            self._busy_s.append(0.0)
        self._ready_s += [ready_s] * count

    def _let_come(self, until_s: float) -> None:
        """Tries by turns, and comments in between."""
        times_s, viewers = self._crowd.due(until_s)
        groups = self._group_of[(self._turn + np.arange(len(viewers))) % len(self._group_of)]
        self._turn += len(viewers)
        done = 0
        while self._posts and self._posts[-1][0] < until_s:
            comes_s, number = self._posts.pop()
            cut = max(done, int(np.searchsorted(times_s, comes_s)))
            self._part(times_s[done:cut], viewers[done:cut], groups[done:cut])
            for group in self._groups:
                group.receive(comes_s, number)
            done = cut
        self._part(times_s[done:], viewers[done:], groups[done:])

    def _part(self, times_s: Times, viewers: Numbers, groups: Numbers) -> None:
        if len(viewers):
            for number, group in enumerate(self._groups):
                mine = groups == number
                group.come(times_s[mine], viewers[mine])

    def _share_core(self, now_s: float) -> None:
        """Each is as much slower as others are at work at the same time (processor sharing)."""
        kept = self._case.size.step_s / SMOOTH_S
        for number, group in enumerate(self._groups):
            used_s = (group.busy_s - self._busy_s[number]) * group.slowness
            self._busy_s[number] = group.busy_s
            self._used[number] += kept * (used_s / self._case.size.step_s - self._used[number])
        shares = [min(1.0, used) for used in self._used]
        behind = BEHIND if any(each.from_s <= now_s for each in self._starting) else 0.0
        for share, group in zip(shares, self._groups, strict=True):
            group.slowness = 1 + behind + sum(shares) - share
        self._left_over = max(BEHIND, 1 - sum(shares))

    def _start(self, now_s: float) -> None:
        """On machines of their own, or one after another with what the others leave of the core."""
        begun = [each for each in self._starting if each.from_s <= now_s]
        for each in begun[:1] if self._case.size.shared_core else begun:
            each.left_s -= self._case.size.step_s * self._left_over
            if each.left_s <= 0:
                self._starting.remove(each)
                self._add(each.count, now_s)

    def _look(self, now_s: float) -> None:
        """The autoscaler's."""
        size, (tries_before, busy_before_s) = self._case.size, self._looked
        tries, busy_s = sum(group.tries for group in self._groups), sum(group.busy_s for group in self._groups)
        self._looked = tries, busy_s
        viewers = sum(group.viewers for group in self._groups)
        cpu_share = min(float(len(self._group_of)), (busy_s - busy_before_s) / size.look_s)
        seen = Seen(viewers, (tries - tries_before) / size.look_s, cpu_share)
        edges = len(self._asked_s)
        more = self._scaler.wanted(self._case.variant.load(seen, size.connections), edges, now_s) - edges
        if more > 0:
            self._asked_s += [now_s] * more
            for count in [1] * more if size.shared_core else [more]:
                start_s = self._starts.choice(self._costs["start_s"])
                self._starting.append(Starting(count, now_s + size.boot_s, start_s))
