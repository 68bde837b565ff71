"""A run in the model: the same requests, the server's policies, and measured costs, on one core.

A timer is looked at each time round the event loop, when all that was ready has had its turn. How late that is on
average is the lag that the ladder is told of, in the server and here.
"""

from array import array
from collections.abc import Callable, Generator, Mapping
from random import Random
from typing import Any

import numpy as np
import simpy

from reference_impl.policy.batching import GroupCommitConfig
from reference_impl.policy.circuit_breaker import BreakerConfig
from reference_impl.policy.coalescing import CoalescingConfig
from reference_impl.policy.degradation import Ladder, Rung, Signal, signal_of
from reference_impl.policy.lag import LagConfig, LagMeter
from reference_impl.policy.ordering import OrderingConfig
from reference_impl.policy.rate import RateConfig, RateLimiter
from reference_impl.policy.reactions import ReactionConfig
from simulation.experiments.degradation.line import Line
from simulation.experiments.degradation.plan import PATIENCE_S, Case, Kind, Request
from simulation.experiments.degradation.record import Outcome, Record, requests_of
from simulation.model.core import Core
from simulation.model.costs import CommitCost, FanOutCost
from simulation.model.database import Reader
from simulation.model.edge import Edge
from simulation.model.event_loop import EventLoop, Steps
from simulation.model.guard import Guard
from simulation.model.hub import StreamHub
from simulation.model.log import Log, Stamps

HEADS_S = 1.0  # between two questions for the log's head
IDLE_S = 0.005  # an idle loop's next time round
TURNS_IN = 2  # of who waited for a place: its future, and then his task
TURNS_BACK = 3  # of an answer's way from the log's thread: its future, the guard's task, and what ends with that
ENDS_S = 15.0

Answered = Generator[simpy.Event, Any, Outcome]


