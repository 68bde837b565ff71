"""Judges one answer in a process of its own: ``python -m simulation.course.judge EXERCISE FILE CPU_S WALL_S [--live]``.

Each thing it finds is a line of JSON on its standard output; what the answer itself prints goes to standard error. Time
and memory are bounded, so that an endless loop ends here, with the line it was at. It is no prison: the answer is the
learner's own code on the learner's own machine.
"""

import asyncio
import errno
import faulthandler
import io
import json
import os
import resource
import signal
import sys
import threading
import traceback
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

from simulation.course import exercises
from simulation.course.answers import AnswerError, load
from simulation.course.catalogue import exercise as named
from simulation.course.exercise import Exercise, Misconception

COURSE = Path(__file__).parent
MEMORY_BYTES = 4 * 2**30  # of addresses, of which numpy alone takes more than one
FILE_BYTES = 64 * 2**20
TOLD_MAX = 4_000  # characters of a finding, in which an answer's own values may be


def main(name: str, file: str, cpu_s: int, wall_s: float, live: bool) -> None:
    """After ``cpu_s`` of CPU time, or ``wall_s`` by the clock, the line it is at is told, and it ends."""
    exercise = named(name)
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    bound(cpu_s)
    _end_with_the_caller()
    faulthandler.dump_traceback_later(wall_s, exit=not live)  # a live run is told to end what it has started
    own = os.getpid()

    def tell(**row: str) -> None:
        if os.getpid() != own:  # of a fork, whose verdict nobody has asked for
            os._exit(1)
        out.write(json.dumps({what: _short(text) for what, text in row.items()}) + "\n")
        out.flush()

    path = Path(file).resolve()
    try:
        with _first_of_many():
            _judge(exercise, path, live, tell)
    except NotImplementedError as error:
        tell(left=f"a part is left to be written: {in_words(error, path)}")
    except AnswerError as error:
        tell(unusable=str(error))
    except Misconception as error:
        tell(wrong=str(error))
    except (Exception, SystemExit, KeyboardInterrupt, asyncio.CancelledError) as error:
        tell(crash=in_words(error, path))
    with suppress(OSError):  # it has printed too much
        sys.stdout.flush()
    os._exit(0)  # whatever threads it has left


def _end_with_the_caller() -> None:
    """Whoever wants the verdict holds the other end of standard input; when that is gone nobody wants it any more."""
    sys.stdin = io.StringIO()  # nothing is there for the answer to read

    def wait() -> None:
        while os.read(0, 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


@contextmanager
def _first_of_many() -> Iterator[None]:
    """Of what a task group tells together the first."""
    try:
        yield
    except BaseExceptionGroup as group:
        first: BaseException = group
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from None


def _short(text: str) -> str:
    """With both ends of one that is too long, and nothing that cannot be written to a terminal."""
    half = TOLD_MAX // 2
    kept = text if len(text) <= TOLD_MAX else f"{text[:half]} […] {text[-half:]}"
    return kept.encode(errors="replace").decode()


def _judge(exercise: Exercise, path: Path, live: bool, tell: Any) -> None:
    answer = load(exercise, path)
    if live:
        from simulation.course.live import Stage  # the engines take a second to import
        from simulation.engines.processes import ProcessError

        tell(begins="once in the real server")
        try:
            tell(passed=asyncio.run(_until_terminated(exercise.live(answer, Stage(exercise, path)))))
        except ProcessError as error:
            tell(crash=f"the real server did not start, or ended, with your answer inside:\n{error}")
        return
    for check in exercise.checks:
        tell(begins=check.says)
        tell(passed=check.passes(answer))
    if f"{exercises.__name__}.{exercise.name}.solution" in sys.modules:
        raise AnswerError("it imports the solution, of which nobody has asked whether it passes: write your own")


async def _until_terminated(run: Awaitable[str]) -> str:
    """SIGTERM ends the run with every process it has started, and then this one."""
    loop, task, told = asyncio.get_running_loop(), asyncio.current_task(), asyncio.Event()
    assert task is not None

    def end() -> None:
        told.set()
        task.cancel()

    loop.add_signal_handler(signal.SIGTERM, end)
    try:
        return await run
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
        if told.is_set():
            os.kill(os.getpid(), signal.SIGTERM)


def bound(cpu_s: int, complaints: TextIO = sys.stderr) -> None:
    """Let this process have so much and no more; SIGXCPU writes down where it is."""
    faulthandler.register(signal.SIGXCPU, file=complaints, all_threads=False)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))


def in_words(error: BaseException, path: Path) -> str:
    """An exception with the line of the answer that it went through last; SimPy wraps what a process of it raises.

    If it went through none, a check could not use what the answer has or said: another name, another number of
    arguments, None where a list is due.
    """
    frames = [frame for each in (error.__cause__, error) if each for frame in traceback.extract_tb(each.__traceback__)]
    mine = [frame for frame in frames if frame.filename == str(path)]
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, OSError) and error.errno == errno.EFBIG:
        what = f"it has printed or written more than {FILE_BYTES >> 20} MiB"
    if mine:
        return f"{what}, at line {mine[-1].lineno}, in {mine[-1].name}: {mine[-1].line}"
    deepest = traceback.extract_tb((error.__cause__ or error).__traceback__)
    here = [frame.line for frame in deepest if frame.filename.startswith(str(COURSE))] or ["?"]
    return (
        f"{what}. No line of yours raised it: the check could not use what your code has, or what it answered. Compare "
        f"names, arguments and answers with the stub's. It was here: {here[-1]}"
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), "--live" in sys.argv[5:])
