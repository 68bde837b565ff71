"""Admission of connections, by total, by address and by second."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.policy.connections import SPREAD_S, ConnectionConfig, Connections


def enter(connections: Connections, address: str | None, now: float = 0.0, joins: bool = True) -> bool:
    return connections.enter(address, now, joins=joins) is None


@given(st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.booleans()), max_size=60))
def test_no_limit_is_ever_passed_and_leaving_makes_room(moves: list[tuple[str | None, bool]]) -> None:
    connections = Connections(ConnectionConfig(viewers_max=5, per_address_max=2, joins_per_s=1000))
    inside: list[str | None] = []
    for address, comes in moves:
        if comes:
            has_room = len(inside) < 5 and (address is None or inside.count(address) < 2)
            assert enter(connections, address) == has_room
            inside += [address] if has_room else []
        elif address in inside:
            inside.remove(address)
            connections.leave(address)
        assert connections.viewers == len(inside)


def test_so_many_join_in_a_second_and_the_next_is_told_when() -> None:
    connections = Connections(ConnectionConfig(joins_per_s=2))
    assert [enter(connections, None) for _ in range(3)] == [True, True, False]
    refusal = connections.enter(None, 0.0, joins=True)
    assert refusal is not None
    assert 0 < refusal.retry_s <= 0.5
    assert enter(connections, None, now=refusal.retry_s)


def test_asking_in_passing_takes_room_but_is_no_joining() -> None:
    connections = Connections(ConnectionConfig(joins_per_s=1, viewers_max=3))
    assert [enter(connections, None, joins=False) for _ in range(4)] == [True, True, True, False]


def test_limits_that_let_nobody_in_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="viewers_max=0"):
        ConnectionConfig(viewers_max=0)


@given(st.lists(st.tuples(st.integers(0, 12), st.floats(0, 2)), max_size=20))
def test_those_who_join_at_once_are_let_in_as_one_after_another(crowds: list[tuple[int, float]]) -> None:
    config = ConnectionConfig(viewers_max=30, joins_per_s=5)
    together, singly = Connections(config), Connections(config)
    now = 0.0
    for count, gap_s in crowds:
        now += gap_s
        assert together.enter_all(count, now) == sum(enter(singly, None, now) for _ in range(count))
        assert together.viewers == singly.viewers


def test_those_who_are_turned_away_together_are_not_told_to_come_back_together() -> None:
    connections, rng = Connections(ConnectionConfig(joins_per_s=1)), Random(1)
    assert enter(connections, None)
    refusals = [connections.enter(None, 0.0, joins=True) for _ in range(100)]
    away_s = [refusal.away_s(rng) for refusal in refusals if refusal]
    assert len(set(away_s)) == 100
    assert min(away_s) >= 1.0 - 1e-3
    assert 4.0 < max(away_s) - min(away_s) <= SPREAD_S


def test_it_counts_who_wanted_to_come_in() -> None:
    connections = Connections(ConnectionConfig(joins_per_s=2))
    assert [enter(connections, None, now=now) for now in (0.0, 0.0, 0.0, 0.1, 1.0)] == [True, True, False, False, True]
    assert (connections.viewers, connections.joined, connections.refused) == (3, 3, 2)


@given(st.lists(st.floats(0, 1), max_size=40))
def test_who_is_turned_away_at_once_would_not_have_come_in(gaps_s: list[float]) -> None:
    asked, entered = Connections(ConnectionConfig(joins_per_s=3)), Connections(ConnectionConfig(joins_per_s=3))
    now = 0.0
    for gap_s in gaps_s:
        now += gap_s
        away, refused = asked.turn_away(None, now), entered.enter(None, now, joins=True)
        assert away == refused
        if away is None:
            assert enter(asked, None, now)
    assert (asked.viewers, asked.joined, asked.refused) == (entered.viewers, entered.joined, entered.refused)
