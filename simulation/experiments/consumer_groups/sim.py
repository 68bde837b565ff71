"""One run in the model: the same work at the same moments, the server's policies, and measured costs."""

from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from random import Random
from typing import Any

import simpy

from reference_impl.policy.lease import Fence
from simulation.experiments.consumer_groups.plan import SLOWER, WATCH_S, Case, Fault
from simulation.experiments.consumer_groups.record import ENDS_S, LOOK_S, Effect, Look, Record
from simulation.model.core import Core
from simulation.model.event_loop import EventLoop, Steps
from simulation.model.working import Hold, Piece, Worker, WorkQueue

SETTLE_S = 3.0  # before work comes, in which workers share the partitions
# How long SQLite sleeps before it looks again at a lock. Source: sqlite3.c, sqliteDefaultBusyCallback.
BUSY_S = (0.001, 0.002, 0.005, 0.010, 0.015, 0.020, 0.025, 0.025, 0.025, 0.050, 0.050, 0.100)


class Draws:
    """Measured costs, drawn at random; each has a stream of its own."""

    def __init__(self, costs: Mapping[str, Any], repeat: int) -> None:
        self._costs = costs
        self._repeat = repeat
        self._streams: dict[str, Random] = {}

    def __call__(self, name: str) -> float:
        rng = self._streams.setdefault(name, Random(f"consumer groups {self._repeat} {name}"))
        return float(rng.choice(self._costs[name]))


class Effects:
    """The database that effects are written to, with a fence before each partition and one writer at a time."""

    def __init__(self, env: simpy.Environment, case: Case, draws: Draws) -> None:
        self._env = env
        self._case = case
        self._draws = draws
        self._fences = [Fence() for _ in range(case.variant.partitions)]
        self._last = [-1] * case.variant.partitions  # the number of the newest piece that is in effect
        self._locked = False
        self.made: list[Effect] = []
        self.refused = 0

    def write(self, hold: Hold, pieces: Sequence[Piece]) -> Generator[simpy.Event, Any, bool]:
        """One transaction; False: another worker has the partition."""
        yield self._env.timeout(self._draws("enter_s"))
        looks = 0
        while self._locked:
            yield self._env.timeout(BUSY_S[min(looks, len(BUSY_S) - 1)])
            looks += 1
        self._locked = True
        admitted = self._admit(hold, pieces)
        yield self._env.timeout(self._draws("write_s") + len(pieces) * self._draws("row_s"))
        self._locked = False
        return admitted

    def _admit(self, hold: Hold, pieces: Sequence[Piece]) -> bool:
        """Those that are new, under the hold's token."""
        part, now_s, new = hold.part, self._env.now - SETTLE_S, pieces
        if self._case.variant.fence:
            if not self._fences[part].admit(hold.lease.token):
                self.refused += len(pieces)
                return False
            new = [piece for piece in pieces if piece.number > self._last[part]]
            self._last[part] = max(self._last[part], pieces[-1].number)
        self.made += [Effect(piece.number, int(hold.lease.holder), now_s) for piece in new]
        return True


