"""Workers on a queue in parts: each holds its fair share by leases, which another one takes over when it is silent."""

from collections import deque
from collections.abc import Callable
from random import Random

from reference_impl.policy.lease import Lease, LeaseConfig, Leases
from reference_impl.policy.sharing import fair_share
from simulation.model.event_loop import Steps
from simulation.model.restarts import Process

LEASE = LeaseConfig(lease_s=3.0, heartbeat_s=1.0)  # as the server's workers have it
IDLE_S = 0.1  # between looks at an empty part
BATCH_MAX = 200
PARTS = 8


class WorkQueue:
    """Pieces by part, the leases on the parts, and who has said that he is there."""

    def __init__(self) -> None:
        self.leases = Leases(LEASE)
        self.pieces: list[deque[float]] = [deque() for _ in range(PARTS)]
        self._present: dict[str, float] = {}

    @property
    def backlog(self) -> int:
        return sum(map(len, self.pieces))

    def add(self, part: int, now_s: float) -> None:
        self.pieces[part].append(now_s)

    def present(self, name: str, now_s: float) -> int:
        """Workers that have said so within a lease."""
        self._present[name] = now_s
        self._present = {who: at_s for who, at_s in self._present.items() if at_s > now_s - LEASE.lease_s}
        return len(self._present)


class Worker:
    """``done_s`` draws what so many pieces take, from being taken until they are forgotten."""

    def __init__(
        self, process: Process, name: str, queue: WorkQueue, done_s: Callable[[int], float], rng: Random
    ) -> None:
        self._process = process
        self._name = name
        self._queue = queue
        self._done_s = done_s
        self._leases: dict[int, Lease] = {}
        process.env.process(self._run(rng.random() * LEASE.heartbeat_s))

    def _run(self, first_s: float) -> Steps:
        yield self._process.env.timeout(first_s)
        while self._process.up:
            self._beat(self._process.env.now)
            yield self._process.env.timeout(LEASE.heartbeat_s)

    def _beat(self, now_s: float) -> None:
        """Renew what is held, take what is free, give back what is more than a fair share."""
        leases, share = self._queue.leases, fair_share(PARTS, self._queue.present(self._name, now_s))
        for part in range(PARTS):
            held = self._leases.get(part)
            if held is None and len(self._leases) >= share:
                continue
            if held is not None and len(self._leases) > share:
                leases.release(self._leases.pop(part), now_s)
                continue
            name = f"{part}"
            lease = leases.renew(held, now_s) if held else leases.acquire(name, self._name, now_s)
            if lease is None:
                self._leases.pop(part, None)
                continue
            self._leases[part] = lease
            if held is None:
                self._process.env.process(self._work(part, lease.token))

    def _work(self, part: int, token: int) -> Steps:
        """One batch after another for as long as the part is held; what a dead one had begun is not done."""
        pieces = self._queue.pieces[part]
        while self._process.up and part in self._leases and self._leases[part].token == token:
            count = min(len(pieces), BATCH_MAX)
            yield self._process.env.timeout(self._done_s(count) if count else IDLE_S)
            if not (self._process.up and part in self._leases):
                return
            for _ in range(count):
                pieces.popleft()
