"""The follow-up questions (questions.toml), and which of them are drawn for a level, a seed and a design."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from simulation.interview.rubric import LEVELS, Point, points

HARDER = list(LEVELS)  # from the easiest
CALLED = {
    "poll_1s": "polling", "poll_2s": "polling", "poll_5s": "polling", "long_poll": "long polling", "sse": "SSE",
    "websocket": "WebSocket",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """``level``: the lowest at which it is asked; ``area``: where its score counts; ``study``: the lesson about it.

    ``about``: choices by decision; a question with some is asked only of one who has chosen so.
    """

    name: str
    asks: str
    area: str
    level: str
    points: Sequence[Point]
    study: str
    about: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def fits(self, design: Mapping[str, str]) -> bool:
        return all(design.get(decision) in choices for decision, choices in self.about.items())

    def put(self, design: Mapping[str, str]) -> "FollowUp":
        """In the words that the design calls for."""
        called = CALLED[design.get("transport", "websocket")]
        return replace(self, asks=self.asks.replace("{transport}", called))


_QUESTIONS = tomllib.loads((Path(__file__).parent / "questions.toml").read_text())
FOLLOW_UPS = tuple(FollowUp(**row | {"points": points(row["points"], row["study"])}) for row in _QUESTIONS["follow_up"])


def drawn(level: str, seed: int, design: Mapping[str, str]) -> list[FollowUp]:
    """As many as the level is asked: one about a choice that was made, the last an easier one, the rest its own.

    The same for a seed and a ``design``: choices by decision.
    """
    count, pool = LEVELS[level].follow_ups, list(FOLLOW_UPS)
    Random(f"{seed} {level}").shuffle(pool)
    asked = [each for each in pool if each.fits(design) and HARDER.index(each.level) <= HARDER.index(level)]
    first = [each for each in asked if each.about][:1]
    rest = [each for each in asked if not each.about]
    own = [each for each in rest if each.level == level]
    last = [each for each in rest if each.level != level][:1]
    middle = own[: count - len(first) - len(last)]
    return [each.put(design) for each in (*first, *middle, *last)]
