"""Has an answer judged by a process of its own, and makes a verdict of what that says or of how it ends."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from simulation.course.exercise import Exercise

ROOT = Path(__file__).parents[2]
STOP_S = 20.0
PRINTED_MAX = 2_000  # characters of what the answer itself has printed

_SLEPT = "Timeout (0:"  # what the fault handler begins with then
_FAULT = re.compile(r"^(?:Timeout \(0:|Current thread 0x|Thread 0x|Fatal Python error)", re.MULTILINE)
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
    """What becomes of the answer in ``path``; nothing that it does ends this process."""
    bounds = bounds or (IN_SERVER if live else Bounds())
    arguments = [exercise.name, str(path), str(bounds.cpu_s), str(bounds.wall_s), *(["--live"] if live else [])]
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as complained:
        process = subprocess.Popen(
            [sys.executable, "-m", "simulation.course.judge", *arguments],
            stdout=said, stderr=complained, env=_environment(), start_new_session=True,
        )  # fmt: skip
        try:
            process.wait(bounds.wall_s + STOP_S)
        except subprocess.TimeoutExpired:
            pass
        finally:
            _end(process)
        said.seek(0)
        complained.seek(0, os.SEEK_END)
        complained.seek(max(0, complained.tell() - 64 * 1024))
        rows = [json.loads(line) for line in said if line.endswith("\n")]
        return verdict(exercise, path, rows, complained.read(), process.returncode)


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
    if state is State.UNBEGUN:
        why = f"{path} is as it was given: fill it in first"
    elif not why and status == 0 and not failed and passed:
        return Verdict(exercise.name, State.PASSED, passed, printed=printed)
    elif not why:
        state, why = _broken_off(path, complained, status)
    return Verdict(exercise.name, state, passed, failed, why, printed)


_STATES = {"wrong": State.WRONG, "crash": State.CRASHED, "unusable": State.UNUSABLE, "unbegun": State.UNBEGUN}


def _broken_off(path: Path, complained: str, status: int) -> tuple[State, str]:
    mine = [match for match in _FRAME.finditer(complained) if Path(match[1]) == path.resolve()]
    where = f" It was at line {mine[0][2]}, in {mine[0][3]}." if mine else ""
    if status in (-signal.SIGKILL, -signal.SIGXCPU, -signal.SIGTERM) or _SLEPT in complained:
        return State.ENDLESS, (
            f"it did not end, and was stopped.{where} "
            "A loop that never ends? Its condition must change in its body. And a policy never waits: it answers, and "
            "says when it wants to be asked again."
        )
    return State.CRASHED, f"its process ended with status {status}.{where}\n{complained.strip()[-500:]}"


def _own(complained: str) -> str:
    """What the answer printed, without what the fault handler wrote."""
    return _FAULT.split(complained)[0].strip()[-PRINTED_MAX:]


def _end(process: "subprocess.Popen[bytes]") -> None:
    """It ends what it has started, if it is asked to and still can."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


def _environment() -> dict[str, str]:
    search = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return os.environ | {"PYTHONPATH": search, "OPENBLAS_NUM_THREADS": "1", "PYTHONFAULTHANDLER": "1"}
