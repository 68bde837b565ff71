"""What an exercise is: a file to be filled in, checks that judge it in virtual time, a run of it in the real server.

A check that fails says which wrong idea leads there, not only that something is wrong.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy

if TYPE_CHECKING:
    from simulation.course.live import Stage

Case = TypeVar("Case")


class Misconception(Exception):  # noqa: N818  # it is a finding about an answer, and not a failure of the program
    """The answer is wrong in a way that has a name; the message says what was seen and which idea leads there."""


@dataclass(frozen=True, slots=True)
class Check:
    """One demand. ``passes`` answers a figure worth showing ("" if there is none) or raises `Misconception`."""

    says: str  # the demand as the learner reads it
    passes: Callable[[ModuleType], str]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the answer stands in for a part of the server: ``name`` in ``module`` becomes what ``adapt`` makes of it.

    ``adapt`` dresses the learner's small class up as the part that it replaces, with all that the callers ask of that.
    """

    module: str
    name: str
    adapt: Callable[[ModuleType], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exercise:
    """``wants`` are the names that an answer must define; ``places`` are in the server (``live`` runs it there).

    ``stub.py`` and ``solution.py`` stand beside the module that makes the exercise.
    """

    lesson: str
    place: int  # in the lesson, from 1
    name: str
    title: str
    kind: str  # "policy", "protocol" or "estimate"
    wants: Sequence[str]
    checks: Sequence[Check]
    places: Sequence[Place] = ()
    live: "Callable[[ModuleType, Stage], Awaitable[str]]"  # one run in the real server: a figure, or Misconception

    @property
    def folder(self) -> Path:
        return Path(__file__).parent / "exercises" / self.name

    @property
    def stub(self) -> str:
        return (self.folder / "stub.py").read_text(encoding="utf-8")

    @property
    def solution(self) -> str:
        return (self.folder / "solution.py").read_text(encoding="utf-8")

    @property
    def file_name(self) -> str:
        """Of the learner's answer."""
        return f"{self.lesson}_{self.name}.py"


def every(cases: SearchStrategy[Case], holds: Callable[[Case], None], examples: int = 200) -> str:
    """Try that many cases; what fails is told by the smallest that does. The same ones every time."""
    property_ = given(cases)(holds)
    settings(
        max_examples=examples, derandomize=True, database=None, deadline=None, report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )(property_)()  # fmt: skip
    return f"{examples} cases"
