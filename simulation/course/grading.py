"""Has an answer judged by a process of its own, and makes a verdict of what that says or of how it ends."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from simulation.course.exercise import Exercise

ROOT = Path(__file__).parents[2]
STOP_S = 20.0
ROUNDS_MAX = 200  # of ending what is left, while there is more and more of it
PRINTED_MAX, PRINTED_LINES = 2_000, 20  # of what the answer itself has printed: characters, and lines
COMPLAINED_BYTES = 64 * 1024  # from the end
MARK = "LIVECOMMENTS_JUDGING"  # in the environment of all that a judging starts, by which it is found again

_SLEPT = "Timeout (0:"  # what the fault handler begins with then
_FAULT = re.compile(
    r"^(?:Timeout \(0:|Current thread 0x|Thread 0x|Fatal Python error|Stack \(most recent)", re.MULTILINE
)
_FRAME = re.compile(r'File "(.+?)", line (\d+) in (\w+)')


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of one judging: of CPU time, and by the clock, since one that sleeps uses none."""

    cpu_s: int = 10
    wall_s: float = 60.0


IN_SERVER = Bounds(60, 180.0)


class State(Enum):
    PASSED = "passed"
    WRONG = "wrong"
    CRASHED = "crashed"
    ENDLESS = "endless"
    UNUSABLE = "unusable"
    UNFINISHED = "not finished"
    UNBEGUN = "not begun"


@dataclass(frozen=True, slots=True)
class Passed:
    says: str
    figure: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """``failed`` is the check that it ended at, ``why`` what is wrong and which idea leads there; "" if it passed."""

    exercise: str
    state: State
    passed: list[Passed] = field(default_factory=list)
    failed: str = ""
    why: str = ""
    printed: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"state": self.state.value}


def judged(exercise: Exercise, path: Path, *, live: bool = False, bounds: Bounds | None = None) -> Verdict:
    """What becomes of the answer in ``path``; nothing that it does ends this process, or outlives the judging."""
    bounds = bounds or (IN_SERVER if live else Bounds())
    arguments = [exercise.name, str(path), str(bounds.cpu_s), str(bounds.wall_s), *(["--live"] if live else [])]
    with (
        tempfile.TemporaryFile() as said,
        tempfile.TemporaryFile() as complained,
        tempfile.TemporaryDirectory(prefix="livecomments-check-", ignore_cleanup_errors=True) as folder,
    ):
        process = subprocess.Popen(
            [sys.executable, "-m", "simulation.course.judge", *arguments],
            stdin=subprocess.PIPE, stdout=said, stderr=complained, env=_environment(folder), start_new_session=True,
        )  # fmt: skip
        try:
            process.wait(bounds.wall_s + STOP_S)
        except subprocess.TimeoutExpired:
            pass
        finally:
            _end(process)
            _end_what_is_left(folder)
        said.seek(0)
        complained.seek(max(0, complained.seek(0, os.SEEK_END) - COMPLAINED_BYTES))
        rows = [json.loads(line) for line in said if line.endswith(b"\n")]
        return verdict(exercise, path, rows, complained.read().decode(errors="replace"), process.returncode)


def verdict(exercise: Exercise, path: Path, rows: list[dict[str, Any]], complained: str, status: int) -> Verdict:
    """What the judge's lines mean, and where they break off what its end means."""
    passed, failed = [], ""
    state, why = State.CRASHED, ""
    for row in rows:
        if "begins" in row:
            failed = row["begins"]
        elif "passed" in row:
            passed.append(Passed(failed, row["passed"]))
            failed = ""
        else:
            ((kind, why),) = row.items()
            state = _STATES[kind]
    printed = _own(complained)
    if state is State.UNFINISHED and not passed and _as_given(exercise, path):
        state, failed, why = State.UNBEGUN, "", f"{path} is as it was given: fill it in first"
    elif not why and status == 0 and not failed and passed:
        return Verdict(exercise.name, State.PASSED, passed, printed=printed)
    elif not why:
        state, why = _broken_off(path, complained, status)
    return Verdict(exercise.name, state, passed, failed, why, printed)


_STATES = {"wrong": State.WRONG, "crash": State.CRASHED, "unusable": State.UNUSABLE, "left": State.UNFINISHED}


def _as_given(exercise: Exercise, path: Path) -> bool:
    return path.read_text(encoding="utf-8", errors="replace").split() == exercise.stub.split()


def _broken_off(path: Path, complained: str, status: int) -> tuple[State, str]:
    mine = [match for match in _FRAME.finditer(complained) if Path(match[1]) == path.resolve()]
    where = f" It was at line {mine[0][2]}, in {mine[0][3]}." if mine else ""
    if status in (-signal.SIGKILL, -signal.SIGXCPU, -signal.SIGTERM) or _SLEPT in complained:
        return State.ENDLESS, (
            f"it did not end, and was stopped.{where} "
            "A loop that never ends? Its condition must change in its body. And a policy never waits: it answers, and "
            "says when it wants to be asked again."
        )
    return State.CRASHED, f"its process ended with status {status}.{where}\n{complained.strip()[-500:]}".strip()


def _own(complained: str) -> str:
    """The last lines that the answer printed, without what the fault handler wrote."""
    printed = _FAULT.split(complained)[0].strip()
    lines = printed.splitlines()[-PRINTED_LINES:]
    while len(lines) > 1 and sum(map(len, lines)) > PRINTED_MAX:
        del lines[0]
    last = "\n".join(lines)[-PRINTED_MAX:]
    return last if last == printed else f"[…]\n{last}"


def _end(process: "subprocess.Popen[bytes]") -> None:
    """It ends what it has started, if it is asked to and still can."""
    try:
        if process.poll() is None:
            process.terminate()
            process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        pass
    finally:  # whoever presses Ctrl-C again does not want to wait
        process.kill()
        process.wait()
        assert process.stdin is not None
        process.stdin.close()


def _end_what_is_left(folder: str) -> None:
    """Processes that an answer has left behind, and servers of a judge that could not end them any more."""
    for _ in range(ROUNDS_MAX):
        if not (left := list(_marked(folder))):
            return
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _marked(folder: str) -> Iterator[int]:
    """Living ones, of this judging; none where the system does not tell."""
    mark = f"{MARK}={folder}\0".encode()
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (place / "environ").read_bytes():
                yield int(place.name)


def _environment(folder: str) -> dict[str, str]:
    """What is written for a time only goes into ``folder``."""
    search = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    own = {"PYTHONPATH": search, "OPENBLAS_NUM_THREADS": "1", "PYTHONFAULTHANDLER": "1"}
    return os.environ | own | {MARK: folder, "TMPDIR": folder}
