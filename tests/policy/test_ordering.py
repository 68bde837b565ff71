"""Order at an edge: whatever the broker does, events come out contiguous and once, and gaps fall due."""

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.policy.ordering import OrderingConfig, Sequencer

CONFIG = OrderingConfig(patience_s=0.5, held_max=4)

configs = st.builds(OrderingConfig, patience_s=st.floats(0, 1), held_max=st.integers(1, 6))


def sequencer(config: OrderingConfig = CONFIG, next_seq: int = 1) -> Sequencer[int]:
    return Sequencer(config, next_seq)


def offer_all(edge: Sequencer[int], seqs: list[int], now: float) -> list[int]:
    """Offer events that carry their own number; answer what was released."""
    return [released for seq in seqs for released in edge.offer(seq, seq, now)]


def fill_from_log(edge: Sequencer[int]) -> list[int]:
    """Do what the shell does until nothing is missing: at each deadline, read the range from the log."""
    released: list[int] = []
    while edge.deadline is not None:
        missing = edge.missing(edge.deadline)
        progress = offer_all(edge, list(missing), edge.deadline)
        assert progress, "a read of the missing range must release something"
        released += progress
    return released


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[int, list[int]]:
    """A stream's head, and what the broker makes of its events: lost, repeated, in any order."""
    head = draw(st.integers(0, 25))
    kept = draw(st.lists(st.integers(1, head), max_size=40)) if head else []
    return head, kept


@given(configs, deliveries(), st.integers(0, 10**12))
def test_loss_repeats_and_any_order_release_each_event_once_and_contiguously(
    config: OrderingConfig, delivery: tuple[int, list[int]], before: int
) -> None:
    head, seqs = delivery
    edge = sequencer(config, before + 1)
    released = offer_all(edge, [before + seq for seq in seqs], 0.0)
    edge.head_is(before + head, 0.0)
    released += fill_from_log(edge)
    assert released == list(range(before + 1, before + head + 1))
    assert edge.next_seq == before + head + 1


@given(st.integers(1, 30), st.integers())
def test_a_mere_permutation_needs_no_log(head: int, seed: int) -> None:
    seqs = list(range(1, head + 1))
    Random(seed).shuffle(seqs)
    edge = sequencer(OrderingConfig())
    assert offer_all(edge, seqs, 0.0) == list(range(1, head + 1))
    assert edge.deadline is None


@given(configs, st.lists(st.tuples(st.integers(0, 12), st.booleans(), st.floats(0, 0.7)), max_size=40))
def test_while_known_events_are_missing_the_deadline_is_a_patience_after_the_last_progress(
    config: OrderingConfig, steps: list[tuple[int, bool, float]]
) -> None:
    edge = sequencer(config)
    now, known, gap_since = 0.0, 0, math.inf
    for seq, is_head, pause_s in steps:
        now += pause_s
        behind, before = edge.next_seq <= known, edge.next_seq
        if is_head:
            edge.head_is(seq, now)
        else:
            edge.offer(seq, seq, now)
        known = max(known, seq)
        if not behind or edge.next_seq > before:
            gap_since = now
        assert edge.deadline == (gap_since + config.patience_s if edge.next_seq <= known else None)


@given(st.lists(st.integers(1, 12), max_size=12), st.integers(0, 12))
def test_what_is_missing_goes_from_the_next_to_the_last_that_is_missing(seqs: list[int], head: int) -> None:
    edge = sequencer(OrderingConfig())
    offer_all(edge, seqs, 0.0)
    edge.head_is(head, 0.0)
    absent = [seq for seq in range(1, max([head, *seqs]) + 1) if seq not in seqs]
    expected = range(absent[0], absent[-1] + 1) if absent else range(0)
    assert list(edge.missing(10.0)) == list(expected)


@given(st.floats(0, 1e9), st.floats(0.001, 10))
def test_a_gap_is_due_exactly_at_its_deadline_and_not_just_before(now: float, patience_s: float) -> None:
    edge = sequencer(OrderingConfig(patience_s=patience_s))
    edge.offer(3, 3, now)
    assert edge.deadline == now + patience_s
    assert edge.missing(math.nextafter(now + patience_s, -math.inf)) == range(0)
    assert edge.missing(now + patience_s) == range(1, 3)


