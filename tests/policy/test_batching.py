"""Group commit's queue: first in, first out, one commit at a time, bounded."""

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.policy.batching import CommitQueue, GroupCommitConfig

Step = Literal["offer", "start", "finish"]

configs = st.builds(GroupCommitConfig, batch_max=st.integers(1, 5), waiting_max=st.integers(1, 12))
steps_of = st.lists(st.sampled_from(["offer", "offer", "offer", "start", "finish"]), max_size=80)


def filled(batch_max: int, items: int) -> CommitQueue[int]:
    queue: CommitQueue[int] = CommitQueue(GroupCommitConfig(batch_max=batch_max, waiting_max=items))
    assert all(queue.offer(item) for item in range(items))
    return queue


@given(configs, steps_of)
def test_any_run_of_steps_agrees_with_a_plain_list(config: GroupCommitConfig, steps: list[Step]) -> None:
    queue: CommitQueue[int] = CommitQueue(config)
    waiting: list[int] = []
    committing = False
    for number, step in enumerate(steps):
        if step == "offer":
            assert queue.offer(number) == (len(waiting) < config.waiting_max)
            waiting = [*waiting, number][: config.waiting_max]
        elif step == "start":
            expected = [] if committing else waiting[: config.batch_max]
            assert queue.start() == expected
            waiting = waiting[len(expected) :]
            committing = committing or bool(expected)
        else:
            queue.finish()
            committing = False
        assert (len(queue), queue.committing) == (len(waiting), committing)


@given(configs, st.lists(st.integers(0, 8), max_size=30))
def test_everything_accepted_is_committed_once_and_in_order(config: GroupCommitConfig, loads: list[int]) -> None:
    queue: CommitQueue[int] = CommitQueue(config)
    accepted: list[int] = []
    committed: list[int] = []
    for load in loads:
        accepted += [item for item in range(len(accepted), len(accepted) + load) if queue.offer(item)]
        committed += queue.start()
        queue.finish()
    while batch := queue.start():
        assert len(batch) <= config.batch_max
        committed += batch
        queue.finish()
    assert committed == accepted


def test_a_lone_item_is_committed_at_once() -> None:
    assert filled(batch_max=8, items=1).start() == [0]


def test_what_waits_while_a_commit_runs_goes_into_the_next_one() -> None:
    queue = filled(batch_max=8, items=3)
    assert queue.start() == [0, 1, 2]
    assert [queue.offer(3), queue.offer(4), queue.start()] == [True, True, []]
    queue.finish()
    assert queue.start() == [3, 4]


def test_a_batch_is_bounded_and_the_rest_waits() -> None:
    queue = filled(batch_max=2, items=5)
    assert queue.start() == [0, 1]
    assert len(queue) == 3


def test_a_full_queue_refuses_until_a_commit_makes_room() -> None:
    queue = filled(batch_max=1, items=2)
    assert not queue.offer(2)
    queue.start()
    assert [queue.offer(3), queue.offer(4), len(queue)] == [True, False, 2]


def test_an_empty_queue_starts_nothing_and_stays_idle() -> None:
    queue: CommitQueue[int] = CommitQueue(GroupCommitConfig())
    assert (queue.start(), queue.committing, len(queue)) == ([], False, 0)


@pytest.mark.parametrize(("batch_max", "waiting_max"), [(0, 1), (1, 0)])
def test_bounds_that_make_no_sense_are_refused_with_what_was_seen(batch_max: int, waiting_max: int) -> None:
    with pytest.raises(ValueError, match=f"got {batch_max} and {waiting_max}"):
        GroupCommitConfig(batch_max=batch_max, waiting_max=waiting_max)
