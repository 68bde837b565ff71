"""The resume ring: bounded by bytes and age, and its answer is exact or None."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from reference_impl.policy.resume_ring import ResumeRing, ResumeRingConfig


class RingMachine(RuleBasedStateMachine):
    """Any run of appends and expiries: the ring holds the longest tail of the stream that fits both bounds."""

    @initialize(age_s=st.floats(0.001, 20), ring_bytes=st.integers(1, 40), position=st.integers(0, 10**12))
    def begin(self, age_s: float, ring_bytes: int, position: int) -> None:
        self.config = ResumeRingConfig(age_s=age_s, ring_bytes=ring_bytes)
        self.ring: ResumeRing[int] = ResumeRing(self.config, position)
        self.start = position
        self.now = 0.0
        self.stream: list[tuple[float, int]] = []  # expires at, size in bytes

    @rule(size_bytes=st.integers(0, 50), pause_s=st.just(0.0) | st.floats(0, 5))
    def append(self, size_bytes: int, pause_s: float) -> None:
        self.now += pause_s
        self.ring.append(self.ring.position + 1, size_bytes, self.now)
        self.stream.append((self.now + self.config.age_s, size_bytes))

    @rule(pause_s=st.floats(0, 30))
    def expire(self, pause_s: float) -> None:
        self.now += pause_s
        self.ring.expire(self.now)

    @rule()
    def expire_exactly_at_the_oldest_event_s_age(self) -> None:
        ages = [at for at, _ in self.tail()]
        self.now = max(self.now, ages[0]) if ages else self.now
        self.ring.expire(self.now)
        assert len(self.ring) < len(ages) or not ages

    def tail(self) -> list[tuple[float, int]]:
        for start in range(len(self.stream)):
            tail = self.stream[start:]
            if tail[0][0] > self.now and sum(size for _, size in tail) <= self.config.ring_bytes:
                return tail
        return []

    @invariant()
    def it_holds_the_longest_tail_that_fits(self) -> None:
        assert self.ring.position == self.start + len(self.stream)
        assert len(self.ring) == len(self.tail())

    @invariant()
    def every_answer_is_exact_or_none(self) -> None:
        oldest = self.ring.position - len(self.ring)
        for seq in range(self.start - 1, self.ring.position + 2):
            whole = list(range(seq + 1, self.ring.position + 1))
            assert self.ring.since(seq) == (whole if seq >= oldest else None)


TestRing = RingMachine.TestCase
TestRing.settings = settings(max_examples=60, stateful_step_count=25)


def ring(age_s: float = 10, ring_bytes: int = 100, events: int = 0) -> ResumeRing[str]:
    found: ResumeRing[str] = ResumeRing(ResumeRingConfig(age_s=age_s, ring_bytes=ring_bytes), 0)
    for seq in range(1, events + 1):
        found.append(f"event {seq}", 10, float(seq))
    return found


def test_a_viewer_gets_the_events_after_its_position() -> None:
    assert ring(events=3).since(1) == ["event 2", "event 3"]


@pytest.mark.parametrize("seq", [3, 4, 10**12])
def test_a_viewer_at_the_head_or_ahead_of_it_has_nothing_to_catch_up_with(seq: int) -> None:
    assert ring(events=3).since(seq) == []


def test_an_empty_ring_answers_its_own_position_and_no_earlier_one() -> None:
    empty: ResumeRing[str] = ResumeRing(ResumeRingConfig(), 7)
    assert (empty.since(7), empty.since(6), len(empty)) == ([], None, 0)


def test_events_leave_when_the_bytes_run_out() -> None:
    full = ring(ring_bytes=20, events=3)
    assert (len(full), full.since(0), full.since(1)) == (2, None, ["event 2", "event 3"])


def test_an_event_larger_than_the_ring_empties_it_and_keeps_the_position() -> None:
    full = ring(ring_bytes=20, events=2)
    full.append("huge", 21, 3.0)
    assert (len(full), full.position, full.since(2), full.since(3)) == (0, 3, None, [])


def test_an_append_expires_what_is_past_its_age() -> None:
    old = ring(age_s=10, events=2)
    old.append("event 3", 10, 11.0)
    assert (old.since(0), old.since(1)) == (None, ["event 2", "event 3"])


@given(st.floats(0, 1e9), st.floats(0.001, 100))
def test_an_event_expires_exactly_at_its_age_and_not_just_before(now: float, age_s: float) -> None:
    one = ring(age_s=age_s)
    one.append("event 1", 10, now)
    one.expire(math.nextafter(now + age_s, -math.inf))
    assert one.since(0) == ["event 1"]
    one.expire(now + age_s)
    assert one.since(0) is None


def test_the_bytes_of_expired_events_are_free_again() -> None:
    old = ring(age_s=10, ring_bytes=20, events=2)
    old.expire(20.0)
    old.append("event 3", 20, 20.0)
    assert old.since(2) == ["event 3"]


@pytest.mark.parametrize(("age_s", "ring_bytes"), [(0.0, 1), (-1.0, 1), (1.0, 0)])
def test_bounds_that_make_no_sense_are_refused_with_what_was_seen(age_s: float, ring_bytes: int) -> None:
    with pytest.raises(ValueError, match=f"got {age_s} and {ring_bytes}"):
        ResumeRingConfig(age_s=age_s, ring_bytes=ring_bytes)
