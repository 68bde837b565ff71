"""Parity of the hubs: the server and the model, given one trace, send the same batches at the same times."""

from itertools import chain

import pytest

from reference_impl.policy.coalescing import CoalescingConfig
from reference_impl.policy.ordering import OrderingConfig
from tests.parity.hubs import MemoryLog, Sent, live_batches, simulated_batches
from tests.parity.traces import Trace, faulty_trace, on_a_grid

EVENTS = 10_000
TOLERANCE_S = 1e-9
GRID_S = 2**-8  # a power of two: sums of its multiples are exact


def both(trace: Trace, window_s: float, ordering: OrderingConfig | None = None) -> tuple[Sent, Sent]:
    """Run a trace live and simulated; both must have read the same ranges from the log."""
    coalescing, ordering = CoalescingConfig(window_s=window_s), ordering or OrderingConfig()
    live_log, simulated_log = MemoryLog(trace.last), MemoryLog(trace.last)
    live = live_batches(trace, coalescing, ordering, live_log)
    simulated = simulated_batches(trace, coalescing, ordering, simulated_log)
    assert live_log.reads == simulated_log.reads
    return live, simulated


def seqs_of(sent: Sent) -> list[int]:
    return list(chain.from_iterable(seqs for _, seqs in sent))


def times_of(sent: Sent) -> list[float]:
    return [at for at, _ in sent]


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("window_s", [0.020, 0.0, 0.100])
def test_both_hubs_send_the_same_batches_at_the_same_times(seed: int, window_s: float) -> None:
    live, simulated = both(faulty_trace(seed, EVENTS), window_s)
    assert [seqs for _, seqs in live] == [seqs for _, seqs in simulated]
    assert times_of(live) == pytest.approx(times_of(simulated), rel=0, abs=TOLERANCE_S)
    assert seqs_of(live) == list(range(1, EVENTS + 1))


def test_both_hubs_agree_where_arrivals_and_deadlines_fall_on_the_same_instants() -> None:
    trace = on_a_grid(faulty_trace(4, EVENTS), GRID_S)
    live, simulated = both(trace, 5 * GRID_S, OrderingConfig(patience_s=13 * GRID_S))
    assert live == simulated
    assert seqs_of(live) == list(range(1, EVENTS + 1))


def test_both_hubs_agree_when_a_full_window_is_sent_early_and_what_is_held_is_bounded() -> None:
    trace = faulty_trace(5, EVENTS)
    coalescing = CoalescingConfig(window_s=0.5, items_max=20)
    ordering = OrderingConfig(held_max=5)
    live = live_batches(trace, coalescing, ordering, MemoryLog(EVENTS))
    simulated = simulated_batches(trace, coalescing, ordering, MemoryLog(EVENTS))
    assert [seqs for _, seqs in live] == [seqs for _, seqs in simulated]
    assert times_of(live) == pytest.approx(times_of(simulated), rel=0, abs=TOLERANCE_S)
    assert seqs_of(live) == list(range(1, EVENTS + 1))


def test_the_lost_last_event_is_found_by_the_head_and_by_nothing_else() -> None:
    trace = faulty_trace(6, 100)
    for sent in both(trace, 0.020):
        found_at = next(at for at, seqs in sent if trace.last in seqs)
        assert found_at == pytest.approx(trace.head_at_s + OrderingConfig().patience_s, abs=TOLERANCE_S)


def test_both_hubs_read_at_once_what_fell_due_while_their_timer_was_held_back() -> None:
    """After the window's timer at 1.020 the next is at 1.021, but the gap is due at 1.0204 and an arrival shows it."""
    arrivals = [(1.0, 1), (1.001, 2), (1.0019, 4), (1.0207, 5)]
    live, simulated = both(Trace(arrivals, 5, 2.0), 0.020, OrderingConfig(patience_s=0.0185))
    assert [seqs for _, seqs in live] == [seqs for _, seqs in simulated] == [[1], [2], [3, 4, 5]]
    assert times_of(live) == pytest.approx(times_of(simulated), abs=TOLERANCE_S)


def test_a_timer_that_simpy_rounds_to_just_before_its_deadline_is_not_a_millisecond_late() -> None:
    armed_s = 0.0043
    assert armed_s + (0.020 - armed_s) < 0.020
    live, simulated = both(Trace([(0.0, 1), (armed_s, 2)], 2, 1.0), 0.020)
    assert times_of(live) == [0.0, 0.020]
    assert times_of(simulated) == pytest.approx(times_of(live), abs=TOLERANCE_S)


def test_the_traces_hold_every_fault_there_is_to_agree_on() -> None:
    trace = faulty_trace(1, EVENTS)
    seqs = [seq for _, seq in trace.arrivals]
    lost = set(range(1, EVENTS + 1)) - set(seqs)
    assert EVENTS in lost
    assert len(lost) > 50
    assert len(seqs) - len(set(seqs)) > 50
    assert sum(1 for index in range(1, len(seqs)) if seqs[index] < seqs[index - 1]) > 100


def test_a_millisecond_more_of_window_is_noticed() -> None:
    trace = faulty_trace(1, 1_000)
    live = live_batches(trace, CoalescingConfig(window_s=0.020), OrderingConfig(), MemoryLog(1_000))
    simulated = simulated_batches(trace, CoalescingConfig(window_s=0.021), OrderingConfig(), MemoryLog(1_000))
    assert live != simulated
