"""One question for all who ask the same at the same time."""

import asyncio

import pytest

from reference_impl.single_flight import SingleFlight


class Source:
    """Answers when it is told to, and counts."""

    def __init__(self) -> None:
        self.asked = 0
        self.answers = asyncio.Event()
        self.broken = False

    async def __call__(self) -> int:
        self.asked += 1
        await self.answers.wait()
        if self.broken:
            raise OSError("no answer")
        return self.asked


async def crowd(flights: SingleFlight, source: Source, key: str = "k", size: int = 50) -> "list[asyncio.Task[int]]":
    asking = [asyncio.create_task(flights.ask(key, source)) for _ in range(size)]
    await asyncio.sleep(0)
    return asking


def test_a_crowd_is_answered_by_one_question() -> None:
    async def main() -> None:
        flights, source = SingleFlight(), Source()
        asking = await crowd(flights, source)
        source.answers.set()
        assert await asyncio.gather(*asking) == [1] * 50
        assert await flights.ask("k", source) == 2  # what is over is asked anew
        assert len(flights) == 0

    asyncio.run(main())


def test_other_questions_are_asked_beside_it() -> None:
    async def main() -> None:
        flights, source = SingleFlight(), Source()
        asking = await crowd(flights, source, "a") + await crowd(flights, source, "b")
        await asyncio.sleep(0)
        assert source.asked == 2
        source.answers.set()
        await asyncio.gather(*asking)

    asyncio.run(main())


def test_one_who_goes_away_does_not_take_the_answer_with_him() -> None:
    async def main() -> None:
        flights, source = SingleFlight(), Source()
        first, *others = await crowd(flights, source)
        first.cancel()
        await asyncio.sleep(0)
        source.answers.set()
        assert await asyncio.gather(*others) == [1] * 49

    asyncio.run(main())


def test_a_failure_is_everybodys_and_the_next_one_asks_again() -> None:
    async def main() -> None:
        flights, source = SingleFlight(), Source()
        source.broken = True
        asking = await crowd(flights, source)
        source.answers.set()
        assert all(isinstance(each, OSError) for each in await asyncio.gather(*asking, return_exceptions=True))
        source.broken = False
        assert await flights.ask("k", source) == 2

    asyncio.run(main())


def test_when_it_is_closed_nothing_is_under_way() -> None:
    async def main() -> None:
        flights, source = SingleFlight(), Source()
        asking = await crowd(flights, source, size=1)
        await flights.close()
        with pytest.raises(asyncio.CancelledError):
            await asking[0]
        assert len(flights) == 0

    asyncio.run(main())
