"""What every broker that joins processes keeps to: one Redis, a cluster of them, a master named by Sentinel."""

import pytest

from reference_impl.adapters.redis.broker import channel_of
from reference_impl.policy.channels import ChannelsConfig
from reference_impl.ports import Aggregate
from tests.adapters.brokers import comment, linked, process, run, until
from tests.adapters.redis_fixtures import Redises


@pytest.fixture(params=["one", "cluster"])
def redises(request) -> Redises:
    return request.getfixturevalue(request.param)


def test_a_message_of_a_followed_stream_arrives_as_it_was_published(redises):
    async def main():
        async with process(redises.url, "a") as a, process(redises.url, "b") as b:
            b.broker.follow("s")
            await linked(a, b)
            sent = [comment(1), Aggregate("s", "reactions", {"counts": [{"emoji": "👍", "delta": 2}]})]
            for message in sent:
                a.broker.publish(message)
            await until(lambda: len(b.inbox.messages) == 2)
            assert b.inbox.messages == sent

    run(main)


def test_a_message_of_another_stream_does_not_arrive(redises):
    async def main():
        async with process(redises.url, "a") as a, process(redises.url, "b") as b:
            b.broker.follow("s")
            await linked(a, b)
            home = redises.master_of(channel_of("s"))
            other = next(name for name in map(str, range(1000)) if redises.master_of(channel_of(name)) is home)
            a.broker.publish(comment(1, other))
            a.broker.publish(comment(2))
            await until(lambda: b.inbox.seqs)
            assert b.inbox.seqs == [2]

    run(main)


def test_a_stream_that_was_forgotten_is_followed_no_more(redises):
    async def main():
        async with process(redises.url, "a") as a, process(redises.url, "b") as b:
            b.broker.follow("s")
            await linked(a, b)
            b.broker.forget("s")
            await until(lambda: redises.subscribers("s") == 0)
            b.broker.follow("s")
            await linked(a, b)

    run(main)


def test_one_hears_oneself_once(redises):
    async def main():
        async with process(redises.url, "a") as a, process(redises.url, "b") as b:
            a.broker.follow("s")
            b.broker.follow("s")
            await linked(a, b)
            await linked(b, a)
            a.broker.publish(comment(1))
            await until(lambda: b.inbox.seqs)
            b.broker.publish(comment(2))  # behind the first one's echo
            await until(lambda: len(a.inbox.seqs) == 2)
            assert (a.inbox.seqs, b.inbox.seqs) == ([1, 2], [1, 2])

    run(main)


def test_a_streams_messages_keep_their_order(redises):
    async def main():
        async with process(redises.url, "a") as a, process(redises.url, "b") as b:
            b.broker.follow("s")
            await linked(a, b)
            for seq in range(1, 1001):
                a.broker.publish(comment(seq))
                if seq % 100 == 0:  # so that it takes several batches
                    await linked(a, b)
            await until(lambda: len(b.inbox.seqs) == 1000)
            assert b.inbox.seqs == list(range(1, 1001))

    run(main)


def test_streams_of_all_slots_arrive(cluster):
    async def main():
        names = [f"stream-{number}" for number in range(30)]
        async with process(cluster.url, "a") as a, process(cluster.url, "b") as b:
            for name in names:
                b.broker.follow(name)
            for name in names:
                await linked(a, b, name)
            assert len({cluster.master_of(channel_of(name)).port for name in names}) == 3

    run(main)


def test_a_hot_stream_is_spread_over_several_nodes_and_whoever_follows_it_follows_all(cluster):
    hot = ChannelsConfig(channel_per_s=5, channels_max=6, window_s=0.05, announce_s=0.05)  # 100 in 3 s are enough

    async def main():
        async with process(cluster.url, "a", channels=hot) as a, process(cluster.url, "b") as b:
            b.broker.follow("s")
            await linked(a, b)
            while not all(cluster.subscribers("s", number) for number in range(6)):
                for seq in range(100):
                    a.broker.publish(comment(seq))
                await linked(a, b)
            for seq in range(100, 112):
                a.broker.publish(comment(seq))
            await until(lambda: set(range(100, 112)) <= set(b.inbox.seqs))
            assert len({cluster.master_of(channel_of("s", number)).port for number in range(6)}) > 1
            b.broker.forget("s")
            await until(lambda: not any(cluster.subscribers("s", number) for number in range(6)))

    run(main)


def test_what_cannot_be_read_is_counted_and_harms_nobody(redises):
    async def main():
        async with process(redises.url, "a") as a, process(redises.url, "b") as b:
            b.broker.follow("s")
            await linked(a, b)
            for payload in (b"\xff", b"[]", b'{"v":2,"from":"c","channels":1,"messages":[]}'):
                redises.publish("s", payload)
            a.broker.publish(comment(1))
            await until(lambda: b.inbox.seqs)
            assert b.broker.counts.unreadable == 3

    run(main)


def test_what_is_published_last_leaves_before_the_process_ends(redises):
    async def main():
        async with process(redises.url, "b") as b:
            b.broker.follow("s")
            async with process(redises.url, "a") as a:
                await linked(a, b)
                a.broker.publish(comment(1))
            a.broker.publish(comment(2))
            await until(lambda: b.inbox.seqs)
            assert b.inbox.seqs == [1]

    run(main)
