"""The display budget: never more than it, the same sample for everybody, every comment with the same chance."""

import math
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reference_impl.policy.display_budget import Candidate, DisplayBudget, DisplayBudgetConfig

CROWD = DisplayBudgetConfig(per_s=20, seed="final")


def comments(rate, seconds, start_ms=0, priority=lambda seq: False):
    """A steady stream: seq, time and id of each comment."""
    return [
        Candidate(seq, seq, start_ms + int(seq * 1000 / rate), f"id{seq}", priority(seq))
        for seq in range(1, int(rate * seconds) + 1)
    ]


def run(events, config=CROWD):
    """What is shown, in the order in which it is."""
    budget = DisplayBudget(config)
    shown = [each for event in events for each in budget.offer(event, event.at_ms / 1000)]
    return [each.seq for each in (*shown, *budget.end())]


gaps = st.lists(st.tuples(st.integers(0, 400), st.booleans()), max_size=200)


def stream_of(steps):
    events, at_ms = [], 0
    for seq, (gap_ms, priority) in enumerate(steps, 1):
        at_ms += gap_ms
        events.append(Candidate(seq, seq, at_ms, f"id{seq}", priority))
    return events


@given(gaps, st.sampled_from([0.5, 3, 5, 20, 100]))
def test_what_is_shown_is_in_order_and_once_and_has_all_that_has_priority(steps, per_s):
    events = stream_of(steps)
    shown = run(events, DisplayBudgetConfig(per_s=per_s))
    assert all(earlier < later for earlier, later in pairwise(shown))
    assert {event.seq for event in events if event.priority} <= set(shown)


@given(gaps, st.sampled_from([0.5, 3, 5, 20, 100]))
def test_no_stretch_of_time_shows_more_than_the_budget_and_one_burst(steps, per_s):
    config = DisplayBudgetConfig(per_s=per_s)
    events = {event.seq: event for event in stream_of(steps)}
    shown = [events[seq].at_ms for seq in run(events.values(), config) if not events[seq].priority]
    for first, from_ms in enumerate(shown):
        for last in range(first, len(shown)):
            seconds = (shown[last] - from_ms + 2 * config.window_ms) / 1000
            assert last - first + 1 <= math.ceil(per_s * (seconds + config.burst_s)) + 1


@pytest.mark.parametrize("rate", [1, 5, 19])
def test_nothing_is_shed_of_a_stream_within_its_budget(rate):
    assert len(run(comments(rate, 60))) == rate * 60


@pytest.mark.parametrize("rate", [25, 200, 2_000])
def test_a_crowded_stream_shows_its_whole_budget(rate):
    assert len(run(comments(rate, 60))) == pytest.approx(20 * 60, abs=2 * 20)


def test_those_who_come_into_a_crowd_see_what_everybody_else_sees():
    events = comments(500, 20)
    everybody = run(events)
    late = run(events[3_210:])
    from_seq = 3_210 + 500  # from the second window on
    assert [seq for seq in late if seq > from_seq] == [seq for seq in everybody if seq > from_seq]
    assert len([seq for seq in late if seq > from_seq]) > 200


def test_another_stream_has_another_sample():
    events = comments(500, 20)
    assert run(events) != run(events, DisplayBudgetConfig(per_s=20, seed="semi-final"))


