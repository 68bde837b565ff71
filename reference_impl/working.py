"""Work that one process leaves to others: a queue in parts, each of which one worker holds at a time.

What has to be done in order has the same key, and so the same part. A worker holds a part by a lease that it renews
while it lives; when it falls silent another one takes the part over, with what was taken and not done. Each holding
has a higher token than those before. Whoever makes an effect durable shows it there, so that a worker which was only
slow finds its part gone, and its effect refused.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

from reference_impl.background import end
from reference_impl.policy.lease import LeaseConfig
from reference_impl.policy.retry import Retry, RetryConfig
from reference_impl.policy.sharing import Turn, fair_share, turn
from reference_impl.ports import LogUnavailable

BACKOFF = RetryConfig(base_s=0.1, cap_s=5.0, attempts_max=1_000_000)

log = logging.getLogger(__name__)


class BacklogFull(LogUnavailable):
    """The queue takes no more until workers have caught up."""


class Fenced(LogUnavailable):
    """Another worker has the part now."""


@dataclass(frozen=True, slots=True)
class Piece:
    """``id`` grows within a part."""

    id: str
    data: Any


@dataclass(frozen=True, slots=True)
class Hold:
    """``token`` is higher than that of every earlier holding of the part."""

    queue: str
    part: int
    token: int
    worker: str


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits in all parts, taken or not."""

    depth: int
    oldest_s: float


class WorkQueue(Protocol):
    name: str
    parts: int

    async def add(self, items: Sequence[tuple[str, Any]]) -> None:
        """Add (key, data) durably and all at once or, by BacklogFull, not at all; LogUnavailable: nobody knows."""
        ...

    async def hold(self, worker: str, part: int, held: Hold | None) -> Hold | None:
        """Take a part that nobody holds, or renew what one holds; None: it is another's."""
        ...

    async def take(self, hold: Hold, limit: int) -> list[Piece]:
        """Answer the oldest pieces that are not done, in order; Fenced: the part is another's."""
        ...

    async def done(self, hold: Hold, pieces: Sequence[Piece], *, buried: bool = False) -> None:
        """Forget pieces, or put those that cannot be done where somebody may look at them."""
        ...

    async def release(self, hold: Hold) -> None:
        """Let somebody else have the part at once."""
        ...


class Membership(Protocol):
    """Who works on a queue."""

    async def present(self, worker: str) -> int:
        """Tell that one is there, and answer how many are."""
        ...

    async def leave(self, worker: str) -> None: ...

    async def backlog(self) -> Backlog: ...


Handle = Callable[[Hold, Sequence[Piece]], Awaitable[None]]
"""Does the work, and makes its effect durable under the hold's token; Fenced when another one has acted since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerConfig:
    lease: LeaseConfig = field(default_factory=lambda: LeaseConfig(lease_s=3.0, heartbeat_s=1.0))
    batch_max: int = 200  # pieces handled together
    idle_s: float = 0.1  # between looks at an empty part
    tries_max: int = 3  # of a piece that fails by itself; then it is buried
    alert_depth: int = 5_000  # a quarter of it ends the alarm


class Worker:
    """Works on its fair share of a queue's parts until cancelled."""

    def __init__(self, name: str, queue: WorkQueue, members: Membership, handle: Handle, config: WorkerConfig) -> None:
        self.name = name
        self._queue = queue
        self._members = members
        self._handle = handle
        self._config = config
        self._holds: dict[int, Hold] = {}
        self._working: dict[int, asyncio.Task[None]] = {}
        self._alarmed = False

    def holds(self, part: int) -> bool:
        """Whether it is to work on a part, as far as it knows."""
        return part in self._holds

    async def run(self) -> None:
        retry = Retry(BACKOFF, Random())
        try:
            while True:
                try:
                    await self._beat()
                except LogUnavailable as error:
                    log.warning("%s: %s", self._queue.name, error)
                    await asyncio.sleep(retry.failed(0.0) or 0.0)
                else:
                    retry.succeeded()
                    await asyncio.sleep(self._config.lease.heartbeat_s)
        finally:
            await self._end()

    async def _beat(self) -> None:
        """Renew what is held, take what is free, give back what is more than a fair share."""
        share = fair_share(self._queue.parts, await self._members.present(self.name))
        for part in range(self._queue.parts):
            held = self._holds.get(part)
            what = turn(held is not None, len(self._holds), share)
            if what is Turn.GIVE_BACK:
                await self._part_with(part)
            if what is not Turn.HOLD:
                continue
            hold = await self._queue.hold(self.name, part, held)
            if hold is None:
                await self._stop(part)
            elif hold != held:
                self._holds[part] = hold
                self._working[part] = asyncio.create_task(self._work(hold))
        self._watch(await self._members.backlog())

    async def _work(self, hold: Hold) -> None:
        """One batch after another, in order, for as long as the part is held."""
        retry, failed = Retry(BACKOFF, Random()), 0
        while True:
            try:
                # After a failure one at a time, so that the piece is found which cannot be done.
                pieces = await self._queue.take(hold, 1 if failed else self._config.batch_max)
                done = await self._do(hold, pieces, failed)
            except Fenced:
                return
            except LogUnavailable as error:
                log.warning("%s, part %d: %s", hold.queue, hold.part, error)
                await asyncio.sleep(retry.failed(0.0) or 0.0)
                continue
            failed = 0 if done else failed + 1
            retry.succeeded()
            if not pieces or not done:
                await asyncio.sleep(self._config.idle_s)

    async def _do(self, hold: Hold, pieces: Sequence[Piece], failed: int) -> bool:
        """Handle pieces; False: that failed, and is worth another try. One that fails again and again is buried."""
        if not pieces:
            return True
        try:
            await self._handle(hold, pieces)
        except LogUnavailable:
            raise
        except Exception as error:  # whatever it is, the work behind it must go on
            buried = failed >= self._config.tries_max
            log.error("%s, part %d: %s fails: %r; buried=%s", hold.queue, hold.part, pieces[0].id, error, buried)
            if not buried:
                return False
        else:
            buried = False
        await self._queue.done(hold, pieces, buried=buried)
        return True

    async def _part_with(self, part: int) -> None:
        hold = self._holds[part]
        await self._stop(part)
        await self._queue.release(hold)

    async def _stop(self, part: int) -> None:
        """Work on a part no more; what was under way is done again by the next one, and once in effect."""
        self._holds.pop(part, None)
        task = self._working.pop(part, None)
        if task is not None:
            await end([task])

    async def _end(self) -> None:
        for part in list(self._holds):
            try:
                await self._part_with(part)
            except LogUnavailable:
                continue  # the lease ends by itself
        try:
            await self._members.leave(self.name)
        except LogUnavailable:
            log.debug("%s: not signed off", self._queue.name)

    def _watch(self, backlog: Backlog) -> None:
        alert = self._config.alert_depth
        if backlog.depth >= alert and not self._alarmed:
            log.warning("%s falls behind: depth=%d oldest_s=%.1f", self._queue.name, backlog.depth, backlog.oldest_s)
            self._alarmed = True
        elif backlog.depth <= alert // 4 and self._alarmed:
            log.info("%s has caught up: depth=%d", self._queue.name, backlog.depth)
            self._alarmed = False
