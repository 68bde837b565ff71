"""The broker's breaker: when it opens, what becomes of messages then, and how it closes again."""

import asyncio
from random import Random

import pytest

from reference_impl.adapters.redis.breaker import STALE_S, NodeBreaker, NodeBreakers
from reference_impl.policy.circuit_breaker import State
from tests.adapters.brokers import comment, linked, process, run, until


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def breaker(clock):
    return NodeBreaker(clock, Random(1))


def fail(breaker, error=OSError):
    with pytest.raises(error), breaker.call():
        raise error


def test_a_server_that_is_back_before_messages_are_stale_is_not_left_alone(breaker, clock):
    for _ in range(40):
        fail(breaker)
        clock.now_s += 0.9 * STALE_S / 40
    assert breaker.state is State.CLOSED
    with breaker.call():
        pass
    clock.now_s += 10
    fail(breaker)
    assert breaker.state is State.CLOSED


def test_one_that_takes_nothing_for_longer_is_and_is_tried_again_within_two_seconds(breaker, clock):
    fail(breaker)
    for _ in range(20):
        clock.now_s += STALE_S
        fail(breaker)
    assert breaker.state is State.OPEN
    assert 0 < breaker.left_alone_s() <= 2.0
    clock.now_s += breaker.left_alone_s()
    assert (breaker.state, breaker.left_alone_s()) == (State.HALF_OPEN, 0.0)
    with breaker.call():
        pass
    assert breaker.state is State.CLOSED


def test_writes_that_a_burst_has_made_slow_do_not_open_it(breaker, clock):
    for _ in range(100):
        with breaker.call():
            clock.now_s += 2 * STALE_S
    assert (breaker.state, breaker.policy.opened) == (State.CLOSED, 0)


def test_a_call_that_is_cancelled_tells_nothing(breaker, clock):
    for _ in range(100):
        fail(breaker, asyncio.CancelledError)
        clock.now_s += STALE_S
    assert breaker.state is State.CLOSED


def test_several_nodes_are_as_well_as_the_worst_of_them_and_counted_when_they_are_gone(clock):
    breakers = NodeBreakers(clock)
    assert breakers.status() == {"state": "closed", "calls": 0, "failures": 0, "opened": 0, "refused": 0}
    with breakers.of("a").call():
        pass
    while breakers.of("b").state is State.CLOSED:
        clock.now_s += STALE_S
        fail(breakers.of("b"))
    breakers.of("b").refused = 7
    told = {"failures": 0, "opened": 1, "refused": 7}
    assert {name: breakers.status()[name] for name in ("state", *told)} == {"state": "open", **told}
    breakers.forget("b")
    assert {name: breakers.status()[name] for name in ("state", *told)} == {"state": "closed", **told}


def test_while_it_is_open_messages_are_lost_at_once_and_afterwards_they_flow_again(servers):
    server = servers()

    async def main():
        async with process(server.url, "a") as a, process(server.url, "b") as b:
            b.broker.follow("s")
            await linked(a, b)
            told = a.broker.breakers()["broker"]
            assert (told["state"], told["opened"]) == ("closed", 0)
            server.kill()
            published = 0
            while a.broker.breakers()["broker"]["state"] != "open":
                published += 1
                a.broker.publish(comment(published))
                await asyncio.sleep(0.01)
            await until(lambda: a.broker.breakers()["broker"]["waiting"] == 0)
            await until(lambda: lost_at_once(a, published + 1))
            server.start()
            await linked(a, b)
            assert a.inbox.seqs == list(range(1, published + 1)) + [published + 1] * (len(a.inbox.seqs) - published)
            told = a.broker.breakers()["broker"]
            assert told["state"] == "closed"
            assert told["opened"] >= 1
            assert a.broker.counts.lost >= told["refused"] >= 1

    run(main)


def lost_at_once(process, seq):
    """Whether a message was lost without waiting, the breaker being open before and after."""
    before = process.broker.counts.lost
    if process.broker.breakers()["broker"]["state"] != "open":
        return False
    process.broker.publish(comment(seq))
    told = process.broker.breakers()["broker"]
    if told["state"] != "open":
        return False
    assert told["waiting"] == 0
    return process.broker.counts.lost == before + 1
