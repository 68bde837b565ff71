"""asyncio in virtual time: an hour takes no time, and who waits for nothing is found out."""

import asyncio

import pytest

from simulation.course import virtual_time


def test_timers_run_at_their_time_and_in_their_order() -> None:
    async def main() -> list[tuple[str, float]]:
        seen, now = list[tuple[str, float]](), asyncio.get_running_loop().time

        async def one(name: str, after_s: float) -> None:
            await asyncio.sleep(after_s)
            seen.append((name, round(now(), 6)))

        await asyncio.gather(one("late", 3600.0), one("early", 0.25), one("middle", 60.0))
        return seen

    assert virtual_time.run(main()) == [("early", 0.25), ("middle", 60.0), ("late", 3600.0)]


def test_a_timeout_is_over_at_once() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(600):
                await asyncio.Event().wait()
        return asyncio.get_running_loop().time()

    assert virtual_time.run(main()) == pytest.approx(600)


def test_who_waits_for_what_will_never_come_is_stuck() -> None:
    async def main() -> None:
        await asyncio.sleep(1)
        await asyncio.Event().wait()

    with pytest.raises(virtual_time.Stuck):
        virtual_time.run(main())
