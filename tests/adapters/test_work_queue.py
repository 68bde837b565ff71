"""The work queue on a real Redis: order, bounds, leases, and workers that die or come back late."""

import asyncio

import pytest

from reference_impl.background import end
from reference_impl.policy.lease import LeaseConfig
from reference_impl.working import BacklogFull, Fenced, Worker, WorkerConfig
from tests.adapters.conftest import PATIENCE_S

LEASE_S = 600.0  # longer than any test takes
END_S = 5.0  # for what a worker gives back; before Python 3.12 its cancellation may be swallowed, and is repeated then
CONFIG = WorkerConfig(lease=LeaseConfig(lease_s=LEASE_S, heartbeat_s=0.05), idle_s=0.01)


async def eventually(condition):
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)


async def all_done(queue):
    """What a worker's hands have done is forgotten a moment later; one that ends in between leaves it to the next."""
    async with asyncio.timeout(PATIENCE_S):
        while (await queue.backlog()).depth:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)


def test_work_is_taken_in_order_until_it_is_done(queue_of):
    async def work(queue):
        await queue.add([("a", number) for number in range(5)])
        hold = await queue.hold("w", queue.part_of("a"), None)
        first = await queue.take(hold, 3)
        assert [piece.data for piece in first] == [0, 1, 2]
        assert await queue.take(hold, 3) == first  # not done yet
        await queue.done(hold, first)
        rest = await queue.take(hold, 3)
        assert [piece.data for piece in rest] == [3, 4]
        await queue.done(hold, rest)
        assert (await queue.take(hold, 3), (await queue.backlog()).depth) == ([], 0)

    queue_of(work)


def test_a_full_part_takes_nothing_more_and_none_of_it(queue_of):
    async def work(queue):
        await queue.add([("a", 1), ("a", 2)])
        with pytest.raises(BacklogFull, match="has 3 pieces"):
            await queue.add([("a", 3), ("a", 4)])
        assert (await queue.backlog()).depth == 2
        await queue.add([("a", 3)])

    queue_of(work, pieces_max=3)


async def taken_over(queue, held, worker):
    """What another worker gets as soon as the lease of the one before, who has renewed it briefly, is over."""
    queue._lease_ms, lease_ms = 1, queue._lease_ms
    assert await queue.hold(held.worker, held.part, held) == held
    queue._lease_ms = lease_ms
    async with asyncio.timeout(PATIENCE_S):
        while (hold := await queue.hold(worker, held.part, None)) is None:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)
    return hold


def test_a_part_has_one_holder_until_its_lease_is_over(queue_of):
    async def work(queue):
        first = await queue.hold("slow", 0, None)
        assert await queue.hold("other", 0, None) is None
        second = await taken_over(queue, first, "other")
        assert second.token > first.token
        assert await queue.hold("slow", 0, first) is None
        for late in (queue.take(first, 1), queue.done(first, [])):
            with pytest.raises(Fenced):
                await late

    queue_of(work)


def test_what_a_dead_worker_had_taken_is_the_next_ones_first(queue_of):
    async def work(queue):
        await queue.add([("a", 1), ("a", 2)])
        dead = await queue.hold("dead", queue.part_of("a"), None)
        taken = await queue.take(dead, 1)
        hold = await taken_over(queue, dead, "heir")
        inherited = await queue.take(hold, 5)
        assert inherited == taken
        await queue.done(hold, inherited)
        assert [piece.data for piece in await queue.take(hold, 5)] == [2]

    queue_of(work)


def test_tokens_grow_though_redis_loses_everything(queue_of, one):
    async def work(queue):
        before = await queue.hold("one", 0, None)
        one.server.ask("FLUSHALL")
        await asyncio.sleep(0.005)
        assert (await queue.hold("one", 0, None)).token > before.token

    queue_of(work)


def test_a_part_that_is_given_back_is_free_at_once(queue_of):
    async def work(queue):
        await queue.release(await queue.hold("one", 0, None))
        assert await queue.hold("other", 0, None)

    queue_of(work)


def test_a_piece_that_cannot_be_done_is_buried_and_the_others_go_on(queue_of, one):
    async def work(queue):
        done = []

        async def handle(hold, pieces):
            if any(piece.data == "poison" for piece in pieces):
                raise ValueError("poison")
            done.extend(piece.data for piece in pieces)

        await queue.add([("a", data) for data in ("first", "poison", "last")])
        worker = asyncio.create_task(Worker("w", queue, queue, handle, CONFIG).run())
        await all_done(queue)
        await end([worker], END_S)
        assert done == ["first", "last"]
        part = queue.part_of("a")
        ((_, fields),) = one.server.client.xrange(f"lc:{{work:test:{part}}}:buried")
        assert fields[b"d"] == b'"poison"'

    queue_of(work)


def test_workers_share_the_parts_and_take_over_from_one_that_dies(queue_of):
    async def work(queue):
        done: dict[str, list[int]] = {"a": [], "b": []}

        def worker(name):
            async def handle(hold, pieces):
                done[name] += [piece.data for piece in pieces]

            return Worker(name, queue, queue, handle, CONFIG)

        workers = [worker(name) for name in done]
        one, other = (asyncio.create_task(each.run()) for each in workers)
        # What is being done when a part changes hands may be done again.
        await eventually(lambda: all(sum(map(each.holds, range(queue.parts))) == 4 for each in workers))
        for number in range(100):
            await queue.add([(f"key {number}", number)])
        await all_done(queue)
        assert done["a"]
        assert done["b"]
        await end([one], END_S)  # it gives back what it holds, in several calls
        for number in range(100, 200):
            await queue.add([(f"key {number}", number)])
        await all_done(queue)
        assert sorted(done["a"] + done["b"]) == list(range(200))
        await end([other], END_S)

    queue_of(work)
