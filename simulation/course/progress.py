"""How far a learner is: attempts and what has passed, in a file beside the answers."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from simulation.course.answers import AnswerError
from simulation.course.grading import State, Verdict

NAME = "progress.json"


@dataclass(slots=True)
class Record:
    """Of one exercise. A judging counts as an attempt unless the file is as it was given."""

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
        """Count a judging, and keep it: written beside the old file and put in its place, so that no end tears it."""
        if verdict.state is State.UNBEGUN:
            return
        record = self._records.setdefault(verdict.exercise, Record())
        record.attempts += 1
        if verdict.state is State.PASSED:
            record.live |= live
            record.passed = True
        beside = self._path.with_suffix(".new")
        try:
            beside.write_text(json.dumps({name: asdict(each) for name, each in self._records.items()}, indent=1) + "\n")
            os.replace(beside, self._path)
        except OSError as error:
            raise AnswerError(f"cannot write {self._path}: {error.strerror}") from error


def _read(path: Path) -> dict[str, Record]:
    try:
        return {name: Record(**each) for name, each in json.loads(path.read_text()).items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise AnswerError(
            f"cannot read {path}, which this command has written: {error}; take it away to begin anew"
        ) from error
