"""A failover variant in the model: the same crowd and the same fault, the server's policies, and measured costs."""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np
import simpy

from reference_impl.policy.retry import Retry, RetryConfig
from simulation.experiments.failover.plan import (
    ANSWER_S,
    BEFORE_S,
    FANS,
    POSTS,
    REACT_ON_S,
    RECONNECTS,
    RESTART_S,
    WORK_SEEN_S,
    Variant,
)
from simulation.experiments.failover.record import Record, Try
from simulation.faults import Ceiling
from simulation.model.database import Database
from simulation.model.edge_process import EdgeCosts, EdgeProcess, viewers
from simulation.model.event_loop import EventLoop, Steps
from simulation.model.group_commit import GroupCommit
from simulation.model.guard import Guard
from simulation.model.redis_broker import Link, Listener, RedisBroker
from simulation.model.restarts import Process
from simulation.model.retrying_authors import RetryingAuthors
from simulation.model.working import LEASE, PARTS, Hold, Piece, Worker, WorkQueue

HEADS_S = 1.0  # between two questions for heads, as the hub has it
BACKOFF = RetryConfig(base_s=0.05, cap_s=2.0, attempts_max=1_000_000)  # of a connection to Redis, as the broker has it
FLUSH_S = 1.0  # a server hands reactions on so often
SETTLE_S = 3.0  # before the crowd comes, in which workers share the parts
COMPLETES_S = 8.0  # after the end, for what was posted before it
LOOK_S = 0.02


@dataclass(slots=True)
class Draws:
    """Measured costs, drawn at random; each has a stream of its own, which no variant shifts."""

    costs: Mapping[str, Any]
    repeat: int
    _streams: dict[str, Random] = field(default_factory=dict)

    def of(self, name: str) -> Callable[[], float]:
        samples = self.costs[name]
        return lambda: float(self.stream(name).choice(samples))

    def stream(self, name: str) -> Random:
        if name not in self._streams:
            self._streams[name] = Random(f"failover {self.repeat} {name}")
        return self._streams[name]


class Run:
    """The rooms of one variant, joined as `fleet` joins the processes."""

    def __init__(self, variant: Variant, draws: Draws) -> None:
        self.env = env = simpy.Environment()
        self._variant = variant
        self._draws = draws
        self._seen: list[tuple[int, int, float]] = []
        self.database = Database(env, draws.of("commit_s"), draws.stream("lock"))
        self.commits = GroupCommit(env, self.database, Guard(env, variant.guard, draws.stream("breaker")), self._tell)
        self.authors = RetryingAuthors(env, self.commits, draws.of("way_s"), POSTS, ANSWER_S, draws.stream("authors"))
        self.edges = [self._edge(number) for number in range(variant.crowds)]
        self.redis = Process(env)
        listeners = [
            Listener(self.redis, Retry(BACKOFF, draws.stream(f"listener {number}")), draws.of("link_s"), edge.receive)
            for number, edge in enumerate(self.edges)
        ]
        writer = Link(self.redis, Retry(BACKOFF, draws.stream("writer")), draws.of("link_s"))
        self.broker = RedisBroker(self.redis, writer, listeners, draws.of("hop_s"))
        self.queue = WorkQueue()
        self.workers = [EventLoop(env) for _ in range(variant.workers)]
        self.work_done_s = 0.0
        for number, loop in enumerate(self.workers):
            first_s = draws.stream(f"worker {number}").random() * LEASE.heartbeat_s
            Worker(loop, f"{number}", self.queue, self._do, first_s)

    def record(self) -> Record:
        """Let it all happen."""
        fault_s = SETTLE_S + BEFORE_S
        end_s = fault_s + self._variant.after_s
        self.env.process(self._crowd(end_s))
        self.env.process(self._befall(fault_s))
        if self._variant.workers:
            self.env.process(self._react(fault_s + REACT_ON_S))
            self.env.process(self._watch(fault_s))
        self.env.run(until=end_s + COMPLETES_S)
        seqs = self.commits.seqs
        watching = self._variant.viewers * self._variant.crowds
        pairs = len({(viewer, seq) for viewer, seq, _ in self._seen})
        return Record(
            fault_s=fault_s,
            end_s=end_s,
            meant_s={seq: self.authors.meant_s[key] for key, seq in seqs.items()},
            receipts=np.array(self._seen),
            joins_s=np.array([at_s for edge in self.edges for at_s in edge.joins_s]),
            affected=range(self._variant.viewers if self._variant.name.startswith("edge") else watching),
            tries=[Try(*each) for each in self.authors.tries],
            lost=len(self.authors.meant_s) * watching - pairs,
            doubled=len(self._seen) - pairs,
            work_done_s=self.work_done_s,
        )

    def _edge(self, number: int) -> EdgeProcess:
        draws, variant = self._draws, self._variant
        rng = draws.stream(f"viewers {number}") if variant.jitter else Ceiling()
        crowd = viewers(number * variant.viewers, variant.viewers, RECONNECTS, rng)
        costs = EdgeCosts(
            open_s=draws.of("open_s"), join_s=draws.of("join_s"), catch_up_s=draws.of("catch_up_s"),
            read_s=draws.of("read_s"), send_s=float(draws.costs["send_s"]),
        )  # fmt: skip
        return EdgeProcess(
            self.env, crowd, costs, lambda: self.commits.head, lambda *seen: self._seen.append(seen), HEADS_S,
            draws.stream(f"heads {number}"),
        )  # fmt: skip

    def _tell(self, seq: int) -> None:
        """Viewers at the API need no broker."""
        if self._variant.edges:
            self.broker.publish(seq)
        else:
            self.env.process(self._bring(seq))

    def _bring(self, seq: int) -> Steps:
        yield self.env.timeout(self._draws.of("hop_s")())
        self.edges[0].receive(seq)

    def _crowd(self, end_s: float) -> Steps:
        yield self.env.timeout(SETTLE_S)
        yield from self.authors.run(self._variant.rate_per_s, end_s)

    def _befall(self, fault_s: float) -> Steps:
        yield self.env.timeout(fault_s)
        if self._variant.name.startswith("log"):
            self.database.lock()
            yield self.env.timeout(self._variant.stall_s)
            self.database.unlock()
            return
        if self.workers:
            self.workers[0].kill()
            return
        killed: Process = self.redis if self._variant.name == "broker" else self.edges[0]
        killed.kill()
        start_s = self._draws.of("start_redis_s" if killed is self.redis else "start_edge_s")()
        yield self.env.timeout(RESTART_S)
        yield from killed.start(start_s)

    def _react(self, until_s: float) -> Steps:
        """Each second the server hands on what its fans have said last; a fan's work is always in the same part."""
        yield self.env.timeout(SETTLE_S + self._draws.stream("flush").random() * FLUSH_S)
        while True:
            for fan in range(FANS):
                self.queue.add(fan % PARTS, self.env.now)
            if self.env.now > until_s:
                return
            yield self.env.timeout(FLUSH_S)

    def _watch(self, fault_s: float) -> Steps:
        yield self.env.timeout(fault_s + WORK_SEEN_S)
        while self.queue.backlog and self.env.now < fault_s + self._variant.after_s:
            yield self.env.timeout(LOOK_S)
        self.work_done_s = self.env.now - fault_s

    def _do(self, hold: Hold, pieces: Sequence[Piece]) -> Generator[simpy.Event, Any, bool]:
        """From being taken until they are forgotten."""
        yield self.env.timeout(self._draws.of("done_s")())
        return True
