"""The list of addresses that a cache has to ask for again."""

import pytest

from reference_impl.policy.purging import PurgeConfig, Purges

CONFIG = PurgeConfig(pending_max=3, again_s=2.0, retry_s=0.5, failures_max=3)


def test_an_address_is_asked_for_at_once_and_once_more_later():
    purges = Purges(CONFIG)
    purges.offer(["/a"], 10.0)
    assert purges.take(10.0, 9) == ["/a"]
    purges.succeeded("/a", 10.0, 10.1)
    assert purges.take(12.0, 9) == []
    assert purges.next_due() == 12.1
    assert purges.take(12.1, 9) == ["/a"]
    purges.succeeded("/a", 12.1, 12.2)
    assert (len(purges), purges.next_due()) == (0, None)


def test_a_failure_is_followed_by_a_later_try_and_in_the_end_by_none():
    purges = Purges(CONFIG)
    purges.offer(["/a"], 0.0)
    assert not purges.failed("/a", 0.0, 0.0)
    assert purges.next_due() == 0.5
    assert not purges.failed("/a", 0.5, 0.5)
    assert purges.next_due() == 1.5
    assert purges.failed("/a", 1.5, 1.5)
    assert len(purges) == 0


def test_when_the_list_is_full_the_oldest_address_is_dropped_and_counted():
    purges = Purges(CONFIG)
    purges.offer(["/a", "/b", "/c", "/d"], 0.0)
    assert purges.take(0.0, 9) == ["/b", "/c", "/d"]
    assert purges.dropped == 1


def test_no_more_than_was_asked_for_is_taken():
    purges = Purges(CONFIG)
    purges.offer(["/a", "/b", "/c"], 0.0)
    assert purges.take(0.0, 2) == ["/a", "/b"]


def test_an_address_that_comes_again_while_it_is_asked_for_is_asked_for_twice_more():
    purges = Purges(CONFIG)
    purges.offer(["/a"], 0.0)
    purges.offer(["/a"], 0.5)
    purges.succeeded("/a", 0.0, 1.0)
    assert purges.take(1.0, 9) == ["/a"]
    purges.succeeded("/a", 1.0, 1.0)
    assert purges.take(3.0, 9) == ["/a"]


@pytest.mark.parametrize("field", ["pending_max", "failures_max"])
def test_a_list_without_room_or_tries_is_refused(field):
    with pytest.raises(ValueError, match="got"):
        PurgeConfig(**{field: 0})
