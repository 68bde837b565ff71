"""One run of the final: the write path, the rooms, the regions and the viewers who change edges, step by step."""

from dataclasses import dataclass, field

import numpy as np

from reference_impl.policy.batching import GroupCommitConfig
from reference_impl.policy.rate import RateConfig, RateLimiter
from reference_impl.policy.rooms import Rooms
from simulation.experiments.world_cup.crowd import Posts, posts
from simulation.experiments.world_cup.plan import PLACES, Plan
from simulation.faults import Ceiling
from simulation.link_faults import RegionCut
from simulation.model.cluster import Away, Cluster
from simulation.model.commits import publish
from simulation.model.frames import Ledger
from simulation.model.mixture import Array
from simulation.model.region import Region
from simulation.model.returning import Returning, spread
from simulation.model.samples import Batch, Numbers, Stream, batches
from simulation.model.topology import Topology
from simulation.replications import Streams

COMMIT_S, COMMIT_MORE_S = 2e-3, 20e-6  # of a comment, and of each further one


@dataclass(slots=True)
class Match:
    """What there is to tell of a run. Times by step are of shape (steps,), joins of shape (n, 2): when, how many."""

    plan: Plan
    regions: list[Region]
    stream: Stream
    posted_s: Array
    offered: int = 0
    unsent: int = 0  # from a region that was cut off
    limited: int = 0
    crowded_out: int = 0
    rooms: int = 0
    watching: list[int] = field(default_factory=list)
    tries: list[int] = field(default_factory=list)
    joins: list[tuple[float, int]] = field(default_factory=list)
    lost_s: float = 0.0
    lost_viewers: int = 0
    away: int = 0  # at the end
    given_up: int = 0
    outside: Ledger = field(default_factory=Ledger)  # of those who have no edge

    @property
    def clusters(self) -> list[Cluster]:
        return [cluster for region in self.regions for cluster in region.clusters]


