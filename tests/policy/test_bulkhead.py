"""Bulkhead: so many at once, so many waiting, first come first served, and everybody hears what becomes of him."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.policy.bulkhead import Bulkhead, BulkheadConfig, Entry

configs = st.builds(BulkheadConfig, in_flight_max=st.integers(1, 5), waiting_max=st.integers(0, 5))


@given(configs, st.lists(st.sampled_from(["enter", "leave", "give up"]), max_size=200))
def test_never_more_in_flight_or_waiting_than_allowed_and_nobody_is_lost(config, steps):
    bulkhead, started, waiting = Bulkhead(config), [], []
    for number, step in enumerate(steps):
        if step == "enter":
            entry = bulkhead.enter(number)
            if entry is Entry.STARTS:
                assert not waiting, "nobody overtakes"
                started.append(number)
            elif entry is Entry.WAITS:
                waiting.append(number)
            else:
                assert (len(started), len(waiting)) == (config.in_flight_max, config.waiting_max)
        elif step == "leave" and started:
            started.pop()
            following = bulkhead.leave()
            assert following == (waiting.pop(0) if waiting else None)
            started += [] if following is None else [following]
        elif step == "give up" and waiting:
            assert bulkhead.give_up(waiting.pop())
        assert (bulkhead.in_flight, bulkhead.waiting) == (len(started), len(waiting))
        assert len(started) <= config.in_flight_max
        assert len(waiting) <= config.waiting_max


def test_one_who_has_a_place_cannot_give_up_waiting():
    bulkhead = Bulkhead(BulkheadConfig(in_flight_max=1, waiting_max=1))
    assert (bulkhead.enter("a"), bulkhead.enter("b"), bulkhead.enter("c")) == tuple(Entry)
    assert bulkhead.leave() == "b"
    assert not bulkhead.give_up("b")
    assert bulkhead.refused == 1


def test_a_call_that_never_started_cannot_leave():
    with pytest.raises(ValueError, match="has not started"):
        Bulkhead(BulkheadConfig(in_flight_max=1, waiting_max=0)).leave()


@pytest.mark.parametrize("places", [(0, 1), (1, -1)])
def test_places_that_make_no_sense_are_refused_with_what_was_seen(places):
    with pytest.raises(ValueError, match=f"got {places[0]} and {places[1]}"):
        BulkheadConfig(in_flight_max=places[0], waiting_max=places[1])
