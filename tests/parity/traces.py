"""Traces for both worlds: bursts of events, and what a bad broker makes of them; the last event is always lost."""

from dataclasses import dataclass
from random import Random

LOST_SHARE = 0.01
DOUBLED_SHARE = 0.01
SWAPPED_SHARE = 0.02
LATE_SHARE = 0.005
LATE_MAX_S = 0.2  # well past the hub's patience, so that some arrive after the log was read
PAUSE_S = 1.0  # before the log's head is told

Arrival = tuple[float, int]


@dataclass(frozen=True, slots=True)
class Trace:
    """``arrivals`` are (time, seq), by time; events 1 .. ``last`` exist, as the hub is told at ``head_at_s``."""

    arrivals: list[Arrival]
    last: int
    head_at_s: float


def bursty_times(rng: Random, events: int) -> list[float]:
    """Bursts of about thirty events a few milliseconds apart, with pauses of about 150 ms between them."""
    now, times = 0.0, []
    for _ in range(events):
        now += rng.expovariate(1 / 0.150) if rng.random() < 1 / 30 else rng.expovariate(1 / 0.004)
        times.append(now)
    return times


def faulty_trace(seed: int, events: int) -> Trace:
    rng = Random(seed)
    times = bursty_times(rng, events)
    arrivals = [arrival for seq, at in enumerate(times, 1) for arrival in _carried(rng, at, seq)]
    arrivals = sorted(_swapped(rng, [arrival for arrival in arrivals if arrival[1] != events]))
    return Trace(arrivals, events, arrivals[-1][0] + PAUSE_S)


def on_a_grid(trace: Trace, step_s: float) -> Trace:
    """The same trace with all times rounded to a grid, where deadlines and arrivals fall on the same instants."""
    arrivals = [(round(at / step_s) * step_s, seq) for at, seq in trace.arrivals]
    return Trace(arrivals, trace.last, round(trace.head_at_s / step_s) * step_s)


def _carried(rng: Random, at: float, seq: int) -> list[Arrival]:
    """The times at which one event reaches the hub: never, once, twice, or late."""
    draw = rng.random()
    if draw < LOST_SHARE:
        return []
    if draw < LOST_SHARE + DOUBLED_SHARE:
        return [(at, seq), (at + rng.uniform(0, LATE_MAX_S), seq)]
    if draw < LOST_SHARE + DOUBLED_SHARE + LATE_SHARE:
        return [(at + rng.uniform(0, LATE_MAX_S), seq)]
    return [(at, seq)]


def _swapped(rng: Random, arrivals: list[Arrival]) -> list[Arrival]:
    """Some neighbours change places."""
    swapped = list(arrivals)
    for index in range(len(swapped) - 1):
        if rng.random() < SWAPPED_SHARE:
            (at, seq), (after, other) = swapped[index : index + 2]
            swapped[index : index + 2] = [(at, other), (after, seq)]
    return swapped
