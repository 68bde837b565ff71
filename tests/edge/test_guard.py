"""Guards in virtual time: nobody waits beyond the deadline, a stalled log is left alone, a late call harms none."""

import asyncio
import logging
from random import Random

import pytest

from reference_impl.guard import Guard, GuardConfig, Refusal
from reference_impl.policy.bulkhead import BulkheadConfig
from reference_impl.policy.circuit_breaker import BreakerConfig, State
from reference_impl.policy.degradation import Rung, Signal
from reference_impl.policy.retry import RetryBudgetConfig
from reference_impl.ports import LogUnavailable
from reference_impl.write_path import RETRY_AFTER_S, unavailable
from simulation.virtual_time import run

BREAKER = BreakerConfig(jitter=0.0)


class Engine:
    """Answers after ``takes_s``, fails while ``away``; it counts its calls and how many there are at once."""

    def __init__(self):
        self.takes_s = 0.01
        self.away = False
        self.calls = self.at_once = self.at_once_max = 0

    async def ask(self):
        self.calls += 1
        self.at_once += 1
        self.at_once_max = max(self.at_once_max, self.at_once)
        try:
            await asyncio.sleep(self.takes_s)
        finally:
            self.at_once -= 1
        if self.away:
            raise LogUnavailable("away")
        return "answer"


def guarded(use, **config):
    """Run ``use(guard, engine, now)`` in virtual time."""

    async def main():
        clock = asyncio.get_running_loop().time
        guard = Guard("log", GuardConfig(**({"breaker": BREAKER} | config)), clock, Random(1))
        return await use(guard, Engine(), clock)

    return run(main())


async def outcome(awaitable):
    try:
        return await awaitable
    except LogUnavailable as error:
        return error


async def stall(guard, engine):
    """Call one at a time until the breaker opens."""
    engine.takes_s = 60.0
    while guard.state is not State.OPEN:
        await outcome(guard.once(engine.ask))


def test_an_answer_is_passed_on():
    async def use(guard, engine, now):
        assert await guard.once(engine.ask) == await guard.retried(engine.ask) == "answer"
        assert guard.status() | {"calls": 2, "failures": 0, "in_flight": 0, "state": "closed"} == guard.status()

    guarded(use)


def test_nobody_waits_longer_than_the_deadline_for_an_engine_that_stalls():
    async def use(guard, engine, now):
        engine.takes_s = 60.0
        answer = await outcome(guard.once(engine.ask))
        assert (now(), str(answer)) == (2.0, "log did not answer within 2 s")
        assert guard.bulkhead.in_flight == 1, "it is still under way"
        await asyncio.sleep(60.0)
        assert guard.bulkhead.in_flight == 0

    guarded(use)


def test_a_stalled_engine_is_left_alone_and_its_callers_are_refused_at_once():
    async def use(guard, engine, now):
        await stall(guard, engine)
        calls, since_s = engine.calls, now()
        refusals = [await outcome(guard.retried(engine.ask)) for _ in range(100)]
        assert (engine.calls, now()) == (calls, since_s)
        assert {type(each) for each in refusals} == {Refusal}
        assert unavailable(refusals[0]).retry_after_s == pytest.approx(1.0)

    guarded(use)


def test_it_recovers_by_itself_once_the_engine_answers():
    async def use(guard, engine, now):
        await stall(guard, engine)
        engine.takes_s = 0.01
        answers = []
        for _ in range(40):
            await asyncio.sleep(0.1)
            answers.append(await outcome(guard.once(engine.ask)))
        assert isinstance(answers[0], Refusal)
        assert answers[-1] == "answer"
        assert guard.state is State.CLOSED

    guarded(use)


def test_no_more_calls_reach_the_engine_than_there_are_places():
    async def use(guard, engine, now):
        answers = await asyncio.gather(*(outcome(guard.once(engine.ask)) for _ in range(10)))
        assert engine.at_once_max == 2
        assert answers[:7] == ["answer"] * 7
        assert [str(each) for each in answers[7:]] == ["log has 2 calls under way, and 5 wait"] * 3
        assert (guard.bulkhead.in_flight, guard.bulkhead.waiting) == (0, 0)

    guarded(use, bulkhead=BulkheadConfig(in_flight_max=2, waiting_max=5))


