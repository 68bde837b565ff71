"""What an interviewer listens for: areas with weights, signs of a strong and a weak answer, and what a level asks for.

A machine cannot judge a talk. It finds words that stand for a point, says which points it found, and the candidate may
claim one that was made in other words. The areas and levels are data: rubric.toml.
"""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

ESTIMATES_WEIGHT = 15  # the one area that is no talk


@dataclass(frozen=True)
class Point:
    """Something that a strong answer says, and the words that show that it was said (a regular expression)."""

    says: str
    words: str

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(rf"\b(?:{self.words})", re.IGNORECASE)

    def made_in(self, text: str) -> bool:
        return bool(self._pattern.search(text))


def points(rows: Sequence[dict[str, str]]) -> tuple[Point, ...]:
    return tuple(Point(**row) for row in rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """``weight`` is of a hundred; ``deep``: it is judged by depth; ``study``: lessons to go back to."""

    name: str
    title: str
    weight: int
    deep: bool
    points: Sequence[Point]
    weak: Sequence[Point]
    study: Sequence[str]

    @classmethod
    def read(cls, row: dict[str, Any]) -> Self:
        return cls(**row | {"points": points(row["points"]), "weak": points(row.get("weak", []))})


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """``breadth`` is its share of the score; ``hints`` are given before the candidate begins."""

    name: str
    breadth: float
    follow_ups: int
    hints: bool
    expects: str


_RUBRIC = tomllib.loads((Path(__file__).parent / "rubric.toml").read_text())
AREAS = {row["name"]: Area.read(row) for row in _RUBRIC["area"]}
LEVELS = {row["name"]: Level(**row) for row in _RUBRIC["level"]}
