"""Rooms: of a bearable size, and as few moves as can be."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.policy.rooms import Rooms, RoomsConfig

SMALL = RoomsConfig(split_at=15, merge_at=5)
moves = st.lists(st.tuples(st.booleans(), st.integers(0, 60)), max_size=300)


@given(moves)
def test_everybody_is_in_the_room_of_his_key_and_every_room_knows_its_size(steps):
    rooms, present = Rooms(SMALL), Counter()
    for comes, who in steps:
        key = f"user:{who}"
        if comes:
            rooms.enter(key)
            present[key] += 1
        elif present[key]:
            rooms.leave(key)
            present[key] -= 1
        by_room = Counter(rooms.of(each) for each in present.elements())
        assert {room: rooms.size(room) for room in rooms} == {room: by_room[room] for room in rooms}


@given(moves)
def test_only_members_of_rooms_that_change_are_moved(steps):
    rooms, keys = Rooms(SMALL), [f"user:{who}" for who in range(61)]
    present = Counter()
    for comes, who in steps:
        before = {key: rooms.of(key) for key in keys}
        if not comes and not present[who]:
            continue
        change = rooms.enter(keys[who]) if comes else rooms.leave(keys[who])
        present[who] += 1 if comes else -1
        for key in keys:
            if rooms.of(key) != before[key]:
                assert change is not None
                assert before[key] in change.old
                assert rooms.of(key) in change.new


def test_a_crowd_is_divided_into_rooms_of_about_a_thousand():
    rooms = Rooms(RoomsConfig())
    for number in range(50_000):
        rooms.enter(f"user:{number}")
    sizes = [rooms.size(room) for room in rooms]
    assert sum(sizes) == 50_000
    assert min(sizes) >= 500
    assert max(sizes) <= 1_500


def test_between_splitting_and_merging_nothing_changes():
    rooms = Rooms(RoomsConfig())
    for number in range(1_501):
        rooms.enter(f"user:{number}")
    assert sorted(rooms) == ["0", "1"]
    changes = [rooms.leave(f"user:{number}") for number in range(400)]
    changes += [rooms.enter(f"user:{number}") for number in range(400)]
    assert changes == [None] * 800


def test_small_rooms_are_joined_again():
    rooms = Rooms(RoomsConfig())
    for number in range(6_000):
        rooms.enter(f"user:{number}")
    for number in range(6_000):
        rooms.leave(f"user:{number}")
    assert list(rooms) == [""]


def test_friends_who_name_the_same_stay_together():
    rooms = Rooms(SMALL)
    for number in range(500):
        rooms.enter("room:kitchen" if number % 100 == 0 else f"user:{number}")
    assert rooms.crowd("room:kitchen") == 5
    assert len(list(rooms)) > 20


def test_a_crowd_of_one_key_does_not_divide_for_ever():
    rooms = Rooms(SMALL)
    for _ in range(200):
        rooms.enter("room:kitchen")
    assert rooms.size(rooms.of("room:kitchen")) == 200


def test_limits_that_would_split_and_merge_by_turns_are_refused():
    with pytest.raises(ValueError, match="twice merge_at, got 1000 and 500"):
        RoomsConfig(split_at=1_000, merge_at=500)
