"""The learner's queue in the real server, and a viewer there who does not read for a while."""

import asyncio
from contextlib import suppress
from random import Random
from types import ModuleType
from typing import TYPE_CHECKING, Any

from reference_impl.policy.backpressure import BackpressureConfig, Gap, SocketQueue
from simulation.course.exercise import Misconception

if TYPE_CHECKING:
    from simulation.course.live import Stage

STREAM, POSTS, AT_ONCE, FAST = "demo", 400, 20, 3
QUEUE_BYTES = 64 * 1024
FOREVER_S = 1e9
OPTIONS = ("--slow-viewer", "drop_oldest", "--queue-bytes", f"{QUEUE_BYTES}")


class _AsTheServers(SocketQueue[Any]):
    """The learner's queue behind all that a viewer's socket asks of the server's."""

    answer: ModuleType

    def __init__(self, config: BackpressureConfig, leaving_bytes: int = 0) -> None:
        super().__init__(config, leaving_bytes)
        self._queue = self.answer.Queue(config.queue_bytes)

    def offer(self, item: Any, *, first: int, last: int, size_bytes: int) -> bool:
        self._queue.offer((item, size_bytes), first, last, size_bytes)
        return self._counted()

    def shed(self) -> bool:
        """All viewers of an edge together have too much: this one goes, as the learner's queue has no word for it."""
        return False

    def take(self) -> tuple[Gap | None, Any]:
        gap, taken = self._queue.take()
        frame, self._leaving_bytes = taken or (None, 0)
        self._counted()
        return Gap(*gap) if gap is not None else None, frame

    def _counted(self) -> bool:
        self.queued_bytes = self._leaving_bytes + self._queue.queued_bytes
        return True


def dressed(answer: ModuleType) -> Any:
    return type("Queue", (_AsTheServers,), {"__slots__": ("_queue",), "answer": answer})


async def live(answer: ModuleType, stage: "Stage") -> str:
    """One viewer reads nothing while 400 long comments come, and then all that is left of them; others keep up."""
    from simulation.course.chat import gateway, post_all
    from simulation.engines.viewers import Crowd, all_have
    from simulation.experiments.backpressure.plan import LONG
    from simulation.experiments.backpressure.readers import SlowReader
    from simulation.model.socket_viewer import Reading

    async with stage.server(*OPTIONS) as url, gateway(url, STREAM) as client:
        start = await client.head(STREAM)
        fast = Crowd(url, STREAM, start, FAST, timed=False)
        slow = SlowReader(url, STREAM, start, Reading(stalls=((0.0, FOREVER_S),)), Random(1))
        slow.began_s = 0.0  # it does not read from the beginning
        following = asyncio.gather(slow.follow(), *(fast.follow(tally) for tally in fast.tallies))
        try:
            await fast.all_open.wait()
            await slow.connected.wait()
            await post_all(client, ((STREAM, f"{number} {LONG}") for number in range(POSTS)), AT_ONCE)
            head = (await client.head(STREAM)).seq
            await all_have(head, fast.tallies)
            slow.began_s = float("inf")  # now it does
            await all_have(head, [slow.tally])
        finally:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following
    return _found(head - start.seq, head, fast.tallies, slow)


def _found(posted: int, head: int, fast: Any, slow: Any) -> str:
    tally = slow.tally
    if any(each.delivered != posted or each.skipped for each in fast):
        raise Misconception(f"those who read got {[each.delivered for each in fast]} of {posted} comments: they lost.")
    if slow.reconnects or tally.duplicated or tally.reordered or tally.lost(head):
        raise Misconception(
            f"of {posted} comments the viewer that had not read got {tally.delivered}, was told of {tally.skipped} "
            f"left out, lacks {tally.lost(head)}, had {tally.duplicated} twice, {tally.reordered} out of order, and "
            f"came back {slow.reconnects} times"
        )
    if not tally.skipped:
        raise Misconception(f"all {posted} comments waited for a viewer that did not read: {QUEUE_BYTES} is no bound.")
    return (
        f"{posted} comments: {FAST} viewers got all of them; the one that did not read got {tally.delivered}, and "
        f"gaps named the other {tally.skipped}"
    )
