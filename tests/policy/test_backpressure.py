"""The bounded queue of a slow viewer, step by step beside a model of it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from reference_impl.policy.backpressure import BackpressureConfig, EdgeQueues, Ending, Gap, SocketQueue

Batch = tuple[int, int, int]  # first, last, size in bytes


class SocketQueueMachine(RuleBasedStateMachine):
    """Any run of offers, takes and sheds: the queue does what a list does that loses its oldest batches."""

    ending: Ending

    @initialize(queue_bytes=st.integers(1, 50), leaving=st.integers(0, 40))
    def begin(self, queue_bytes: int, leaving: int) -> None:
        self.bound = queue_bytes
        config = BackpressureConfig(queue_bytes=queue_bytes, ending=self.ending)
        self.queue: SocketQueue[Batch] = SocketQueue(config, leaving)
        self.leaving = leaving  # given to the socket, and counted until the next take
        self.waiting: list[Batch] = []
        self.offered = 0  # last sequence number put in
        self.told = 0  # last sequence number the viewer has got or was told that it will not get

    @rule(events=st.integers(1, 5), size_bytes=st.integers(0, 60))
    def offer(self, events: int, size_bytes: int) -> None:
        batch = (self.offered + 1, self.offered + events, size_bytes)
        assert self.queue.offer(batch, first=batch[0], last=batch[1], size_bytes=size_bytes)
        self.offered = batch[1]
        self.waiting.append(batch)
        if self.held() > self.bound and self.ending is Ending.SKIP_TO_HEAD:
            self.waiting = [batch]
        self.shrink(self.bound)

    @rule()
    def shed(self) -> None:
        assert self.queue.shed()
        if self.ending is Ending.SKIP_TO_HEAD:
            self.waiting = []
        self.shrink(self.held() // 2)

    @rule()
    def take(self) -> None:
        gap, batch = self.queue.take()
        assert batch == (self.waiting.pop(0) if self.waiting else None)
        self.leaving = batch[2] if batch else 0
        if gap is not None:
            assert (gap.first, gap.last) == (self.told + 1, batch[0] - 1 if batch else self.offered)
            assert gap.first <= gap.last
            self.told = gap.last
        if batch is not None:
            assert batch[0] == self.told + 1
            self.told = batch[1]

    @precondition(lambda self: not self.waiting)
    @rule()
    def an_empty_queue_has_told_all(self) -> None:
        self.take()
        assert self.told == self.offered
        assert self.queue.take() == (None, None)

    @invariant()
    def the_bound_holds(self) -> None:
        assert self.queue.queued_bytes == self.held()
        assert not self.waiting or self.held() <= self.bound
        assert len(self.queue) == len(self.waiting)

    def held(self) -> int:
        return self.leaving + sum(size for _, _, size in self.waiting)

    def shrink(self, most: int) -> None:
        while self.waiting and self.held() > most:
            del self.waiting[0]

    def teardown(self) -> None:
        for _ in range(len(getattr(self, "waiting", ()))):
            self.take()
        if hasattr(self, "queue"):
            self.an_empty_queue_has_told_all()


class DropOldestMachine(SocketQueueMachine):
    ending = Ending.DROP_OLDEST


class SkipToHeadMachine(SocketQueueMachine):
    ending = Ending.SKIP_TO_HEAD


TestSkipToHead = SkipToHeadMachine.TestCase
TestSkipToHead.settings = settings(max_examples=60, stateful_step_count=30)
TestDropOldest = DropOldestMachine.TestCase
TestDropOldest.settings = settings(max_examples=60, stateful_step_count=30)


def queue(queue_bytes: int, ending: Ending) -> SocketQueue[str]:
    return SocketQueue(BackpressureConfig(queue_bytes=queue_bytes, ending=ending))


def fill(slow: SocketQueue[str], *sizes: int) -> list[bool]:
    """Offer batches of two events each, called 1-2, 3-4, and so on."""
    return [
        slow.offer(f"{first}-{first + 1}", first=first, last=first + 1, size_bytes=size)
        for first, size in zip(range(1, 2 * len(sizes), 2), sizes, strict=True)
    ]


def test_an_overflow_drops_the_oldest_and_announces_them_before_the_rest() -> None:
    slow = queue(10, Ending.DROP_OLDEST)
    assert fill(slow, 4, 4, 4, 4) == [True] * 4
    assert [slow.take() for _ in range(3)] == [(Gap(1, 4), "5-6"), (None, "7-8"), (None, None)]


def test_a_batch_larger_than_the_queue_is_dropped_itself_and_joins_the_gap() -> None:
    slow = queue(10, Ending.DROP_OLDEST)
    fill(slow, 4, 11)
    assert (len(slow), slow.queued_bytes) == (0, 0)
    assert [slow.take() for _ in range(2)] == [(Gap(1, 4), None), (None, None)]


def test_a_gap_is_announced_once_and_the_next_one_starts_anew() -> None:
    slow = queue(10, Ending.DROP_OLDEST)
    fill(slow, 6, 6)
    assert slow.take() == (Gap(1, 2), "3-4")
    slow.offer("5-6", first=5, last=6, size_bytes=4)
    slow.offer("7-8", first=7, last=8, size_bytes=4)
    assert slow.take() == (Gap(5, 6), "7-8")


def test_skipping_to_the_head_leaves_the_newest_batch_and_counts_the_others_as_one_gap() -> None:
    slow = queue(10, Ending.SKIP_TO_HEAD)
    assert fill(slow, 4, 4, 4) == [True] * 3
    assert [slow.take() for _ in range(2)] == [(Gap(1, 4), "5-6"), (None, None)]


def test_what_the_socket_holds_counts_until_the_next_take_and_cannot_be_dropped() -> None:
    slow: SocketQueue[str] = SocketQueue(BackpressureConfig(queue_bytes=10, ending=Ending.DROP_OLDEST), 8)
    fill(slow, 2, 2)
    assert (len(slow), slow.queued_bytes) == (1, 10)
    assert slow.take() == (Gap(1, 2), "3-4")
    assert slow.queued_bytes == 2


def test_the_longest_queue_of_an_edge_is_dealt_with_first() -> None:
    queues: EdgeQueues[str] = EdgeQueues(10)
    assert [queues.set(*each) for each in (("a", 4), ("b", 5), ("c", 1))] == [None] * 3
    assert queues.set("c", 2) == "b"
    assert queues.set("b", 0) is None
    assert queues.total_bytes == 6


@given(st.integers(1, 50), st.lists(st.integers(1, 20), min_size=1, max_size=20))
def test_disconnect_keeps_all_until_the_bound_is_passed_and_then_nothing(queue_bytes: int, sizes: list[int]) -> None:
    slow = queue(queue_bytes, Ending.DISCONNECT)
    for held, size in enumerate(sizes, start=1):
        fits = sum(sizes[:held]) <= queue_bytes
        assert slow.offer("batch", first=held, last=held, size_bytes=size) == fits
        if not fits:
            assert (len(slow), slow.queued_bytes, slow.take()) == (0, 0, (None, None))
            return
        assert (len(slow), slow.queued_bytes) == (held, sum(sizes[:held]))
    assert [slow.take() for _ in sizes] == [(None, "batch")] * len(sizes)


def test_what_has_left_makes_room_under_disconnect() -> None:
    slow = queue(10, Ending.DISCONNECT)
    fill(slow, 5, 5)
    assert [slow.take(), slow.take()] == [(None, "1-2"), (None, "3-4")]
    assert slow.offer("5-6", first=5, last=6, size_bytes=5)
    assert slow.take() == (None, "5-6")


@pytest.mark.parametrize("ending", list(Ending))
def test_a_queue_filled_to_its_last_byte_is_not_over_the_bound(ending: Ending) -> None:
    slow = queue(8, ending)
    assert fill(slow, 4, 4) == [True, True]
    assert (len(slow), slow.queued_bytes) == (2, 8)


def test_an_edge_without_room_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="edge_bytes must be >= 1, got 0"):
        EdgeQueues(0)


def test_a_queue_without_room_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="queue_bytes must be >= 1, got 0"):
        BackpressureConfig(queue_bytes=0)