def test_every_comment_of_a_crowd_has_the_same_chance():
    """Within five standard deviations by author, however much he writes, and by where in its window it came."""
    events = comments(1_000, 200, start_ms=10_000)
    author = {event.seq: 0 if event.seq % 3 else 1 + event.seq % 17 for event in events}  # one writes two thirds
    shown = [seq for seq in run(events) if events[seq - 1].at_ms >= 13_000]
    counted = [event for event in events if event.at_ms >= 13_000]
    for kind in (lambda event: author[event.seq], lambda event: event.at_ms % 200 // 50):
        posted = Counter(map(kind, counted))
        seen = Counter(kind(events[seq - 1]) for seq in shown)
        for group, count in posted.items():
            expected = count * len(shown) / len(counted)
            assert abs(seen[group] - expected) < 5 * math.sqrt(expected), group


def test_a_crowded_window_that_nothing_follows_ends_by_its_deadline():
    budget = DisplayBudget(CROWD)
    events = comments(500, 1.1)
    shown = [each for event in events for each in budget.offer(event, event.at_ms / 1000)]
    assert budget.pending is not None
    assert budget.flush(budget.deadline - 0.001) == []
    rest = budget.flush(budget.deadline)
    assert rest
    assert (budget.pending, budget.deadline) == (None, None)
    assert [each.seq for each in (*shown, *rest)] == run(events)


def test_what_has_priority_waits_for_its_turn_in_a_crowd_and_no_longer():
    events = comments(500, 3, priority=lambda seq: seq == 1_200)
    budget = DisplayBudget(CROWD)
    shown_at = {each.seq: event.at_ms for event in events for each in budget.offer(event, event.at_ms / 1000)}
    assert 0 <= shown_at[1_200] - events[1_199].at_ms <= CROWD.window_ms


@pytest.mark.parametrize(
    "wrong", [{"per_s": 0.4}, {"per_s": 101}, {"per_s": 5, "window_ms": 0}, {"per_s": 5, "burst_s": -1}]
)
def test_a_budget_out_of_range_is_refused(wrong):
    with pytest.raises(ValueError, match="got"):
        DisplayBudgetConfig(**wrong)


def run_cut(events, changes, config=CROWD):
    """The same with the budget cut by these factors, each before the event with its number."""
    budget = DisplayBudget(config)
    shown = []
    for number, event in enumerate(events):
        if number in changes:
            budget.cut(changes[number])
        shown += budget.offer(event, event.at_ms / 1000)
    return [each.seq for each in (*shown, *budget.end())]


bursts = st.lists(st.tuples(st.integers(1, 40), st.sampled_from([1, 5, 30, 400])), max_size=12)


def dense(phases):
    """Stretches of a stream, each with so many comments so many ms apart."""
    return stream_of([(gap_ms, False) for count, gap_ms in phases for _ in range(count)])


@given(bursts, st.dictionaries(st.integers(0, 200), st.floats(0.01, 1.0), max_size=5), st.integers(0, 2**32))
@example([(10, 400), (30, 5), (40, 5), (40, 5)], {0: 0.5}, 1)  # a whole edge is calm longer than one that is cut
def test_what_a_cut_edge_shows_is_a_part_of_what_the_others_show(phases, changes, seed):
    events = [replace(each, id=f"{seed} {each.id}", priority=each.seq % 7 == 0) for each in dense(phases)]
    whole, cut = run(events), run_cut(events, changes)
    assert set(cut) <= set(whole)
    assert cut == sorted(cut)
    assert {each.seq for each in events if each.priority} <= set(cut)


def test_a_cut_keeps_its_part_of_the_budget_and_the_rest_is_as_before_when_it_ends():
    crowd = comments(rate=500, seconds=40)
    shown = run_cut(crowd, {5_000: 0.5, 15_000: 1.0})
    whole = run(crowd)
    between = [seq for seq in shown if 5_200 < seq <= 14_800]
    assert len(between) == pytest.approx(0.5 * 20 * 19.2, rel=0.1)
    for kept in (lambda seq: seq < 4_900, lambda seq: seq > 15_200):
        assert list(filter(kept, shown)) == list(filter(kept, whole))


def test_two_edges_that_are_cut_alike_show_the_same():
    crowd = comments(rate=500, seconds=20)
    one, two = run_cut(crowd, {0: 0.5}), run_cut(crowd, {1_000: 0.5})
    assert [seq for seq in one if seq > 2_500] == [seq for seq in two if seq > 2_500]


@pytest.mark.parametrize("factor", [0.0, 1.1, math.nan])
def test_a_cut_that_makes_no_sense_is_refused(factor):
    with pytest.raises(ValueError, match=f"got {factor:g}"):
        DisplayBudget(CROWD).cut(factor)


@given(gaps, st.sampled_from([0.5, 3, 20]), st.lists(st.integers(1, 40), max_size=30))
def test_events_that_come_together_are_decided_as_one_after_another(steps, per_s, sizes):
    together, singly = (DisplayBudget(DisplayBudgetConfig(per_s=per_s)) for _ in range(2))
    events, at = stream_of(steps), 0
    for size in (*sizes, len(events)):
        group = events[at : at + size]
        at += size
        now = at / 10
        assert together.offer_all(group, now) == [each for event in group for each in singly.offer(event, now)]
        assert (together.deadline, together.pending) == (singly.deadline, singly.pending)
    assert together.end() == singly.end()
