"""Group commit around any `CommentLog`: waits, commits batches, publishes what is durable, answers the waiting.

Publishing happens here, in commit order and before anybody is answered, so that an author who goes away between the
commit and the answer cannot keep the comment from its viewers.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

from reference_impl.policy.batching import CommitQueue, GroupCommitConfig
from reference_impl.ports import Appended, Broker, Clock, CommentLog, KeyReused, LogUnavailable, Published, Stamps
from reference_impl.protocol.events import Draft


@dataclass(frozen=True, slots=True)
class _Waiting:
    draft: Draft
    received_s: float
    admitted_s: float
    answer: "asyncio.Future[Appended]"


class GroupCommit:
    def __init__(self, log: CommentLog, broker: Broker, config: GroupCommitConfig, clock: Clock) -> None:
        self._log = log
        self._broker = broker
        self._clock = clock
        self._queue: CommitQueue[_Waiting] = CommitQueue(config)
        self._running: asyncio.Task[Any] | None = None

    def submit(self, draft: Draft, received_s: float) -> "asyncio.Future[Appended] | None":
        """Queue a draft and promise its place in the log; None refuses it because the queue is full.

        The promise ends in KeyReused or LogUnavailable when the log says so.
        """
        answer: asyncio.Future[Appended] = asyncio.get_running_loop().create_future()
        if not self._queue.offer(_Waiting(draft, received_s, self._clock(), answer)):
            return None
        self._start()
        return answer

    async def drain(self) -> None:
        """Wait until everything submitted has been answered."""
        while self._running is not None:
            await asyncio.wait([self._running])

    def _start(self) -> None:
        batch = self._queue.start()
        if batch:
            self._running = asyncio.get_running_loop().create_task(self._commit(batch))

    async def _commit(self, batch: list[_Waiting]) -> None:
        answers: list[Appended | Exception] = []
        try:
            answers.extend(await self._log.append([waiting.draft for waiting in batch]))
        except Exception as error:
            answers.extend([error if isinstance(error, LogUnavailable) else LogUnavailable(repr(error))] * len(batch))
        self._publish(batch, answers, self._clock())
        for waiting, answer in zip(batch, answers, strict=True):
            _settle(waiting.answer, answer)
        self._queue.finish()
        self._running = None
        self._start()

    def _publish(self, batch: list[_Waiting], answers: list[Appended | Exception], durable_s: float) -> None:
        for waiting, answer in zip(batch, answers, strict=True):
            if isinstance(answer, Appended) and not answer.replayed:
                stamps = Stamps(waiting.received_s, waiting.admitted_s, durable_s)
                self._broker.publish(Published(answer.comment, stamps))


def _settle(promise: "asyncio.Future[Appended]", answer: Appended | KeyReused | Exception) -> None:
    if promise.done():  # the author went away
        return
    if isinstance(answer, Exception):
        promise.set_exception(answer)
    else:
        promise.set_result(answer)
