"""What becomes of an interview: a score for each area, the whole by the level's weights, and what to study next."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from simulation.course.catalogue import LESSONS
from simulation.interview.design import DECISIONS
from simulation.interview.estimates import Checked
from simulation.interview.questions import FollowUp
from simulation.interview.rubric import AREAS, Area, Level, Point
from simulation.interview.running import Judged

BANDS = ((80, "strong"), (60, "passes"), (0, "not yet"))
STUDY = 3
LEAST = 0.05  # points that are shown as some


@dataclass(frozen=True, slots=True)
class Said:
    """An answer's points: found in its words, claimed by the candidate, and missed; and the signs of a weak one."""

    found: Sequence[Point]
    claimed: Sequence[Point]
    missed: Sequence[Point]
    weak: Sequence[str]

    @property
    def made(self) -> list[str]:
        return [each.says for each in (*self.found, *self.claimed)]

    def score(self, enough: float) -> float:
        """Of what makes a strong answer, ``enough`` of the points; each weak sign takes a point back."""
        whole = max(1.0, enough * (len(self.made) + len(self.missed)))
        return max(0.0, min(1.0, (len(self.made) - len(self.weak)) / whole))


def listened(area: Area | FollowUp, text: str, claims: Collection[str] = (), weak: Sequence[str] = ()) -> Said:
    """What is in a text. ``claims``: points made in other words; ``weak``: signs that are not in the words."""
    found = [each for each in area.points if each.made_in(text)]
    claimed = [each for each in area.points if each.says in claims and each not in found]
    missed = [each for each in area.points if each not in (*found, *claimed)]
    signs = [each.says for each in area.weak if each.made_in(text)] if isinstance(area, Area) else []
    return Said(found, claimed, missed, [*signs, *weak])


@dataclass(frozen=True, slots=True)
class Given:
    """All that a candidate has given: figures, talk by area, choices that were run, answers to follow-ups."""

    estimates: Sequence[Checked]
    said: Mapping[str, Said]
    judged: Sequence[Judged]
    answers: Sequence[tuple[FollowUp, Said]]


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that counts in an area, from 0 to 1, and the lessons about what it lacks."""

    score: float
    study: Sequence[str]


@dataclass(frozen=True, slots=True)
class Scored:
    """An area: ``points`` of ``most``, which is its weight at the level; ``lost``: the rest by lesson."""

    name: str
    title: str
    points: float
    most: float
    lost: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Result:
    """The whole of it; ``total`` is of a hundred."""

    level: str
    areas: Sequence[Scored]

    @property
    def total(self) -> float:
        return sum(each.points for each in self.areas)

    @property
    def band(self) -> str:
        return next(name for least, name in BANDS if round(self.total) >= least)

    @property
    def lost(self) -> dict[str, float]:
        """Points by the lesson that is about them."""
        return {each.number: sum(area.lost.get(each.number, 0.0) for area in self.areas) for each in LESSONS}

    @property
    def study(self) -> list[str]:
        """The lessons about what cost the most, the dearest first."""
        dearest = sorted(LESSONS, key=lambda each: -self.lost[each.number])[:STUDY]
        lost = [(each, self.lost[each.number]) for each in dearest]
        return [f"{each.number} {each.title} ({points:.1f} points)" for each, points in lost if points > LEAST]


def scored(level: Level, given: Given) -> Result:
    """Each area is the mean of what was said in it, of its choices as they did in the simulator, and of its follow-ups.

    Of the estimates it is the arithmetic and what follows from it. What was not answered counts as nothing. Breadth and
    depth weigh as the level says, and within each of them areas as the rubric does.
    """
    return Result(level.name, [_area(each, level, list(_parts(each, level, given))) for each in AREAS.values()])


def _parts(area: Area, level: Level, given: Given) -> Iterator[Part]:
    talk, done = given.said[area.name], {each.decision: each.score for each in given.judged}
    yield Part(talk.score(level.enough), [each.study for each in talk.missed or area.points])
    if area.name == "estimates":
        wrong = [each.quantity.study for each in given.estimates if not each.right]
        yield Part(1 - len(wrong) / len(given.estimates), wrong)
    for decision in DECISIONS:
        if decision.area == area.name:
            yield Part(done.get(decision, 0.0), [decision.study])
    for question, found in given.answers:
        if question.area == area.name:
            yield Part(found.score(level.enough), [question.study])


def _area(area: Area, level: Level, parts: Sequence[Part]) -> Scored:
    share = 1 - level.breadth if area.deep else level.breadth
    most = 100 * share * area.weight / sum(each.weight for each in AREAS.values() if each.deep is area.deep)
    lost: defaultdict[str, float] = defaultdict(float)
    for part in parts:
        for number in part.study:
            lost[number] += most * (1 - part.score) / len(parts) / len(part.study)
    return Scored(area.name, area.title, most * sum(each.score for each in parts) / len(parts), most, lost)
