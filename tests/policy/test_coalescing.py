"""The coalescing window: one send per window when busy, no delay when idle, nothing lost or repeated."""

import math
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reference_impl.policy.coalescing import CoalescingConfig, CoalescingWindow

WINDOW = CoalescingConfig(window_s=0.5, items_max=4)

times = st.floats(0, 1e9)
windows = st.floats(0, 10)
configs = st.builds(CoalescingConfig, window_s=st.floats(0, 1), items_max=st.integers(1, 5))
ON_THE_DEADLINE = None
arrivals = st.lists(st.floats(0, 2) | st.just(0.0) | st.just(ON_THE_DEADLINE), max_size=40)


@dataclass
class Shell:
    """Obeys the window as the hub and the model do; ``sends`` holds the time and the items of each send."""

    window: CoalescingWindow[int]
    now: float
    sends: list[tuple[float, list[int]]] = field(default_factory=list)
    offered_at: list[float] = field(default_factory=list)

    def offer_after(self, gap_s: float | None) -> None:
        """Offer the next item after a gap; ON_THE_DEADLINE offers it at the deadline, just before the timer fires."""
        deadline = self.window.deadline
        if gap_s is None:
            self.now = deadline if deadline is not None else self.now
        else:
            self._wait_until(self.now + gap_s)
        self._send(self.window.offer(len(self.offered_at), self.now))
        self.offered_at.append(self.now)

    def drain(self) -> None:
        if self.window.deadline is not None:
            self._wait_until(self.window.deadline)

    def _wait_until(self, until: float) -> None:
        deadline = self.window.deadline
        if deadline is not None and deadline <= until:
            self.now = deadline
            self._send(self.window.flush(deadline))
        self.now = until

    def _send(self, batch: list[int]) -> None:
        if batch:
            self.sends.append((self.now, batch))


def run(config: CoalescingConfig, start: float, gaps: list[float | None]) -> Shell:
    shell = Shell(CoalescingWindow(config), start)
    for gap_s in gaps:
        shell.offer_after(gap_s)
    shell.drain()
    return shell


@given(configs, times, arrivals)
def test_every_item_is_sent_exactly_once_and_in_order(
    config: CoalescingConfig, start: float, gaps: list[float | None]
) -> None:
    shell = run(config, start, gaps)
    assert [item for _, batch in shell.sends for item in batch] == list(range(len(gaps)))
    assert len(shell.window) == 0


@given(configs, times, arrivals)
def test_two_sends_are_a_window_apart_unless_the_second_was_full(
    config: CoalescingConfig, start: float, gaps: list[float | None]
) -> None:
    sends = run(config, start, gaps).sends
    for (earlier, _), (later, batch) in pairwise(sends):
        assert later >= earlier + config.window_s or len(batch) == config.items_max


@given(configs, times, arrivals)
def test_no_item_waits_longer_than_a_window(config: CoalescingConfig, start: float, gaps: list[float | None]) -> None:
    shell = run(config, start, gaps)
    sent_at = {item: at for at, batch in shell.sends for item in batch}
    assert all(sent_at[item] <= at + config.window_s for item, at in enumerate(shell.offered_at))


@given(configs, times, arrivals)
def test_no_send_holds_more_than_the_maximum(config: CoalescingConfig, start: float, gaps: list[float | None]) -> None:
    assert all(1 <= len(batch) <= config.items_max for _, batch in run(config, start, gaps).sends)


@given(configs, times, st.lists(st.tuples(st.booleans(), st.floats(0, 1)), max_size=40))
def test_a_shell_that_wakes_at_any_time_still_loses_and_repeats_nothing(
    config: CoalescingConfig, now: float, steps: list[tuple[bool, float]]
) -> None:
    window: CoalescingWindow[int] = CoalescingWindow(config)
    sent: list[int] = []
    offered = 0
    for is_offer, gap_s in steps:
        now += gap_s
        sent += window.offer(offered, now) if is_offer else window.flush(now)
        offered += is_offer
        assert (window.deadline is None) == (len(window) == 0)
        assert len(sent) + len(window) == offered
    assert sent == list(range(len(sent)))