def test_late_calls_keep_their_places_so_that_they_cannot_pile_up():
    async def use(guard, engine, now):
        engine.takes_s = 60.0
        for _ in range(20):
            await outcome(guard.once(engine.ask))
        assert engine.at_once_max == 3
        assert now() < 60.0

    never = BreakerConfig(failures_min=1_000, calls_min=1_000)
    guarded(use, bulkhead=BulkheadConfig(in_flight_max=3, waiting_max=0), breaker=never)


def test_one_who_waits_for_a_place_waits_no_longer_than_the_deadline():
    async def use(guard, engine, now):
        engine.takes_s = 60.0
        answers = await asyncio.gather(*(outcome(guard.once(engine.ask)) for _ in range(2)))
        assert now() == 2.0
        assert str(answers[1]) == "log had no place within 2 s"
        assert engine.calls == 1
        assert guard.bulkhead.waiting == 0

    guarded(use, bulkhead=BulkheadConfig(in_flight_max=1, waiting_max=1))


@pytest.mark.parametrize("waits", [False, True])
def test_a_caller_who_goes_away_leaves_his_place(waits):
    async def use(guard, engine, now):
        tasks = [asyncio.ensure_future(guard.once(engine.ask)) for _ in range(2)]
        await asyncio.sleep(0.001)
        tasks[waits].cancel()
        await asyncio.wait(tasks)
        assert tasks[not waits].result() == "answer"
        assert (guard.bulkhead.in_flight, guard.bulkhead.waiting) == (0, 0)
        assert guard.breaker.counts(now()) == (1, 0), "it was no failure of the engine's"

    guarded(use, bulkhead=BulkheadConfig(in_flight_max=1, waiting_max=1))


def test_a_read_that_fails_is_tried_again():
    async def use(guard, engine, now):
        engine.away = True
        asyncio.get_running_loop().call_later(0.005, setattr, engine, "takes_s", 0.0)
        reading = asyncio.ensure_future(guard.retried(engine.ask))
        await asyncio.sleep(0.0101)
        engine.away = False
        assert await reading == "answer"
        assert engine.calls == 2

    guarded(use)


def test_a_storm_of_failing_reads_is_not_multiplied():
    async def use(guard, engine, now):
        engine.away = True
        await asyncio.gather(*(outcome(guard.retried(engine.ask)) for _ in range(200)))
        assert engine.calls <= 200 + 0.1 * 200 + 10 + 2

    never = BreakerConfig(failures_min=1_000, calls_min=10_000)
    guarded(use, breaker=never, bulkhead=BulkheadConfig(in_flight_max=500, waiting_max=0), budget=RetryBudgetConfig())


def test_what_an_engine_says_of_a_request_is_no_failure_of_the_engine():
    async def use(guard, engine, now):
        async def ask():
            raise KeyError("no such thing")

        for _ in range(BREAKER.calls_min * 2):
            with pytest.raises(KeyError):
                await guard.retried(ask)
        assert guard.breaker.counts(now()) == (BREAKER.calls_min * 2, 0)

    guarded(use)


def test_a_change_of_the_breaker_is_said_once_and_a_late_failure_is_told(caplog):
    async def use(guard, engine, now):
        engine.away = True
        await stall(guard, engine)
        for _ in range(10):
            await outcome(guard.once(engine.ask))
        await asyncio.sleep(70.0)

    with caplog.at_level(logging.INFO):
        guarded(use)
    changes = [(each.dependency, each.was, each.now) for each in caplog.records if each.message == "breaker"]
    assert changes == [("log", "closed", "open")]
    assert [each.error for each in caplog.records if each.message == "late"] == ["away"] * 3


def test_the_breaker_is_a_load_that_only_hints_are_spared_for():
    async def use(guard, engine, now):
        assert guard.signal() == Signal(0.0, Rung.NO_HINTS)
        await stall(guard, engine)
        assert guard.signal() == Signal(1.0, Rung.NO_HINTS)
        await asyncio.sleep(60.0)
        assert guard.signal() == Signal(0.0, Rung.NO_HINTS), "it is not held where nobody calls"

    guarded(use)


def test_a_failure_that_is_no_refusal_names_the_usual_time():
    assert unavailable(LogUnavailable("locked")).retry_after_s == RETRY_AFTER_S
