"""What is remembered for a while: how often it is looked up, who waits for that, and how old it may be."""

import asyncio

import pytest

from reference_impl.catalog import Fresh
from simulation.virtual_time import run


class Store:
    """Answers after ``takes_s`` with the time at which it was asked; fails while it is ``away``."""

    def __init__(self, takes_s):
        self.takes_s = takes_s
        self.away = False
        self.asked = 0

    async def look_up(self, key):
        self.asked += 1
        asked_s = asyncio.get_running_loop().time()
        await asyncio.sleep(self.takes_s)
        if self.away:
            raise OSError("away")
        return asked_s


def readings(store, seconds, grace_s=0.0, every_s=0.01):
    """One reader after the other; the answer is how long each waited, and how old its value was when it got it."""

    async def main():
        clock = asyncio.get_running_loop().time
        fresh, found = Fresh(store.look_up, 1.0, clock, grace_s=grace_s), []
        await fresh.get("match")
        while clock() < seconds:
            began_s = clock()
            value = await fresh.get("match")
            found.append((clock() - began_s, clock() - value))
            await asyncio.sleep(every_s)
        return found

    return run(main())


@pytest.mark.parametrize("takes_s", [0.02, 0.1, 0.3])
def test_nobody_waits_for_a_store_that_is_slow_and_no_value_is_older_than_it_may_be(takes_s):
    found = readings(Store(takes_s), 20.0)
    assert max(waited_s for waited_s, _ in found) == 0
    assert max(age_s for _, age_s in found) <= 1.0 + takes_s + 1e-9


@pytest.mark.parametrize(("grace_s", "waits_s"), [(0.0, 0.75), (0.5, 0.25), (1.0, 0.0)])
def test_for_a_store_that_is_slower_than_a_value_lasts_everybody_waits_after_the_grace_only(grace_s, waits_s):
    found = readings(Store(1.5), 20.0, grace_s)
    assert max(waited_s for waited_s, _ in found) == pytest.approx(waits_s, abs=0.02)
    assert max(age_s for _, age_s in found if age_s) <= 1.0 + 1.5 + grace_s


def test_a_value_that_is_over_is_not_given_out_to_who_asks_first():
    async def main():
        clock = asyncio.get_running_loop().time
        fresh = Fresh(Store(0.1).look_up, 1.0, clock, grace_s=1.0)
        await fresh.get("match")
        await asyncio.sleep(1.5)
        began_s = clock()
        assert await fresh.get("match") == began_s

    run(main())


def test_a_store_that_is_quick_is_asked_hardly_more_often_than_a_value_lasts():
    store = Store(0.002)
    readings(store, 20.0)
    assert 20 <= store.asked <= 22


def test_a_store_that_is_slow_is_asked_again_a_quarter_of_the_time_after_an_answer_at_the_soonest():
    store = Store(0.5)
    readings(store, 20.0)
    assert store.asked == pytest.approx(20.0 / (0.5 + 0.25), abs=2)


def test_a_value_is_given_out_until_it_is_over_though_the_store_has_gone_away():
    async def main():
        clock = asyncio.get_running_loop().time
        store = Store(0.2)
        fresh = Fresh(store.look_up, 1.0, clock)
        value = await fresh.get("match")
        store.away = True
        await asyncio.sleep(0.9)
        assert await fresh.get("match") == value  # and the store is asked
        await asyncio.sleep(0.25)
        assert store.asked == 2
        with pytest.raises(OSError, match="away"):
            await fresh.get("match")

    run(main())


def test_what_was_asked_before_it_was_forgotten_is_not_remembered():
    async def main():
        clock = asyncio.get_running_loop().time
        fresh = Fresh(Store(0.4).look_up, 1.0, clock)
        await fresh.get("match")
        await asyncio.sleep(0.8)
        await fresh.get("match")
        fresh.forget("match")
        forgotten_s = clock()
        assert await fresh.get("match") >= forgotten_s
        assert await fresh.get("match") >= forgotten_s

    run(main())


def test_a_change_is_made_in_what_is_remembered_and_in_what_is_being_looked_up_and_costs_no_look_up():
    async def main():
        clock = asyncio.get_running_loop().time
        store = Store(0.4)
        fresh = Fresh(store.look_up, 1.0, clock)
        looking = asyncio.ensure_future(fresh.get("match"))
        await asyncio.sleep(0.1)
        fresh.amend("match", lambda value: value + 100)
        assert await looking == await fresh.get("match") == 100
        fresh.amend("match", lambda value: value + 1)
        assert await fresh.get("match") == 101
        fresh.amend("another", lambda value: value + 1)
        assert store.asked == 1

    run(main())


def test_a_change_is_made_once():
    async def main():
        clock = asyncio.get_running_loop().time
        fresh = Fresh(Store(0.4).look_up, 1.0, clock)
        await fresh.get("match")
        await asyncio.sleep(0.8)
        asked_s = clock()
        await fresh.get("match")  # asks ahead
        fresh.amend("match", lambda value: value + 100)
        await asyncio.sleep(0.5)
        assert await fresh.get("match") == asked_s + 100
        fresh.forget("match")
        assert await fresh.get("match") < 100

    run(main())