@given(times, windows, st.floats(0, 1))
@example(0.1, 0.2, 0.5)  # 0.1 + 0.2 - 0.1 < 0.2: elapsed time would say that the window is not over
def test_a_flush_exactly_at_the_deadline_sends(start: float, window_s: float, fraction: float) -> None:
    window: CoalescingWindow[str] = CoalescingWindow(CoalescingConfig(window_s=window_s))
    window.offer("first", start)
    sent = window.offer("second", min(start + fraction * window_s, math.nextafter(start + window_s, -math.inf)))
    if not sent:  # a window below the clock's resolution has no inside
        assert window.deadline == start + window_s
        sent = window.flush(start + window_s)
    assert sent == ["second"]


@given(times, st.floats(0.001, 10))
def test_a_flush_just_before_the_deadline_sends_nothing_and_keeps_the_items(start: float, window_s: float) -> None:
    window: CoalescingWindow[str] = CoalescingWindow(CoalescingConfig(window_s=window_s))
    window.offer("first", start)
    window.offer("second", start)
    assert window.deadline is not None
    assert window.flush(math.nextafter(window.deadline, -math.inf)) == []
    assert window.flush(window.deadline) == ["second"]


@given(configs, times, st.integers(1, 10), st.floats(0, 100))
def test_the_first_item_after_a_quiet_period_is_sent_at_once(
    config: CoalescingConfig, start: float, busy: int, pause_s: float
) -> None:
    shell = run(config, start, [0.0] * busy)
    shell.offer_after(config.window_s + pause_s)
    assert shell.sends[-1] == (shell.now, [busy])


def test_the_very_first_item_is_sent_at_once() -> None:
    assert CoalescingWindow[str](WINDOW).offer("first", -1e9) == ["first"]


def test_a_full_window_is_sent_early_and_starts_the_next_quiet() -> None:
    shell = run(WINDOW, 10.0, [0.0, 0.125, 0.0, 0.0, 0.0, 0.125])
    assert shell.sends == [(10.0, [0]), (10.125, [1, 2, 3, 4]), (10.625, [5])]


def test_an_idle_window_has_no_deadline_and_nothing_to_flush() -> None:
    window: CoalescingWindow[str] = CoalescingWindow(WINDOW)
    assert (window.deadline, window.flush(1e9), len(window)) == (None, [], 0)


@given(times, st.integers(1, 20))
def test_a_window_of_zero_sends_every_item_at_once(now: float, items: int) -> None:
    window: CoalescingWindow[int] = CoalescingWindow(CoalescingConfig(window_s=0))
    assert [window.offer(item, now) for item in range(items)] == [[item] for item in range(items)]


def test_the_rest_counts_from_the_end_of_a_fan_out() -> None:
    window: CoalescingWindow[str] = CoalescingWindow(CoalescingConfig(window_s=0.5))
    assert window.offer("first", 1.0) == ["first"]
    window.sent(1.25)
    assert window.offer("second", 1.6) == []
    assert window.deadline == 1.75
    assert window.flush(1.75) == ["second"]


@pytest.mark.parametrize(("window_s", "items_max", "names"), [(-0.001, 1, "window_s.*-0.001"), (0, 0, "items_max.*0")])
def test_a_window_that_makes_no_sense_is_refused_by_name(window_s: float, items_max: int, names: str) -> None:
    with pytest.raises(ValueError, match=names):
        CoalescingConfig(window_s=window_s, items_max=items_max)


def test_a_window_can_be_made_wider_and_as_it_was_again():
    window = CoalescingWindow(CoalescingConfig(window_s=0.02))
    ends = []
    for start_s, factor in ((0.0, 1.0), (1.0, 5.0), (2.0, 1.0)):
        window.factor = factor
        window.offer("first", start_s)
        window.offer("second", start_s)
        ends.append(window.deadline - start_s)
        window.flush(start_s + 0.5)
    assert ends == pytest.approx([0.02, 0.1, 0.02])
