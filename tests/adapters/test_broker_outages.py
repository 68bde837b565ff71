"""What becomes of brokers when Redis goes, comes, hangs, moves: posting never minds, and messages flow again."""

import pytest

from reference_impl.adapters.redis.broker import channel_of
from tests.adapters.brokers import comment, linked, process, run, until
from tests.redises import Sentinel, wait_until

pytestmark = pytest.mark.slow


def test_a_server_that_is_killed_and_started_again(servers):
    server = servers()

    async def main():
        async with process(server.url, "a") as a, process(server.url, "b") as b:
            b.broker.follow("s")
            await linked(a, b)
            server.kill()
            for seq in range(1, 101):
                a.broker.publish(comment(seq))
            await until(lambda: len(a.inbox.seqs) == 100)
            server.start()
            await linked(a, b)

    run(main)


def test_a_server_that_is_not_there_at_first(servers):
    server = servers()
    server.kill()

    async def main():
        async with process(server.url, "a") as a, process(server.url, "b") as b:
            b.broker.follow("s")
            a.broker.publish(comment(1))
            await until(lambda: a.inbox.seqs and a.broker.counts.disconnected)
            server.start()
            await linked(a, b)

    run(main)


def test_a_cluster_that_loses_a_master(cluster):
    lost = cluster.master_of(channel_of("s"))

    async def main():
        async with process(cluster.url, "a") as a, process(cluster.url, "b") as b:
            b.broker.follow("s")
            await linked(a, b)
            lost.kill()
            for seq in range(1, 101):
                a.broker.publish(comment(seq))
            await linked(a, b)
            assert a.inbox.seqs == list(range(1, 101))

    run(main)
    wait_until(lambda: cluster.master_of(channel_of("s")) is not lost, "all know who has the channel now")
    lost.start()
    wait_until(lambda: lost.ask("INFO", "replication")["role"] == "slave", "it has become a replica")


def test_a_slot_that_moves_takes_its_channel_along(cluster):
    async def main():
        async with process(cluster.url, "a") as a, process(cluster.url, "b") as b:
            b.broker.follow("s")
            await linked(a, b)
            old = cluster.master_of(channel_of("s"))
            new = cluster.master_of(channel_of("t"))
            assert old is not new
            slot, node = old.ask("CLUSTER KEYSLOT", channel_of("s")), new.ask("CLUSTER MYID")
            # Who imports takes a new epoch when it has the slot: what the old one says of it by then counts no more.
            new.ask("CLUSTER SETSLOT", slot, "IMPORTING", old.ask("CLUSTER MYID"))
            for server in (new, old):
                server.ask("CLUSTER SETSLOT", slot, "NODE", node)
            await until(lambda: cluster.subscribers("s") == 1)
            await linked(a, b)

    run(main)


def test_a_master_that_sentinel_replaces(servers):
    sentinel = Sentinel(servers)

    async def main():
        async with process(sentinel.url, "a") as a, process(sentinel.url, "b") as b:
            b.broker.follow("s")
            await linked(a, b)
            sentinel.master.kill()
            a.broker.publish(comment(1))
            await until(sentinel.promoted)
            await linked(a, b)

    run(main)


def test_a_quiet_listener_that_is_woken_for_nothing_still_asks_whether_the_server_is_there(servers):
    """Trouble with another node wakes it again and again."""
    server = servers()

    async def main():
        async with process(server.url, "a") as a:
            a.broker.follow("s")
            (listener,) = a.broker._listeners.values()
            await until(lambda: listener.up)
            before = a.broker.counts.disconnected

            def asked():
                listener.woken.set()
                return server.ask("INFO", "commandstats")["cmdstat_ping"]["calls"] > 20

            await until(asked)
            assert a.broker.counts.disconnected == before

    run(main)


def test_the_outbox_is_bounded_while_the_server_does_not_answer(servers):
    server = servers()

    async def main():
        async with process(server.url, "a", outbox_max=10) as a, process(server.url, "b") as b:
            b.broker.follow("s")
            await linked(a, b)
            server.kill()
            await until(lambda: a.broker.counts.disconnected)
            lost = a.broker.counts.lost
            for seq in range(1, 101):
                a.broker.publish(comment(seq))
            assert a.broker.counts.lost - lost >= 90
            server.start()
            await linked(a, b)
            assert not set(b.inbox.seqs) & set(range(1, 91))
            assert b.inbox.seqs == sorted(b.inbox.seqs)

    run(main)


def test_a_server_that_hangs_is_left(servers, monkeypatch):
    for place, seconds in {"link.PING_S": 0.1, "listener.SILENCE_S": 1, "writer.SILENCE_S": 1}.items():
        monkeypatch.setattr(f"reference_impl.adapters.redis.{place}", seconds)
    server = servers()

    async def main():
        async with process(server.url, "a") as a, process(server.url, "b") as b:
            b.broker.follow("s")
            await linked(a, b)
            server.pause()
            await until(lambda: a.broker.counts.disconnected and b.broker.counts.disconnected)
            a.broker.publish(comment(1))
            await until(lambda: a.inbox.seqs)
            server.resume()
            await linked(a, b)

    run(main)