def test_asking_arms_the_next_question() -> None:
    edge = sequencer()
    edge.offer(2, 2, 0.0)
    assert edge.missing(0.75) == range(1, 2)
    assert (edge.deadline, edge.missing(1.0), edge.missing(1.25)) == (1.25, range(0), range(1, 2))


def test_a_straggler_that_comes_in_time_disarms_the_deadline() -> None:
    edge = sequencer()
    assert offer_all(edge, [2, 3], 0.0) == []
    assert offer_all(edge, [1], 0.25) == [1, 2, 3]
    assert (edge.deadline, edge.missing(9.0)) == (None, range(0))


def test_a_second_gap_gets_a_patience_of_its_own_when_the_first_closes() -> None:
    edge = sequencer()
    offer_all(edge, [2, 4], 0.0)
    assert offer_all(edge, [1], 0.25) == [1, 2]
    assert (edge.deadline, edge.missing(0.75)) == (0.75, range(3, 4))


def test_more_events_behind_a_gap_do_not_put_its_deadline_off() -> None:
    edge = sequencer()
    edge.offer(2, 2, 0.0)
    edge.offer(3, 3, 0.25)
    edge.head_is(9, 0.375)
    assert edge.deadline == 0.5


def test_a_head_ahead_of_all_that_came_finds_the_lost_last_event() -> None:
    edge = sequencer()
    offer_all(edge, [1], 0.0)
    edge.head_is(2, 1.0)
    assert (edge.deadline, edge.missing(1.5)) == (1.5, range(2, 3))


def test_a_head_that_has_been_reached_asks_for_nothing() -> None:
    edge = sequencer(next_seq=8)
    edge.head_is(7, 0.0)
    assert edge.deadline is None


def test_a_repeat_is_dropped_whether_it_was_released_or_is_held() -> None:
    edge = sequencer()
    assert offer_all(edge, [1, 1, 3, 3, 2, 2, 3], 0.0) == [1, 2, 3]


def test_a_held_event_is_not_replaced_by_its_repeat() -> None:
    edge: Sequencer[str] = Sequencer(CONFIG, 1)
    edge.offer(2, "first", 0.0)
    edge.offer(2, "repeat", 0.0)
    assert edge.offer(1, "start", 0.0) == ["start", "first"]


def test_past_the_bound_events_are_dropped_and_read_from_the_log_later() -> None:
    edge = sequencer()
    offer_all(edge, [2, 3, 4, 5, 6, 7], 0.0)
    assert offer_all(edge, [1], 0.25) == [1, 2, 3, 4, 5]
    assert edge.missing(0.75) == range(6, 8)


@pytest.mark.parametrize(("patience_s", "held_max", "names"), [(-1.0, 1, r"patience_s.*-1\.0"), (0, 0, "held_max.*0")])
def test_bounds_that_make_no_sense_are_refused_by_name(patience_s: float, held_max: int, names: str) -> None:
    with pytest.raises(ValueError, match=names):
        OrderingConfig(patience_s=patience_s, held_max=held_max)


@given(configs, st.lists(st.tuples(st.integers(1, 12), st.integers(0, 5), st.booleans(), st.floats(0, 0.7))))
def test_events_that_come_together_are_taken_as_one_by_one(
    config: OrderingConfig, stretches: list[tuple[int, int, bool, float]]
) -> None:
    """Stretches that may go on, come ahead, overlap or repeat, between words of the log's head."""
    together, singly = sequencer(config), sequencer(config)
    now = 0.0
    for first, length, told, wait_s in stretches:
        now += wait_s
        seqs = list(range(first, first + length))
        assert together.offer_all(first, seqs, now) == offer_all(singly, seqs, now)
        if told:
            together.head_is(first + length, now)
            singly.head_is(first + length, now)
        assert (together.next_seq, together.deadline) == (singly.next_seq, singly.deadline)
        assert together.missing(now) == singly.missing(now)
