"""What becomes of an interview: a score for each area, the whole by the level's weights, and what to study next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simulation.course.catalogue import LESSONS
from simulation.interview.estimates import Checked
from simulation.interview.questions import FollowUp
from simulation.interview.rubric import AREAS, ESTIMATES_WEIGHT, LEVELS, Area
from simulation.interview.running import Judged

ENOUGH = 0.6  # of an area's points make a strong answer: nobody says everything
BANDS = ((80, "strong"), (60, "passes"), (0, "not yet"))
STUDY = 3


@dataclass(frozen=True, slots=True)
class Said:
    """What was found in an answer: the points made and missed, and the signs of a weak one."""

    made: list[str]
    missed: list[str]
    weak: list[str]

    @property
    def score(self) -> float:
        """Of what makes a strong answer; each weak sign takes a point back."""
        whole = max(1.0, ENOUGH * (len(self.made) + len(self.missed)))
        return max(0.0, min(1.0, (len(self.made) - len(self.weak)) / whole))


def listened(area: Area | FollowUp, text: str, claims: Sequence[str] = ()) -> Said:
    """What is in a text; ``claims`` are points made in other words."""
    made = [each.says for each in area.points if each.made_in(text) or each.says in claims]
    missed = [each.says for each in area.points if each.says not in made]
    weak = [each.says for each in area.weak if each.made_in(text)] if isinstance(area, Area) else []
    return Said(made, missed, weak)


@dataclass(frozen=True, slots=True)
class Scored:
    title: str
    weight: int
    score: float  # 0 to 1
    deep: bool
    study: Sequence[str]


@dataclass(frozen=True, slots=True)
class Result:
    """The whole of it; ``total`` is of a hundred."""

    level: str
    total: float
    areas: list[Scored]

    @property
    def band(self) -> str:
        return next(name for least, name in BANDS if round(self.total) >= least)

    @property
    def study(self) -> list[str]:
        """Lessons of the areas that cost the most, the dearest first."""
        dearest = sorted(self.areas, key=lambda each: (each.score - 1) * each.weight)
        numbers = dict.fromkeys(number for each in dearest if each.score < 1 for number in each.study)
        titles = {each.number: each.title for each in LESSONS}
        return [f"{number} {titles[number]}" for number in list(numbers)[:STUDY]]


def scored(
    level: str,
    estimates: Sequence[Checked],
    said: Mapping[str, Said],
    judged: Sequence[Judged],
    answers: Sequence[tuple[FollowUp, Said]],
) -> Result:
    """Each area is the mean of what was said in it, of its choices as they did in the simulator, and of its follow-ups.

    What was not answered counts as nothing. Breadth and depth then weigh as the level says.
    """
    right = [each.right is True for each in estimates]
    areas = [Scored("Estimates with consequences", ESTIMATES_WEIGHT, sum(right) / len(right), False, ("01",))]
    for area in AREAS.values():
        parts = [said[area.name].score if area.name in said else 0.0]
        parts += [each.score for each in judged if each.decision.area == area.name]
        parts += [found.score for question, found in answers if question.area == area.name]
        areas.append(Scored(area.title, area.weight, sum(parts) / len(parts), area.deep, area.study))
    breadth = LEVELS[level].breadth
    total = breadth * _mean(areas, deep=False) + (1 - breadth) * _mean(areas, deep=True)
    return Result(level, 100 * total, areas)


def _mean(areas: Sequence[Scored], *, deep: bool) -> float:
    mine = [each for each in areas if each.deep is deep]
    return sum(each.weight * each.score for each in mine) / sum(each.weight for each in mine)
