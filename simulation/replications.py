"""Independent replications of a simulation, on as many cores as there are, and the digest that they all give.

A replication draws from streams that have names (arrivals, services, readers, faults), each seeded by the path to it.
So its figures depend on nothing but seed, scenario and number, whichever worker runs it; and two policies that are
compared under one scenario meet the same arrivals (common random numbers; Law, "Simulation Modeling and Analysis",
5th edition, section 11.2).
"""

import asyncio
import json
import logging
import signal
import threading
import warnings
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass
from hashlib import blake2b
from multiprocessing import resource_tracker
from random import Random
from typing import Any, TypeVar, cast

import numpy as np
from joblib import Parallel, delayed, parallel_config
from joblib.externals.loky import get_reusable_executor
from joblib.externals.loky.process_executor import ShutdownExecutorError, _ExecutorManagerThread
from rich.console import Console
from rich.progress import track

from simulation.engines.processes import on_all_cores
from simulation.statistics import seed_sequence

T = TypeVar("T")
Backend = Mapping[str, Any]
ALL_CORES: Backend = {"backend": "loky"}  # of this machine
END = object()


@dataclass(frozen=True, slots=True)
class Streams:
    """The streams of random numbers of one replication."""

    seed: int
    scenario: str
    replication: int

    def numbers(self, stream: str) -> np.random.Generator:
        """A stream for many numbers at once."""
        return np.random.default_rng(seed_sequence(self.seed, self.scenario, self.replication, stream))

    def random(self, stream: str) -> Random:
        """A stream for the policies, which take the standard library's."""
        words = seed_sequence(self.seed, self.scenario, self.replication, stream).generate_state(4)
        return Random(int.from_bytes(words.tobytes(), "little"))


def replicate(
    simulate: Callable[[Streams], T],
    count: int,
    *,
    workers: int = 1,
    seed: int = 1,
    scenario: str = "",
    console: Console | None = None,
) -> list[T]:
    """Run replications 0 to ``count`` - 1 in ``workers`` processes; results are in that order.

    ``simulate`` must be picklable. With a ``console`` that is a terminal a bar shows how far it is.
    """
    if count < 1 or workers < 1:
        raise ValueError(f"count and workers must be >= 1, got {count} and {workers}")
    numbers: Iterable[int] = range(count)
    if console is not None and console.is_terminal:
        numbers = track(numbers, "Replications", total=count, console=console, transient=True)

    async def run() -> list[T]:
        calls = ((Streams(seed, scenario, number),) for number in range(count))
        async with aclosing(as_they_end(simulate, calls, {**ALL_CORES, "n_jobs": workers})) as results:
            return [await anext(results) for _ in numbers]

    return asyncio.run(run())


async def in_parallel(function: Callable[..., T], calls: Sequence[tuple[Any, ...]]) -> list[T]:
    """Call a picklable function once for each tuple of arguments, on all cores and away from the event loop."""
    async with aclosing(as_they_end(function, calls)) as results:
        return [result async for result in results]


async def as_they_end(
    function: Callable[..., T], calls: Iterable[tuple[Any, ...]], backend: Backend = ALL_CORES
) -> AsyncGenerator[T, None]:
    """The same, each result as soon as it and those before it are there; one who leaves early ends what is under way.

    ``backend`` is what `joblib.parallel_config` takes; there is a worker for each core unless it says otherwise.
    """
    # One alone, since joblib wants to be left where it began.
    thread = ThreadPoolExecutor(1, initializer=spare_workers)
    dispatched = threading.Event()
    results = _results(function, calls, backend, dispatched)
    try:
        while (result := await asyncio.wrap_future(asked := thread.submit(next, results, END))) is not END:
            yield cast(T, result)
    except (asyncio.CancelledError, GeneratorExit):
        if not asked.cancelled():  # else nobody has been asked
            dispatched.wait()  # There would be nobody to end yet.
        # Or the thread would wait for a result first.
        if "client" in backend:
            await asyncio.to_thread(_give_up, backend["client"])
        else:
            _end_workers()
        raise
    finally:
        thread.submit(_close, results)
        await asyncio.to_thread(thread.shutdown)


def _end_workers() -> None:
    """Now, whatever they do; and what joblib and loky say of calls that come in meanwhile is not worth telling."""
    logging.getLogger("concurrent.futures").addFilter(_tells_more_than_the_end)
    tell = threading.excepthook
    threading.excepthook = lambda failure: None if _is_of_the_end(failure) else tell(failure)
    try:
        get_reusable_executor(reuse=True).shutdown(kill_workers=True)
    finally:
        threading.excepthook = tell


def _give_up(client: Any) -> None:
    """What a Dask client waits for."""
    from distributed import Future  # an extra of its own

    client.cancel([Future(key, client) for key in list(client.futures)])


def _is_of_the_end(failure: threading.ExceptHookArgs) -> bool:
    """Loky's thread looks for a call that it has just given up; all workers have been ended before."""
    return type(failure.exc_value) is KeyError and type(failure.thread) is _ExecutorManagerThread


def _tells_more_than_the_end(record: logging.LogRecord) -> bool:
    """Joblib begins the next call when one is done, which may be after the workers have been ended."""
    return not (record.exc_info and isinstance(record.exc_info[1], ShutdownExecutorError))


def spare_workers() -> None:
    """Ctrl-C reaches all processes of a terminal: those that this thread starts from now on leave it to this one."""
    if hasattr(signal, "pthread_sigmask"):
        resource_tracker.ensure_running()  # which unblocks it for those that are started after that one
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _results(
    function: Callable[..., T], calls: Iterable[tuple[Any, ...]], backend: Backend, dispatched: threading.Event
) -> Generator[T, None, None]:
    with on_all_cores() as cores, parallel_config(**{"n_jobs": cores, **backend}):
        work = (delayed(function)(*arguments) for arguments in calls)
        try:
            results: Iterable[T] = Parallel(return_as="generator")(work)
        finally:
            dispatched.set()
        yield from results


def _close(results: Generator[T, None, None]) -> None:
    with warnings.catch_warnings(action="ignore"):  # joblib's, that there was more to do
        results.close()


def digest(figures: Sequence[Any]) -> str:
    """BLAKE2b over figures that JSON can hold, floats to their last bit."""
    text = json.dumps(figures, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return blake2b(text.encode(), digest_size=16).hexdigest()
