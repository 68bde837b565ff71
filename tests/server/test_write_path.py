"""The use case by itself, where a real log would have to be full or away at the right moment."""

import asyncio

import pytest

from reference_impl.group_commit import GroupCommit
from reference_impl.policy.batching import GroupCommitConfig
from reference_impl.policy.rate import RateConfig
from reference_impl.ports import LogUnavailable
from reference_impl.protocol import problem
from reference_impl.protocol.problem import Problem
from reference_impl.write_path import NewComment
from simulation.virtual_time import run
from tests.parity.commits import NoBroker, Outcome, SlowLog, path_to, reader

STREAM = "match"


class LogThatIsAway(SlowLog):
    """Appends, but cannot look a key up."""

    async def replay(self, draft):
        raise LogUnavailable("away")


async def settled():
    """Let whatever can go on at once do so."""
    for _ in range(20):
        await asyncio.sleep(0)


def with_path(log, rate, commits, use):
    async def main():
        clock = asyncio.get_running_loop().time
        queue = GroupCommit(log, NoBroker(), commits, clock)
        await use(path_to(log, queue, rate, clock))
        await queue.drain()

    run(main())


def test_what_finds_no_room_costs_its_author_nothing():
    async def use(path):
        first = asyncio.create_task(path.post(STREAM, reader("ann"), NewComment("1"), 0.0))
        await settled()  # the first is being committed
        waiting = asyncio.create_task(path.post(STREAM, reader("ann"), NewComment("2"), 0.0))
        await settled()
        for _ in range(5):
            with pytest.raises(Problem) as refusal:
                await path.post(STREAM, reader("ann"), NewComment("3"), 0.0)
            assert refusal.value.kind is problem.OVERLOADED
        await asyncio.gather(first, waiting)
        assert (await path.post(STREAM, reader("ann"), NewComment("4"), 0.0)).answer.event.seq == 3

    with_path(SlowLog(Outcome()), RateConfig(burst=3), GroupCommitConfig(waiting_max=1), use)


def test_one_item_of_a_batch_that_the_log_fails_leaves_no_key_in_flight():
    async def use(path):
        items = [NewComment("1", key="a"), NewComment("2", key="b")]
        answers = await path.post_all(STREAM, reader("ann"), items, 0.0, trusted=False)
        assert answers[0].event.seq == 1
        assert answers[1].kind is problem.LOG_UNAVAILABLE
        with pytest.raises(LogUnavailable):  # over the rate, and not told that it is in flight
            await path.post(STREAM, reader("ann"), items[0], 0.0)

    with_path(LogThatIsAway(Outcome()), RateConfig(burst=1), GroupCommitConfig(), use)