class Run:
    def __init__(self, plan: Plan, streams: Streams) -> None:
        self._plan = plan
        self._topology = Topology(plan.network())
        self._plan_rooms, self._shares = _rooms(plan)
        self._regions = [self._region(name, self._shares, streams) for name in PLACES]
        self._clusters = [cluster for region in self._regions for cluster in region.clusters]
        self._away: Away | None = None
        rng = streams.random("reconnects") if plan.jitter else Ceiling()
        self._returning = Returning(plan.retry, plan.step_s, rng)
        self.match = self._write(posts(plan, streams))

    def run(self) -> Match:
        plan, match = self._plan, self.match
        rows = batches(match.stream, match.rooms, plan.window_ms, plan.budget)
        bounds = np.searchsorted([row.released_s for row in rows], np.arange(0, plan.seconds + 2, plan.step_s))
        cut, steps = RegionCut(region=plan.cut), len(bounds) - 1
        for step in range(steps):
            now_s = step * plan.step_s
            if now_s in plan.cut_s:
                (self._topology.begin if now_s == plan.cut_s[0] else self._topology.end)(cut)
            if now_s == plan.goals_s[1]:
                self._lose(now_s)
            if now_s < plan.seconds:
                self._come_back(step, now_s)
            self._pass_on(rows[bounds[step] : bounds[step + 1]], now_s)
            self._look(now_s)
        self._finish(rows[bounds[-1] :], steps * plan.step_s)
        return match

    def _region(self, name: str, shares: Array, streams: Streams) -> Region:
        plan, pops = self._plan, list(PLACES[name].pops_ms)
        crowds = spread(plan.viewers_of(name), [1] * len(pops))
        clusters = {
            f"{name}/{pop}/1": Cluster(f"{name}/{pop}", plan.edges_of(name), viewers, shares, plan.cluster)
            for pop, viewers in zip(pops, crowds, strict=True)
        }
        return Region(name, self._topology, clusters, streams.random)

    def _write(self, crowd: Posts) -> Match:
        """Bring the posts to the log; those of a region that is cut off do not come so far."""
        plan = self._plan
        ways_s = np.array([self._topology.delay_s(name, "api") for name in PLACES])
        begin_s, end_s = plan.cut_s
        sent = (crowd.regions != list(PLACES).index(plan.cut)) | (crowd.at_s < begin_s) | (crowd.at_s >= end_s)
        at_s, authors = crowd.at_s[sent], crowd.authors[sent]
        comes_s = at_s + ways_s[crowd.regions[sent]] + plan.api_s
        match = Match(plan, self._regions, Stream(at_s, at_s, authors), crowd.at_s)
        match.offered, match.unsent, match.rooms = len(crowd.at_s), int((~sent).sum()), len(list(self._plan_rooms))
        numbers, durable_s = self._commit(match, comes_s, authors)
        order = np.argsort(durable_s, kind="stable")
        numbers = numbers[order]
        match.stream = Stream(at_s[numbers], durable_s[order], self._rooms_of(authors[numbers]))
        return match

    def _commit(self, match: Match, comes_s: Array, authors: Numbers) -> tuple[Numbers, Array]:
        """By partitions of the log, each with its authors, limits and group commits."""
        numbers, durable_s = [], []
        for partition in range(self._plan.partitions):
            mine = np.flatnonzero(authors % self._plan.partitions == partition)
            mine = mine[np.argsort(comes_s[mine], kind="stable")]
            rows = zip(comes_s[mine].tolist(), map(str, authors[mine].tolist()), strict=True)
            done = publish(rows, RateLimiter(RateConfig()), GroupCommitConfig(), _commit_s)
            match.limited += done.limited
            match.crowded_out += done.crowded_out
            numbers.append(mine[np.searchsorted(comes_s[mine], done.intended_s)])
            durable_s.append(np.array(done.durable_s))
        return np.concatenate(numbers), np.concatenate(durable_s)

    def _rooms_of(self, authors: Numbers) -> Numbers:
        names = {room: number for number, room in enumerate(self._plan_rooms)}
        found, at = np.unique(authors, return_inverse=True)
        homes: Numbers = np.array([names[self._plan_rooms.of(f"user:{author}")] for author in found.tolist()])
        return homes[at]

    def _lose(self, now_s: float) -> None:
        region, pop = self._plan.lost
        cluster = next(each for each in self._clusters if each.name == f"{region}/{pop}")
        self.match.lost_s, self.match.lost_viewers = now_s, cluster.viewers
        self._away = cluster.lose(now_s)
        self._returning.failed(0, self.match.lost_viewers, now_s)

    def _come_back(self, step: int, now_s: float) -> None:
        tries = 0
        for failures, count in self._returning.due(step):
            tries += count
            near = failures <= self._plan.at_home_tries
            open_ = [each for each in self._clusters if each.up and (not near or self._is_near(each))]
            refused = count
            for cluster, coming in zip(open_, spread(count, [each.edges for each in open_]), strict=True):
                assert self._away is not None
                entered = cluster.join(coming, now_s, self._away)
                refused -= entered
                self.match.joins.append((now_s, entered))
            if refused:
                self._returning.failed(failures, refused, now_s + self._plan.step_s)
        self.match.tries.append(tries)

    def _is_near(self, cluster: Cluster) -> bool:
        return cluster.name.startswith(f"{self._plan.lost[0]}/")

    def _pass_on(self, rows: list[Batch], now_s: float) -> None:
        until_s, comment_bytes = now_s + self._plan.step_s, self._plan.cluster.comment_bytes
        new = self.match.stream.head(until_s) - self.match.stream.head(now_s)
        for region in self._regions:
            region.bring(rows, new * comment_bytes, now_s, comment_bytes)
        for cluster in self._clusters:
            cluster.work(until_s)

    def _look(self, now_s: float) -> None:
        self.match.watching.append(sum(cluster.viewers for cluster in self._clusters))
        if now_s == int(now_s):
            for cluster in self._clusters:
                if cluster.up:
                    cluster.sample(now_s + self._plan.step_s)

    def _finish(self, rows: list[Batch], now_s: float) -> None:
        """Empty what waits, and close the books."""
        self._pass_on(rows, now_s)
        head = len(self.match.stream)
        self.match.away, self.match.given_up = self._returning.waiting, self._returning.given_up
        for cluster in self._clusters:
            cluster.work(float("inf"))
            cluster.settle(head)
        if self._away is not None:
            self._miss(self.match.away + self.match.given_up, head, self._away)

    def _miss(self, viewers: int, head: int, away: Away) -> None:
        """Those who are still without an edge miss what others were shown since they lost theirs."""
        other = next(each for each in self._clusters if each.up)
        _, missed = other.frames.lacking(0, self._shares, away.positions, away.since_s)
        lacked = float(self._shares @ (head - away.positions))
        self.match.outside = Ledger(missed=viewers * missed, shed=viewers * (lacked - missed))


def _commit_s(comments: int) -> float:
    return COMMIT_S + COMMIT_MORE_S * (comments - 1)


def _rooms(plan: Plan) -> tuple[Rooms, Array]:
    """The rooms of an edge, by the server's policy, and each one's share of the edge's viewers.

    All edges have those of the home region's: their viewers' keys are hashed alike, and they are about as many. The
    rooms stay as they are; after a cluster is lost they are larger, and with few edges some would be divided.
    """
    home = next(iter(PLACES))
    viewers = plan.viewers_of(home) // (plan.edges_of(home) * len(PLACES[home].pops_ms))
    rooms = Rooms(plan.rooms)
    for viewer in range(viewers):
        rooms.enter(f"user:viewer {viewer}")
    sizes = np.array([rooms.size(room) for room in rooms], dtype=np.float64)
    return rooms, sizes / sizes.sum()
