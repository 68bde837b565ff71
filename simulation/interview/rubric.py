"""What an interviewer listens for: areas with weights, signs of a strong and a weak answer, and what a level asks for.

A machine cannot judge a talk. It finds words that stand for a point, says which points it found, and the candidate may
claim one that was made in other words; the sheet tells one from the other. The areas and levels are data: rubric.toml.
"""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self


@dataclass(frozen=True)
class Point:
    """Something that a strong answer says, and the words that show that it was said (a regular expression).

    ``study`` is the lesson about it.
    """

    says: str
    words: str
    study: str

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(rf"\b(?:{self.words})", re.IGNORECASE)

    def made_in(self, text: str) -> bool:
        return bool(self._pattern.search(text))


def points(rows: Sequence[dict[str, str]], study: str) -> tuple[Point, ...]:
    """``study`` is the lesson about those that name no other."""
    return tuple(Point(**{"study": study} | row) for row in rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """``box``: when it is talked about; ``weight`` is of a hundred; ``deep``: it is judged by depth."""

    name: str
    box: str
    title: str
    weight: int
    deep: bool
    points: Sequence[Point]
    weak: Sequence[Point]

    @classmethod
    def read(cls, row: dict[str, Any]) -> Self:
        study, weak = row["study"], row.get("weak", [])
        kept = {key: value for key, value in row.items() if key != "study"}
        return cls(**kept | {"points": points(row["points"], study), "weak": points(weak, study)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """``breadth`` is its share of the score; ``enough``: the share of an area's points that makes a strong answer.

    With ``hints`` they are given before, and what is missed is told at once; else on the sheet.
    """

    name: str
    breadth: float
    enough: float
    follow_ups: int
    hints: bool
    expects: str


_RUBRIC = tomllib.loads((Path(__file__).parent / "rubric.toml").read_text())
AREAS = {row["name"]: Area.read(row) for row in _RUBRIC["area"]}
LEVELS = {row["name"]: Level(**row) for row in _RUBRIC["level"]}