class Member:
    """A worker's process; ``begun`` comes about with its next batch."""

    def __init__(self, run: "Run", number: int, core: Core) -> None:
        self._run = run
        self.loop = EventLoop(run.env, core=core)
        self.lane = EventLoop(run.env)  # one batch at a time
        self._slower = 1.0
        self._changed = run.env.event()
        self.begun = run.env.event()
        first_s = run.case.begins_s(number)
        if number >= run.case.variant.workers:
            first_s += SETTLE_S + (run.case.fault_s or 0.0)
        Worker(self.loop, f"{number}", run.queue, self.handle, first_s, lambda name: run.draws(f"{name}_s"))

    def handle(self, hold: Hold, pieces: Sequence[Piece]) -> Generator[simpy.Event, Any, bool]:
        """As `worker.Handler` does it."""
        run, env = self._run, self._run.env
        with self.lane.turn() as turn:
            yield turn
            if hold.is_over():
                return False
            run.begun.update(piece.number for piece in pieces)
            self.begun.succeed()
            self.begun = env.event()
            yield from self._work(run.case.size.piece_s * len(pieces) + run.draws("late_s"), hold)
            yield from self.loop.run(0.0)
            if hold.is_over():
                return False
            admitted = yield from run.effects.write(hold, pieces)
            return admitted and not hold.is_over()

    def change_pace(self, slower: float) -> None:
        self._slower = slower
        self._changed.succeed()
        self._changed = self._run.env.event()

    def _work(self, left_s: float, hold: Hold) -> Steps:
        """What takes so long at the usual pace, or until the worker has the part no more."""
        env = self._run.env
        while left_s > 0 and not hold.is_over():
            began_s, slower = env.now, self._slower
            done = env.timeout(left_s * slower)
            yield done | self._changed | hold.over
            left_s = 0.0 if done.processed else left_s - (env.now - began_s) / slower


class Run:
    def __init__(self, case: Case, costs: Mapping[str, Any]) -> None:
        self.case = case
        self.draws = Draws(costs, case.repeat)
        self.env = env = simpy.Environment()
        self.queue = WorkQueue(case.variant.partitions, case.size.lease)
        self.effects = Effects(env, case, self.draws)
        self.begun: Counter[int] = Counter()
        core = Core(env)
        self.members = [Member(self, number, core) for number in range(case.variant.processes)]
        self._added_s: list[float] = []
        self._looks: list[Look] = []
        self._befell_s: float | None = None

    def record(self) -> Record:
        """Let it all happen, until nothing waits."""
        self.env.process(self._add())
        self.env.process(self._befall())
        self.env.run(until=self.env.process(self._look()))
        return Record(
            case=self.case, added_s=self._added_s, effects=self.effects.made, begun=self.begun,
            refused=self.effects.refused, looks=self._looks, befell_s=self._befell_s,
        )  # fmt: skip

    @property
    def _now_s(self) -> float:
        return self.env.now - SETTLE_S

    def _add(self) -> Steps:
        yield self.env.timeout(SETTLE_S)
        for due_s, user in self.case.arrivals():
            yield self.env.timeout(max(0.0, due_s - self._now_s))
            yield self.env.timeout(self.draws("add_s"))
            self._added_s.append(due_s)
            self.queue.add(self.case.partition(user), self.env.now)

    def _befall(self) -> Steps:
        case, fault = self.case, self.case.variant.fault
        if case.fault_s is None:
            return
        victim = self.members[case.variant.victim]
        yield self.env.timeout(SETTLE_S + case.fault_s)
        if fault is not Fault.JOINS:
            yield victim.begun
            yield self.env.timeout(WATCH_S)
        self._befell_s = self._now_s
        if fault is Fault.DEAD:
            victim.loop.kill()
        elif fault is Fault.STOPPED:
            victim.loop.stop()
            yield self.env.timeout(case.fault_lasts_s)
            victim.loop.resume()
        elif fault is Fault.SLOW:
            victim.change_pace(SLOWER)
            yield self.env.timeout(case.fault_lasts_s)
            victim.change_pace(1.0)

    def _look(self) -> Steps:
        """As long as work comes; then until all is done, and a worker that was stopped has come back."""
        case = self.case
        yield self.env.timeout(SETTLE_S)
        while self._now_s < case.seconds:
            holders = [self.queue.holder(part, self.env.now) for part in range(case.variant.partitions)]
            workers = [-1 if holder is None else int(holder) for holder in holders]
            self._looks.append(Look(self._now_s, self.queue.backlog, workers))
            yield self.env.timeout(LOOK_S)
        while self.queue.backlog and self._now_s < case.seconds + ENDS_S:
            yield self.env.timeout(LOOK_S)
