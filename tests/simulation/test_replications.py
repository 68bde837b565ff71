"""Calls on all cores that are left early: workers end at once, whatever they do, and nothing is said of it."""

import asyncio
import threading
import time

import joblib
import pytest
from joblib.externals.loky import get_reusable_executor
from joblib.externals.loky.process_executor import ProcessPoolExecutor, ShutdownExecutorError, _ExecutorManagerThread

from simulation import replications
from simulation.replications import as_they_end, in_parallel

LONG_S = 3600.0
TWO_CORES = pytest.mark.skipif(joblib.cpu_count() < 2, reason="needs two cores: on one there are no workers to end")
MOMENT_S = 1.0  # by which workers have started, or not; either way they are to end


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[threading.ExceptHookArgs]:
    """What has been told of threads that failed."""
    failures: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", failures.append)
    return failures


def test_results_are_in_the_order_of_the_calls() -> None:
    assert asyncio.run(in_parallel(divmod, [(number, 3) for number in range(7)])) == [divmod(n, 3) for n in range(7)]


@TWO_CORES
@pytest.mark.parametrize("after_s", [0.0, MOMENT_S])
def test_who_is_cancelled_does_not_wait_for_a_call_that_takes_long(after_s: float) -> None:
    async def begin_and_leave() -> None:
        work = asyncio.create_task(in_parallel(time.sleep, [(LONG_S,)] * 4))
        await asyncio.sleep(after_s)
        work.cancel()
        await work

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(begin_and_leave())


@TWO_CORES
def test_who_leaves_early_has_what_is_done_and_does_not_wait_for_the_rest() -> None:
    async def first() -> float | None:
        results = as_they_end(time.sleep, [(0.0,), (LONG_S,), (LONG_S,)])
        try:
            async for result in results:
                return result
            return LONG_S
        finally:
            await results.aclose()

    assert asyncio.run(first()) is None


def test_nothing_is_said_of_a_call_that_comes_in_while_workers_are_ended(
    said: list[threading.ExceptHookArgs], monkeypatch: pytest.MonkeyPatch
) -> None:
    end = _ExecutorManagerThread.flag_executor_shutting_down

    def end_with_one_more(manager: _ExecutorManagerThread) -> None:
        end(manager)
        manager.work_ids_queue.put(-1)

    monkeypatch.setattr(_ExecutorManagerThread, "flag_executor_shutting_down", end_with_one_more)
    working = get_reusable_executor(max_workers=1).submit(time.sleep, LONG_S)
    replications._end_workers()
    assert isinstance(working.exception(), ShutdownExecutorError)
    assert not said


def test_what_else_befalls_a_thread_is_said(
    said: list[threading.ExceptHookArgs], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail_meanwhile(**_: object) -> ProcessPoolExecutor:
        failing = threading.Thread(target={}.pop, args=("nothing",))
        failing.start()
        failing.join()
        return get_reusable_executor()

    monkeypatch.setattr(replications, "get_reusable_executor", fail_meanwhile)
    replications._end_workers()
    assert [type(failure.exc_value) for failure in said] == [KeyError]