class Simulated:
    def __init__(self, case: Case, costs: Mapping[str, float]) -> None:
        self.case = case
        self.env = env = simpy.Environment()
        self._costs = costs
        self._core = Core(env)
        self.loop = EventLoop(env, core=self._core)
        self._edge = Edge(env, self.loop, self._fan_out)
        self.hub = StreamHub(
            env, self.loop, self._edge, CoalescingConfig(), OrderingConfig(), read=lambda missing: missing,
            slack=lambda: costs["slack_s"],
        )  # fmt: skip
        self.log = Log(env, self.loop, GroupCommitConfig(), self._commit, self._publish, self._core)
        self._reader = Reader(env, core=self._core)
        rng = Random(f"degradation {case.repeat} breaker")
        self._reads = Guard(env, BreakerConfig(), rng, told=lambda: self._wait_in_line(TURNS_IN))
        self._limiter = RateLimiter(RateConfig(burst=case.rate[0], period_s=case.rate[1]))
        self._degradation = case.variant.degradation
        self.ladder = Ladder(self._degradation.ladder)
        self._lines = {kind: Line() for kind in Kind}
        self._free = {kind: case.connections(kind) for kind in Kind}
        self._connections, self._flying = sum(self._free.values()), 0
        self._do: dict[Kind, Callable[[Request], Answered]] = {
            Kind.POST: self._post, Kind.PAGE: self._page, Kind.REACTION: self._react, Kind.MODERATION: self._moderate,
        }  # fmt: skip
        self._published: list[Stamps] = []
        self._reacted = False
        self._round = env.event()
        self._rows, self._rungs, self._sums_s = array("d"), array("d"), array("d")

    def run(self) -> Record:
        for process in (self._arrivals(), self._rounds(), self._watch(), self._heads(), self._sums()):
            self.env.process(process)
        self.env.run(until=self.case.size.seconds + ENDS_S)
        return Record(
            size=self.case.size, requests=requests_of(self._rows), seen=self._seen(),
            frames_s=np.array([each.start_s + each.cost.duration_s for each in self._edge.fan_outs]),
            sums_s=np.array(self._sums_s), rungs=np.array(self._rungs).reshape(-1, 2),
        )  # fmt: skip

    def _arrivals(self) -> Steps:
        for request in self.case.schedule():
            yield self.env.timeout(max(0.0, request.due_s - self.env.now))
            self._lines[request.kind].add(request)
            self._go(request.kind)

    def _go(self, kind: Kind) -> None:
        """Send what there are free connections for."""
        for request in self._lines[kind].gone(self.env.now):
            self._rows.extend((kind, request.due_s, request.due_s + PATIENCE_S, Outcome.GIVEN_UP))
        while self._lines[kind] and self._free[kind]:
            self._free[kind] -= 1
            self.env.process(self._send(self._lines[kind].take()))

    def _send(self, request: Request) -> Steps:
        self._flying += 1
        outcome = yield from self._do[request.kind](request)
        self._flying -= 1
        self._rows.extend((request.kind, request.due_s, self.env.now, outcome))
        self._free[request.kind] += 1
        self._go(request.kind)

    def _cost_s(self, of: str) -> float:
        return self._costs[of] * self._crowding

    @property
    def _crowding(self) -> float:
        """By how much all work on the loop takes longer for the requests that are under way."""
        return 1 + (self._costs["crowding"] - 1) * self._flying / self._connections

    def _post(self, request: Request) -> Answered:
        answered = self.env.event()
        with self.loop.turn() as turn:
            yield turn
            if self.ladder.rung >= Rung.READ_ONLY:
                yield from self.loop.hold(self._cost_s("read_only_s"))
                return Outcome.REFUSED
            if not self._limiter.admit(f"author{request.author}", self.env.now).admitted:
                yield from self.loop.hold(self._cost_s("limited_s"))
                return Outcome.REFUSED
            yield from self.loop.hold(self._cost_s("post_s"))
            if not self.log.append(Stamps(request.due_s, answered=answered)):
                return Outcome.REFUSED
        yield answered
        return Outcome.DONE

    def _moderate(self, request: Request) -> Answered:
        """An event of the log that no rung and no limit refuses."""
        answered = self.env.event()
        with self.loop.turn() as turn:
            yield turn
            yield from self.loop.hold(self._cost_s("pin_s"))
            if not self.log.append(Stamps(float("nan"), answered=answered)):
                return Outcome.REFUSED
        yield answered
        return Outcome.DONE

    def _page(self, request: Request) -> Answered:
        """The log's head first, which takes its thread next to nothing, then the comments."""
        yield from self.loop.run(self._cost_s("page_s"))
        done, _ = yield from self._reads.once(lambda: self._read(0.0))
        yield from self.loop.run(0.0)
        if done:
            done, _ = yield from self._reads.once(lambda: self._read(self._costs["page_read_s"]))
        yield from self.loop.run(self._cost_s("page_s"))
        return Outcome.DONE if done else Outcome.REFUSED

    def _read(self, read_s: float) -> Generator[simpy.Event, Any, bool]:
        """On the one thread for it, and behind what is ready on the way there and at each step of the way back."""
        yield from self.loop.run(0.0)
        yield from self._reader.read(read_s)
        yield from self._wait_in_line(TURNS_BACK)
        return True

    def _wait_in_line(self, turns: int) -> Steps:
        for _ in range(turns):
            yield from self.loop.run(0.0)

    def _react(self, request: Request) -> Answered:
        yield from self.loop.run(self._cost_s("reaction_s"))
        self._reacted = True
        return Outcome.DONE

    def _sums(self) -> Steps:
        """Stored once a window, and told to all viewers unless hints are left out."""
        while True:
            yield self.env.timeout(ReactionConfig().window_s)
            yield self._round
            if not self._reacted:
                continue
            self._reacted = False
            yield from self.loop.run(0.0)
            yield self._core.start(self._costs["commit_work_s"])
            yield from self._wait_in_line(TURNS_BACK)
            with self.loop.turn() as turn:
                yield turn
                if self.ladder.rung < Rung.NO_HINTS:
                    yield from self.loop.hold(self.case.size.viewers * self._cost_s("send_s"))
                    self._sums_s.append(self.env.now)

    def _rounds(self) -> Steps:
        """Each time round the loop all that was ready has its turn, and then what has come meanwhile."""
        while True:
            yield from self.loop.run(0.0)
            with self.loop.turn() as turn:
                yield turn
                self._round.succeed()
                self._round = self.env.event()
            if not self.loop.inside:
                yield self.env.timeout(IDLE_S)

    def _watch(self) -> Steps:
        """How late the loop is, and what the ladder makes of it."""
        config, meter = self._degradation, LagMeter(LagConfig(), self.env.now)
        while True:
            yield self.env.timeout(max(0.0, meter.due_s - self.env.now))
            if self.loop.inside:
                yield self._round
            lag_s = meter.woken(self.env.now)
            if lag_s is None:
                continue
            signals = [
                Signal(lag_s / config.lag_max_s), Signal(self.log.fill / config.fill_max), signal_of(self._reads.state),
            ]  # fmt: skip
            self.hub.relieve(config.relief(self.ladder.sample(signals, self.env.now)))
            self._rungs.extend((self.env.now, self.ladder.rung))

    def _heads(self) -> Steps:
        """What the hub asks the log for once a second."""
        while True:
            yield self.env.timeout(HEADS_S)
            yield self._round
            yield from self._reads.once(lambda: self._read(0.0))

    def _publish(self, batch: list[Stamps]) -> Steps:
        with self.loop.turn() as turn:
            yield turn
            for stamps in batch:
                self._published.append(stamps)
                yield from self.hub.receive(len(self._published))
        yield from self.loop.run(self._cost_s("answer_s") * len(batch))
        for stamps in batch:
            stamps.answer()

    def _commit(self, comments: int) -> CommitCost:
        costs = self._costs
        return CommitCost(0.0, 0.0, costs["commit_work_s"] + costs["row_s"] * comments, costs["sync_s"])

    def _fan_out(self, idle_s: float, comments: int) -> FanOutCost:
        each_s = self._costs["send_s"] + self._costs["comment_s"] * (comments - 1)
        duration_s = self.case.size.viewers * each_s * self._crowding
        return FanOutCost(duration_s, 0.0, duration_s)

    def _seen(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """By the last viewer of each fan-out; moderators' actions are no comments."""
        rows = [
            (seq, self._published[seq - 1].intended_s, each.start_s + each.cost.duration_s)
            for each in self._edge.fan_outs
            for seq in each.seqs
        ]
        seen = np.array(rows, dtype=np.float64).reshape(-1, 3)
        return seen[~np.isnan(seen[:, 1])]
