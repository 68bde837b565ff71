"""The virtual clock keeps its promises: it jumps, to the exact time, in order, and never sleeps."""

import asyncio
import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulation.virtual_time import Deadlock, VirtualTimeLoop, run

YEAR_S = 365 * 86_400.0
TIMES = st.one_of(st.floats(0, 1e9), st.sampled_from([0.0, 0.1 + 0.2, 0.3, 1.0, 1.0 + 2**-52]))


class Diary:
    """Sets timers and notes when they ran."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.entries: list[tuple[float, int]] = []

    def at(self, when: float, number: int) -> asyncio.TimerHandle:
        return self._loop.call_at(when, lambda: self.entries.append((self._loop.time(), number)))


def run_timers(times: list[float], start: float = 0.0) -> list[tuple[float, int]]:
    async def main() -> list[tuple[float, int]]:
        diary = Diary(asyncio.get_running_loop())
        for number, when in enumerate(times):
            diary.at(when, number)
        await asyncio.sleep(max(0.0, max(times, default=0.0) - start) + 1)
        return diary.entries

    return run(main(), start=start)


async def elapsed_s(seconds: float) -> float:
    start = asyncio.get_running_loop().time()
    await asyncio.sleep(seconds)
    return asyncio.get_running_loop().time() - start


def test_a_year_s_sleep_ends_at_once_and_a_year_later() -> None:
    assert run(elapsed_s(YEAR_S)) == YEAR_S


def test_the_clock_starts_where_it_is_told() -> None:
    async def main() -> float:
        return asyncio.get_running_loop().time()

    assert run(main(), start=42.5) == 42.5


@settings(deadline=None, max_examples=50)
@given(st.lists(TIMES, max_size=20))
def test_timers_run_at_exactly_their_times_and_ties_in_the_order_they_were_set(times: list[float]) -> None:
    expected = sorted(((when, number) for number, when in enumerate(times)), key=lambda timer: timer[0])
    assert run_timers(times) == expected


def test_a_timer_one_float_later_does_not_run_with_the_earlier_one() -> None:
    assert run_timers([0.1 + 0.2, 0.3]) == [(0.3, 1), (0.1 + 0.2, 0)]
    assert math.nextafter(0.3, 1) == 0.1 + 0.2


def test_a_timer_in_the_past_runs_now_and_does_not_turn_the_clock_back() -> None:
    assert run_timers([5.0, 9.0], start=7.0) == [(7.0, 0), (9.0, 1)]


def test_time_stands_still_while_anything_is_ready() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        loop.call_later(1e-9, lambda: None)
        for _ in range(1_000):
            await asyncio.sleep(0)
        return loop.time()

    assert run(main()) == 0.0


def test_a_cancelled_timer_neither_runs_nor_stops_the_clock() -> None:
    async def main() -> list[float]:
        diary = Diary(asyncio.get_running_loop())
        cancelled = diary.at(1.0, 1)
        diary.at(2.0, 2)
        cancelled.cancel()
        clock = [await elapsed_s(3.0)]
        return [*clock, *(at for at, _ in diary.entries)]

    assert run(main()) == [3.0, 2.0]


def test_thousands_of_cancelled_timers_leave_only_the_live_ones() -> None:
    async def main() -> list[tuple[float, int]]:
        diary = Diary(asyncio.get_running_loop())
        timers = [diary.at(float(number % 50), number) for number in range(5_000)]
        for number, timer in enumerate(timers):
            if number % 10:
                timer.cancel()
        await asyncio.sleep(100)
        return diary.entries

    entries = run(main())
    assert len(entries) == 500
    assert all(number % 10 == 0 and at == number % 50 for at, number in entries)
    assert all(earlier < later for earlier, later in pairwise(entries))


def test_a_loop_whose_timers_are_all_cancelled_is_at_a_deadlock() -> None:
    async def main() -> None:
        asyncio.get_running_loop().call_later(1.0, lambda: None).cancel()
        await asyncio.get_running_loop().create_future()

    with pytest.raises(Deadlock, match=r"at 0\.0: nothing is ready"):
        run(main())


def test_a_sleep_without_end_is_a_deadlock_and_the_sleeper_is_cancelled() -> None:
    ended: list[str] = []

    async def main() -> None:
        try:
            await asyncio.sleep(math.inf)
        finally:
            ended.append("cleaned up")

    with pytest.raises(Deadlock):
        run(main())
    assert ended == ["cleaned up"]


def test_a_timeout_fires_at_its_virtual_time() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(YEAR_S):
                await asyncio.get_running_loop().create_future()
        return asyncio.get_running_loop().time()

    assert run(main()) == YEAR_S


def test_tasks_interleave_by_their_timers() -> None:
    async def tick(name: str, period_s: float, diary: list[tuple[float, str]]) -> None:
        for _ in range(3):
            await asyncio.sleep(period_s)
            diary.append((asyncio.get_running_loop().time(), name))

    async def main() -> list[tuple[float, str]]:
        diary: list[tuple[float, str]] = []
        await asyncio.gather(tick("slow", 2.0, diary), tick("fast", 1.0, diary))
        return diary

    # At 2 the slow one's timer is the older one.
    assert run(main()) == [(1, "fast"), (2, "slow"), (2, "fast"), (3, "fast"), (4, "slow"), (6, "slow")]


def test_sockets_that_are_ready_are_served_before_time_passes() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        loop.call_soon_threadsafe(lambda: None)  # writes to the loop's own socket
        await asyncio.sleep(0)
        return loop.time()

    assert run(main()) == 0.0


def test_a_closed_loop_leaves_nothing_open() -> None:
    loop = VirtualTimeLoop()
    loop.close()
    assert loop.is_closed()
