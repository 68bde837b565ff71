"""The guarded log: what it repeats, what it does not, and what becomes of a comment that is stored too late."""

import asyncio
from random import Random

import pytest

from reference_impl.guard import Guard, GuardConfig
from reference_impl.guarded_log import GuardedEngine, GuardedLog
from reference_impl.ports import Appended, LogUnavailable, Refused
from reference_impl.protocol import problem
from simulation.virtual_time import run
from tests.parity.commits import NoBroker
from tests.parity.hubs import MemoryLog, comment


class FailingLog(MemoryLog):
    """Fails once on each way in."""

    def __init__(self):
        super().__init__(3)
        self.asked = []

    def fail_once(self, name):
        self.asked.append(name)
        if self.asked.count(name) == 1:
            raise LogUnavailable("once")

    async def append(self, drafts):
        self.fail_once("append")
        return []

    async def read(self, stream, *, first, last):
        self.fail_once("read")
        return await super().read(stream, first=first, last=last)

    async def heads(self, streams):
        self.fail_once("heads")
        return await super().heads(streams)

    async def replay(self, draft):
        self.fail_once("replay")

    async def write(self, work):
        self.fail_once("write")


def test_of_a_logs_calls_only_those_that_read_are_repeated():
    async def main():
        clock = asyncio.get_running_loop().time
        reads, writes = (Guard(name, GuardConfig(), clock, Random(1)) for name in ("reads", "writes"))
        inner = FailingLog()
        log, engine = GuardedLog(inner, reads, writes, NoBroker()), GuardedEngine(inner, reads, writes)
        assert [event.seq for event in await log.read("match", first=1, last=3)] == [1, 2, 3]
        assert await log.heads(["match"]) == {"match": 3}
        assert await log.replay(None) is None
        for change in (log.append([]), engine.write(None)):
            with pytest.raises(LogUnavailable, match="once"):
                await change
        assert (inner.asked.count("append"), inner.asked.count("write")) == (1, 1)
        assert (reads.status()["calls"], writes.status()["calls"]) == (6, 2)

    run(main())


class WritingBroker(NoBroker):
    """Writes down what is published."""

    def __init__(self):
        self.seqs = []

    def publish(self, message):
        self.seqs.append(message.event.seq)


class LateLog(MemoryLog):
    """Stores, but says so late."""

    async def append(self, drafts):
        await asyncio.sleep(3.0)
        return [Appended(comment(1)), Appended(comment(2), replayed=True), Refused(problem.BANNED, ""), *drafts]


def test_what_was_stored_too_late_for_its_caller_is_published_all_the_same():
    async def main():
        clock, broker = asyncio.get_running_loop().time, WritingBroker()
        guard = Guard("log", GuardConfig(), clock, Random(1))
        log = GuardedLog(LateLog(0), guard, guard, broker)
        with pytest.raises(LogUnavailable, match="within 2 s"):
            await log.append([])
        assert broker.seqs == []
        await asyncio.sleep(1.1)
        assert broker.seqs == [1]

    run(main())
