"""The follow-up questions (questions.toml), and which of them are drawn for a seed and a level."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from simulation.interview.rubric import LEVELS, Point, points

HARDER = list(LEVELS)  # from the easiest


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """``level``: the lowest at which it is asked; ``area``: where its score counts; ``study``: the lesson about it."""

    name: str
    asks: str
    area: str
    level: str
    points: Sequence[Point]
    study: str


_QUESTIONS = tomllib.loads((Path(__file__).parent / "questions.toml").read_text())
FOLLOW_UPS = tuple(FollowUp(**row | {"points": points(row["points"])}) for row in _QUESTIONS["follow_up"])


def drawn(level: str, seed: int) -> list[FollowUp]:
    """As many as the level is asked, all but one of its own, the last an easier one; the same for a seed."""
    count = LEVELS[level].follow_ups
    own = [each for each in FOLLOW_UPS if each.level == level]
    easier = [each for each in FOLLOW_UPS if HARDER.index(each.level) < HARDER.index(level)]
    random = Random(f"{seed} {level}")
    first = random.sample(own, min(len(own), count - 1 if easier else count))
    return first + random.sample(easier, count - len(first))
