"""Write single flight: one question for all who ask the same at the same time."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from simulation import virtual_time
from simulation.course.exercise import Check, Exercise, Misconception, Place, every

if TYPE_CHECKING:
    from simulation.course.live import Stage

CROWD = 1_000
READING_S = 0.050
SLOW_S = 10.0


class Log:
    """Reads pages, as they are at the end of the reading; ``readings`` counts those of each, ``fails`` breaks them."""

    def __init__(self) -> None:
        self.readings = Counter[str]()
        self.fails = False
        self.version = 1

    async def read(self, page: str, takes_s: float = READING_S) -> str:
        self.readings[page] += 1
        await asyncio.sleep(takes_s)
        if self.fails:
            raise OSError("the log is away")
        return f"{page}, version {self.version}"


def played(main: Coroutine[Any, Any, None], waits: str) -> None:
    """In virtual time; ``waits`` says what it means when somebody waits for ever."""
    try:
        virtual_time.run(main)
    except virtual_time.Deadlock:
        raise Misconception(f"somebody waits for ever: {waits}") from None


def one_reads_for_all(answer: ModuleType) -> str:
    async def together(starts_s: list[float]) -> None:
        flights, log = answer.SingleFlight(), Log()

        async def one(start_s: float) -> str:
            await asyncio.sleep(start_s)
            return str(await flights.ask("newest", partial(log.read, "newest")))

        answers = await asyncio.gather(*map(one, starts_s))
        if log.readings["newest"] > 1:
            raise Misconception(
                f"{len(starts_s)} readers who asked within {READING_S * 1000:g} ms, the time of one reading, made "
                f"{log.readings['newest']} readings. Looking into a cache first and filling it afterwards is not "
                "enough: until the first reading is over everybody misses. What has to be known to the others is "
                "that one is *under way*."
            )
        _all_have(answers, "newest, version 1")

    def holds(starts: list[float]) -> None:
        played(together([0.0, *starts]), "whoever waits for another's reading must be told when it is over.")

    every(st.lists(st.floats(0, 0.99 * READING_S), max_size=20), holds, 50)
    played(together([number / CROWD * 0.99 * READING_S for number in range(CROWD)]), "a reader of a large crowd.")
    return f"{CROWD:,} readers, 1 reading"


def _all_have(answers: list[str], wanted: str) -> None:
    wrong = [each for each in answers if each != wanted]
    if wrong:
        raise Misconception(
            f"of {len(answers)} readers {len(wrong)} were answered {wrong[0]!r} instead of {wanted!r}: everybody "
            "who waits gets what the one reading has found."
        )


def read_anew(answer: ModuleType) -> str:
    async def one_after_another() -> None:
        flights, log = answer.SingleFlight(), Log()
        for log.version in range(1, 4):
            found = await flights.ask("newest", partial(log.read, "newest"))
            if found != f"newest, version {log.version}":
                raise Misconception(
                    f"the log was at version {log.version}, and a reader who came after everything was over got "
                    f"{found!r}. Single flight is no cache: an answer that is kept has to be dropped some day, and "
                    "until then it is wrong. Who comes after the landing flies anew."
                )

    played(one_after_another(), "a question that is over is not under way any more.")
    return ""


def failures_are_told(answer: ModuleType) -> str:
    async def at_a_bad_time() -> None:
        flights, log = answer.SingleFlight(), Log()
        log.fails = True
        asked = [flights.ask("newest", partial(log.read, "newest")) for _ in range(100)]
        told = await asyncio.gather(*asked, return_exceptions=True)
        if log.readings["newest"] > 1:
            raise Misconception(
                f"a reading failed, and the 100 who waited for it made {log.readings['newest'] - 1} more. When the "
                "log is in trouble a crowd that tries again by itself keeps it there: the failure is everybody's "
                "who waited."
            )
        if not all(isinstance(each, OSError) for each in told):
            other = next(each for each in told if not isinstance(each, OSError))
            raise Misconception(
                f"the reading failed with OSError, and one who waited for it got {other!r}: he takes that for an "
                "answer."
            )
        log.fails = False
        try:
            await flights.ask("newest", partial(log.read, "newest"))
        except OSError:
            raise Misconception(
                "the log is well again, and the next reader is told of the old failure. One bad moment would shut "
                "a page off for good: a failure is told to those who waited, and forgotten."
            ) from None

    played(at_a_bad_time(), "when a reading fails, those who wait for it must be told.")
    return ""


def others_do_not_wait(answer: ModuleType) -> str:
    async def side_by_side() -> None:
        flights, log, now = answer.SingleFlight(), Log(), asyncio.get_running_loop().time
        slow = asyncio.create_task(flights.ask("the whole match", partial(log.read, "the whole match", SLOW_S)))
        await asyncio.sleep(0.001)
        began_s = now()
        quick = [flights.ask(page, partial(log.read, page)) for page in ("newest", "pinned")]
        found = await asyncio.gather(*quick)
        late_s = now() - began_s
        if late_s > 1.5 * READING_S:
            raise Misconception(
                f"a page that is read in {READING_S * 1000:g} ms was answered after {late_s:.2f} s, because another "
                f"one takes {SLOW_S:g} s. One lock for all questions makes the slowest of them everybody's: what is "
                "shared is the flight of equal questions, and nothing else."
            )
        _all_have([found[1]], "pinned, version 1")
        await slow

    async def alike() -> None:
        flights, others, log = answer.SingleFlight(), answer.SingleFlight(), Log()
        keys = -1, -2  # which have the same hash
        found = await asyncio.gather(*(flights.ask(key, partial(log.read, f"{key}")) for key in keys))
        if found != [f"{key}, version 1" for key in keys]:
            raise Misconception(
                f"the questions {keys[0]} and {keys[1]} were answered {found}: different keys may have the same "
                "`hash`. Let a dict compare the keys themselves."
            )
        one, other = (
            each.ask("newest", partial(log.read, page)) for each, page in ((flights, "one"), (others, "other"))
        )
        if (await asyncio.gather(one, other))[1] != "other, version 1":
            raise Misconception(
                "two objects were asked for the same key and share a flight: what is kept in the class or the "
                "module is everybody's. Each guards readings of its own; make it in __init__."
            )

    played(side_by_side(), "a page is not read before another one.")
    played(alike(), "a page is not read before another one.")
    return ""


def first_may_leave(answer: ModuleType) -> str:
    async def left() -> None:
        flights, log = answer.SingleFlight(), Log()
        first, *others = (asyncio.create_task(flights.ask("newest", partial(log.read, "newest"))) for _ in range(100))
        await asyncio.sleep(READING_S / 2)
        first.cancel()
        told = await asyncio.gather(*others, return_exceptions=True)
        gone = [each for each in told if isinstance(each, BaseException)]
        if gone:
            raise Misconception(
                f"the one who asked first closed the page, and {len(gone)} of {len(others)} others got {gone[0]!r}. "
                "The reading must not belong to the one who began it: let it be a task of its own, and shield it."
            )
        if log.readings["newest"] > 2:
            raise Misconception(
                f"the one who asked first closed the page, and the others made {log.readings['newest'] - 1} "
                "readings more: the crowd that single flight is there to hold off."
            )
        _all_have(list(map(str, told)), "newest, version 1")
        if not first.done():
            raise Misconception("the one who closed the page is still waiting: being cancelled ends the waiting.")

    played(left(), "the one who asked first went away, and with him whoever was to tell the others.")
    return ""


class _AsTheServers:
    """The learner's flights behind all that the server asks of its own."""

    answer: ModuleType

    def __init__(self, *, shared: bool = True) -> None:
        self._flights = self.answer.SingleFlight()
        self._started = set[asyncio.Task[Any]]()

    async def ask(self, key: Hashable, question: Callable[[], Awaitable[Any]]) -> Any:
        return await self._flights.ask(key, question)

    def start(self, key: Hashable, question: Callable[[], Awaitable[Any]]) -> "asyncio.Task[Any]":
        task = asyncio.get_running_loop().create_task(self.ask(key, question))
        self._started.add(task)
        task.add_done_callback(self._started.discard)
        return task

    async def close(self) -> None:
        for task in self._started:
            task.cancel()
        await asyncio.gather(*self._started, return_exceptions=True)


def _dressed(answer: ModuleType) -> Any:
    return type("SingleFlight", (_AsTheServers,), {"answer": answer})


async def live(answer: ModuleType, stage: "Stage") -> str:
    from simulation.course.exercises.single_flight.live import NOWHERE, burst

    async with stage.server("--recent", NOWHERE) as url:
        return await burst(url)


EXERCISE = Exercise(
    lesson="04",
    place=2,
    name="single_flight",
    title="One reads, and all get the answer",
    kind="policy",
    wants=("SingleFlight",),
    checks=(
        Check("a thousand who ask at once make one reading", one_reads_for_all),
        Check("who asks when it is over has it read anew", read_anew),
        Check("a failure is everybody's who waited, and then forgotten", failures_are_told),
        Check("other questions are not waited for", others_do_not_wait),
        Check("the one who asked first may leave", first_may_leave),
    ),
    places=(Place("reference_impl.recent_pages", "SingleFlight", _dressed),),
    live=live,
)
