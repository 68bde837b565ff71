"""Workers on a queue in parts: each holds its fair share by leases, which another one takes over when it is silent.

As `reference_impl.working` has them, and with its policies. A worker is an event loop that may be stopped and killed;
what it does about pieces of work is its handler's.
"""

from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import simpy

from reference_impl.policy.lease import Lease, LeaseConfig, Leases
from reference_impl.policy.sharing import Turn, fair_share, turn
from simulation.model.event_loop import EventLoop, Steps

LEASE = LeaseConfig(lease_s=3.0, heartbeat_s=1.0)  # as the server's workers have it
IDLE_S = 0.1  # between looks at an empty part
BATCH_MAX = 200
PARTS = 8


class Piece(NamedTuple):
    """``number`` grows with every piece that is added, to whichever part."""

    number: int
    at_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Hold:
    """``over`` comes about when its worker knows that the part is its own no more."""

    part: int
    lease: Lease
    over: simpy.Event

    def is_over(self) -> bool:
        return self.over.triggered


Handle = Callable[[Hold, Sequence[Piece]], Generator[simpy.Event, Any, bool]]
"""Does the work and makes its effect durable; False: another worker has the part, or this one has been told to stop."""


class WorkQueue:
    """Pieces by part, the leases on the parts, and who has said that he is there."""

    def __init__(self, parts: int = PARTS, lease: LeaseConfig = LEASE) -> None:
        self.lease = lease
        self.leases = Leases(lease)
        self.pieces: list[deque[Piece]] = [deque() for _ in range(parts)]
        self._present: dict[str, float] = {}
        self._added = 0

    @property
    def parts(self) -> int:
        return len(self.pieces)

    @property
    def backlog(self) -> int:
        """What is not done, taken or not."""
        return sum(map(len, self.pieces))

    def add(self, part: int, now_s: float) -> None:
        self.pieces[part].append(Piece(self._added, now_s))
        self._added += 1

    def present(self, name: str, now_s: float) -> int:
        """Workers that have said so within a lease."""
        self._present[name] = now_s
        self._present = {who: at_s for who, at_s in self._present.items() if at_s > now_s - self.lease.lease_s}
        return len(self._present)

    def hold(self, name: str, part: int, held: Hold | None, now_s: float) -> Lease | None:
        """Take a part that nobody holds, or renew what one holds; None: it is another's."""
        renewed = self.leases.renew(held.lease, now_s) if held else None
        return renewed or self.leases.acquire(f"{part}", name, now_s)

    def holder(self, part: int, now_s: float) -> str | None:
        return self.leases.holder(f"{part}", now_s)

    def take(self, hold: Hold, limit: int, now_s: float) -> list[Piece] | None:
        """The oldest pieces that are not done, whoever took them before; None: the part is another's."""
        if self.holder(hold.part, now_s) != hold.lease.holder:
            return None
        pieces = self.pieces[hold.part]
        return [pieces[at] for at in range(min(limit, len(pieces)))]

    def done(self, hold: Hold, taken: Sequence[Piece], now_s: float) -> None:
        """Forget pieces, unless the part is another's, who does them again."""
        pieces = self.pieces[hold.part]
        while taken and pieces and pieces[0].number <= taken[-1].number and self.take(hold, 1, now_s):
            pieces.popleft()


class Worker:
    """``call_s`` says how long a call of the queue keeps the loop: "hold" (of one part), "take" or "done"."""

    def __init__(
        self, loop: EventLoop, name: str, queue: WorkQueue, handle: Handle, first_s: float,
        call_s: Callable[[str], float] = lambda _: 0.0,
    ) -> None:  # fmt: skip
        self.name = name
        self._loop = loop
        self._queue = queue
        self._handle = handle
        self._call_s = call_s
        self._holds: dict[int, Hold] = {}
        loop.env.process(self._run(first_s))

    def _run(self, first_s: float) -> Steps:
        yield from self._sleep(first_s)
        while True:
            yield from self._beat()
            yield from self._sleep(self._queue.lease.heartbeat_s)

    def _beat(self) -> Steps:
        """Renew what is held, take what is free, give back what is more than a fair share."""
        env, queue = self._loop.env, self._queue
        share = fair_share(queue.parts, queue.present(self.name, env.now))
        for part in range(queue.parts):
            held = self._holds.get(part)
            what = turn(held is not None, len(self._holds), share)
            if what is Turn.LEAVE:
                continue
            yield from self._call("hold")
            if held is not None and what is Turn.GIVE_BACK:
                self._stop(part)
                queue.leases.release(held.lease, env.now)
                continue
            self._holding(part, held, queue.hold(self.name, part, held, env.now))

    def _holding(self, part: int, held: Hold | None, lease: Lease | None) -> None:
        """Begin, go on or stop, as the queue has answered."""
        if held is not None and lease is not None and lease.token == held.lease.token:
            self._holds[part] = Hold(part, lease, held.over)
            return
        self._stop(part)
        if lease is not None:
            self._holds[part] = Hold(part, lease, self._loop.env.event())
            self._loop.env.process(self._work(self._holds[part]))

    def _work(self, hold: Hold) -> Steps:
        """One batch after another for as long as the part is held; what a dead one had begun is not done."""
        env, queue = self._loop.env, self._queue
        while not hold.is_over():
            yield from self._call("take")
            pieces = queue.take(hold, BATCH_MAX, env.now)
            if pieces is None:
                return
            if not pieces:
                yield from self._sleep(IDLE_S)
            elif not (yield from self._handle(hold, pieces)):
                return
            else:
                yield from self._call("done")
                queue.done(hold, pieces, env.now)

    def _stop(self, part: int) -> None:
        held = self._holds.pop(part, None)
        if held is not None:
            held.over.succeed()

    def _call(self, name: str) -> Steps:
        yield from self._loop.run(self._call_s(name))

    def _sleep(self, duration_s: float) -> Steps:
        yield self._loop.env.timeout(duration_s)
        yield from self._loop.run(0.0)
