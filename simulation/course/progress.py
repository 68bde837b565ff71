"""How far a learner is: attempts and what has passed, in a file beside the answers."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from simulation.course.answers import AnswerError
from simulation.course.grading import State, Verdict

NAME = "progress.json"
NO_ATTEMPT = (State.UNBEGUN, State.UNFINISHED, State.UNUSABLE)  # no check has had an answer from it


@dataclass(slots=True)
class Record:
    """Of one exercise. What could not be judged is no attempt; what has passed has, whatever is made of it later."""

    attempts: int = 0
    passed: bool = False
    live: bool = False  # it has run once in the real server

    @property
    def in_words(self) -> str:
        if self.passed:
            return "passed, and live" if self.live else "passed"
        return f"tried {self.attempts} times" if self.attempts > 1 else "tried once" if self.attempts else "not begun"


class Progress:
    """What is known of the answers in a folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._records = _read(self._path)

    def of(self, exercise: str) -> Record:
        return self._records.get(exercise, Record())

    def note(self, verdict: Verdict, *, live: bool) -> None:
        """Count a judging, and keep it, beside what others have noted meanwhile."""
        if verdict.state in NO_ATTEMPT:
            return
        try:
            with self._alone():
                self._records = _read(self._path)
                record = self._records.setdefault(verdict.exercise, Record())
                record.attempts += 1
                record.passed |= verdict.state is State.PASSED
                record.live |= live and verdict.state is State.PASSED
                self._write()
        except OSError as error:
            raise AnswerError(f"cannot write {self._path}: {error.strerror}") from error

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Two may check at the same time: the folder is locked, which leaves nothing behind however it ends."""
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def _write(self) -> None:
        """Beside the old file and put in its place, so that no end tears it."""
        beside = self._path.with_suffix(".new")
        beside.write_text(json.dumps({name: asdict(each) for name, each in self._records.items()}, indent=1) + "\n")
        os.replace(beside, self._path)


def _read(path: Path) -> dict[str, Record]:
    try:
        return {name: _record(**each) for name, each in json.loads(path.read_text(encoding="utf-8")).items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise AnswerError(
            f"cannot read {path}, which this command has written: {error}; take it away to begin anew"
        ) from error


def _record(attempts: int, passed: bool, live: bool) -> Record:
    if [type(attempts), type(passed), type(live)] != [int, bool, bool]:
        raise TypeError("a record is a number of attempts, and whether it has passed and been live")
    return Record(attempts, passed, live)
