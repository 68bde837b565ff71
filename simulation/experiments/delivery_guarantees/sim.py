"""One run in the model: the same comments and losses, the server's policies, and measured costs."""

from collections.abc import Callable, Generator, Mapping
from typing import Any

import numpy as np
import simpy

from reference_impl.policy.circuit_breaker import BreakerConfig
from reference_impl.policy.retry import Retry, RetryConfig
from simulation.experiments.delivery_guarantees.cursor import SavedCursor
from simulation.experiments.delivery_guarantees.plan import BROKER, POSTS, RECONNECTS, Case, Fate
from simulation.experiments.delivery_guarantees.record import Record
from simulation.model.database import Database
from simulation.model.edge_process import EdgeCosts, viewers
from simulation.model.event_loop import Steps
from simulation.model.group_commit import GroupCommit
from simulation.model.guard import Guard
from simulation.model.redis_broker import Link, Listener, RedisBroker
from simulation.model.restarts import Process
from simulation.model.resuming import Relay, ResumingEdge

HEADS_S = 1.0  # between two questions for heads, as the hub has it
COMPLETES_S = 6.0  # after the last comment was meant to be sent
ATTEMPTS = 100  # more than an author has
ONCE = RetryConfig(attempts_max=0)

Costs = Mapping[str, Any]


class Simulated:
    """The rooms of one variant, joined as `fleet` joins the processes."""

    def __init__(self, case: Case, costs: Costs) -> None:
        self._case = case
        self._costs = costs
        self._env = env = simpy.Environment()
        self._seen: list[tuple[int, int, float]] = []
        self._requests = self._reached = 0
        self._way_s, self._back_s = self._draws("way_s"), self._draws("back_s")
        database = Database(env, self._draws("commit_s"), case.stream("lock"))
        self.commits = GroupCommit(env, database, Guard(env, BreakerConfig(), case.stream("guard")), self._tell)
        self.cursors = [
            SavedCursor(0, case.variant.saves_s, case.first_save_s(viewer)) for viewer in range(case.size.viewers)
        ]
        self.edge = self._edge()
        self._broker_way = Process(env)
        rng = case.stream("broker")
        listener = Listener(self._broker_way, Retry(BROKER, rng), self._draws("link_s"), self.edge.receive)
        redis = Process(env)  # is always there, and so is the API's way to it
        writer = Link(redis, Retry(BROKER, case.stream("writer")), self._draws("link_s"))
        self.broker = RedisBroker(redis, writer, [listener], self._in_order(self._draws(self._where("hop_s"))))

    def record(self) -> Record:
        """Let it all happen."""
        case, env = self._case, self._env
        for number, at_s in enumerate(case.posts_s()):
            env.process(self._author(number, at_s))
        env.process(self._cut())
        env.process(self._break())
        env.run(until=case.size.seconds + COMPLETES_S)
        return Record(
            meant_s=dict(enumerate(case.posts_s())),
            numbers={seq: key // ATTEMPTS for key, seq in self.commits.seqs.items()},
            receipts=np.array(self._seen).reshape(-1, 3),
            viewers=case.size.viewers,
            requests=self._requests,
            cpu_s=self._cpu_s(),
            received_bytes=self._received_bytes(),
            drops=case.variant.drops,
        )

    def facts(self) -> dict[str, float]:
        return {"reconnects": len(self.edge.joins_s)}

    def _where(self, name: str) -> str:
        """A cost of who brings comments to viewers."""
        return f"{'edge' if self._case.variant.log else 'relay'}_{name}"

    def _draws(self, name: str) -> Callable[[], float]:
        samples, rng = self._costs[name], self._case.stream(f"cost {name}")
        return lambda: float(rng.choice(samples))

    def _in_order(self, takes_s: Callable[[], float]) -> Callable[[], float]:
        """Over one connection nothing overtakes what was sent before it."""
        arrives_s = 0.0

        def in_order_s() -> float:
            nonlocal arrives_s
            arrives_s = max(arrives_s, self._env.now + takes_s())
            return arrives_s - self._env.now

        return in_order_s

    def _edge(self) -> ResumingEdge | Relay:
        case, env = self._case, self._env
        crowd = viewers(0, case.size.viewers, RECONNECTS, case.stream("reconnects"))
        join_s, send_s = self._draws(self._where("join_s")), float(self._costs["send_s"])
        if not case.variant.log:
            return Relay(env, crowd, join_s, send_s, self._see)
        costs = EdgeCosts(
            open_s=lambda: 0.0, join_s=join_s, catch_up_s=self._draws("catch_up_s"), read_s=self._draws("read_s"),
            send_s=send_s,
        )  # fmt: skip
        return ResumingEdge(
            env, crowd, costs, lambda: self.commits.head, self._see, HEADS_S, case.stream("heads"), self._resumes_at
        )

    def _resumes_at(self, viewer: int) -> int:
        return self.cursors[viewer].resume(self._env.now)

    def _see(self, viewer: int, seq: int, at_s: float) -> None:
        self._seen.append((viewer, seq, at_s))
        self.cursors[viewer].moved(seq, at_s)

    def _tell(self, seq: int) -> None:
        self.broker.publish(seq)

    def _author(self, number: int, at_s: float) -> Steps:
        """A comment, sent until there is an answer, or once."""
        case, env, attempt = self._case, self._env, 0
        retry = Retry(POSTS if case.variant.retries else ONCE, case.stream(f"author {number}"))
        yield env.timeout(at_s)
        while (yield from self._sent(number, attempt)) is not Fate.ANSWERED:
            again_s = retry.failed(0.0)
            if again_s is None:
                return
            attempt += 1
            yield env.timeout(again_s)

    def _sent(self, number: int, attempt: int) -> Generator[simpy.Event, Any, Fate]:
        """One request; a request that has the first one's key finds the first one's answer."""
        fate = self._case.fate(number, attempt)
        self._requests += 1
        yield self._env.timeout(self._way_s())
        if fate is not Fate.REQUEST_LOST:
            self._reached += 1
            yield self.commits.submit(number * ATTEMPTS + (0 if self._case.variant.keyed else attempt))
            yield self._env.timeout(self._back_s())
        return fate

    def _cut(self) -> Steps:
        for at_s, viewer in self._case.cuts_s():
            yield self._env.timeout(at_s - self._env.now)
            self.edge.cut(viewer)

    def _break(self) -> Steps:
        yield self._env.timeout(self._case.outage_at_s())
        self._broker_way.kill()
        yield from self._broker_way.start(self._case.size.outage_s)

    def _cpu_s(self) -> float:
        """Of all processes of the server, for as long as comments were posted."""
        cpu, joins = self._costs["cpu"], len(self.edge.joins_s)
        brought_s = cpu[self._where("comment_s")] * len(self.commits.seqs) + cpu[self._where("join_s")] * joins
        return float(cpu["post_s"] * self._reached + brought_s + cpu[self._where("idle_s")] * self._case.size.seconds)

    def _received_bytes(self) -> float:
        joined_bytes = self._costs[self._where("hello_bytes")] * len(self.edge.joins_s)
        return float(self._costs["comment_bytes"] * len(self._seen) + joined_bytes)
