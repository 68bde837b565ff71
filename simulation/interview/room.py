"""The interview room: what a candidate goes through, from the brief to the sheet.

Everything typed is kept until the end, and may be typed again: the last one counts. What is left blank a made-up
candidate may answer (stand_in.toml), so that one sees how it goes; the sheet says so.
"""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from simulation.interview import sheet
from simulation.interview.clock import Clock
from simulation.interview.design import Decision, chosen
from simulation.interview.estimates import QUANTITIES, AnswerError, Assumptions, Checked, checked
from simulation.interview.questions import FollowUp, drawn
from simulation.interview.rubric import AREAS, LEVELS
from simulation.interview.running import Judged, judge
from simulation.interview.scoring import Result, Said, listened, scored

TEXT_MAX = 20_000
_STAND_IN = tomllib.loads((Path(__file__).parent / "stand_in.toml").read_text())


class Interview:
    """``level``: "mid", "senior" or "staff". A ``seed`` asks the same follow-ups; ``stand_in`` answers blanks."""

    def __init__(
        self, level: str = "senior", seed: int = 1, *, stand_in: bool = False, clock: Clock | None = None
    ) -> None:
        if level not in LEVELS:
            raise AnswerError(f"level must be one of {', '.join(LEVELS)}, got {level!r}")
        self.level, self.seed = LEVELS[level], seed
        self.clock = clock or Clock()
        self.follow_ups = drawn(level, seed)
        self._stand_in: dict[str, dict[str, Any]] = _STAND_IN if stand_in else {}
        self.stood_in: set[str] = set()  # for what
        self._said: dict[str, Said] = {}
        self._checked: list[Checked] = checked(Assumptions(), {})
        self._choices: dict[Decision, str] = {}
        self._judged: dict[Decision, Judged] = {}
        self._answers: dict[str, Said] = {}

    def brief(self) -> str:
        """The question, as the interviewer puts it; the clock starts."""
        self.clock.begin("requirements")
        hints = "\n".join(f"- {area.title}: {area.points[0].says}?" for area in AREAS.values())
        return (
            "**Design live comments for a sports broadcaster.** Ten million people watch a final; at a goal fifty "
            "thousand comments a second come in. A comment is to be on everybody's screen within a second, nothing "
            f"that was accepted may be lost, and abuse must not stay.\n\nLevel: {self.level.name}. "
            f"{self.level.expects}" + (f"\n\nHints:\n\n{hints}" if self.level.hints else "")
        )

    def say(self, area: str, text: str, claims: Sequence[str] = ()) -> Said:
        """What you say about an area; the answer is what was heard. ``claims``: points that you made in other words."""
        if area not in AREAS:
            raise AnswerError(f"there is no area {area!r}; there are: {', '.join(AREAS)}")
        if area != "requirements":
            self.clock.begin("design")
        text = self._or_stand_in("said", area, text)
        self._said[area] = listened(AREAS[area], text[:TEXT_MAX], _known(claims, [p.says for p in AREAS[area].points]))
        return self._said[area]

    def estimate(self, given: Assumptions, **typed: float | None) -> list[Checked]:
        """Your estimates, checked against your own assumptions; None is a blank."""
        typed = {
            each.name: self._or_stand_in("estimates", each.name, typed.pop(each.name, None)) for each in QUANTITIES
        } | typed
        self._checked = checked(given, typed)
        return self._checked

    def decide(self, **design: str) -> None:
        """Your choices, by decision; those that are not named again stay, and "" is a blank."""
        self.clock.begin("design")
        filled = {name: self._or_stand_in("design", name, choice) for name, choice in design.items()}
        self._choices |= chosen({name: choice for name, choice in filled.items() if choice})

    def run(self) -> list[Judged]:
        """Every choice in the simulator, under the interviewer's twist; what has been run is not run again."""
        self.clock.begin("deep dives")
        for decision, choice in self._choices.items():
            known = self._judged.get(decision)
            if known is None or known.choice != choice:
                self._judged[decision] = judge(decision, choice)
        return list(self._judged.values())

    def answer(self, follow_up: str, text: str, claims: Sequence[str] = ()) -> Said:
        """Your answer to a follow-up of this interview, by its name."""
        mine = {each.name: each for each in self.follow_ups}
        if follow_up not in mine:
            raise AnswerError(f"{follow_up!r} was not asked; asked are: {', '.join(mine)}")
        self.clock.begin("deep dives")
        question = mine[follow_up]
        known = _known(claims, [each.says for each in question.points])
        text = self._or_stand_in("answers", "any", text)
        self._answers[follow_up] = listened(question, text[:TEXT_MAX], known)
        return self._answers[follow_up]

    def _or_stand_in(self, part: str, name: str, typed: Any) -> Any:
        """What was typed; where that is nothing, what the stand-in says to it."""
        if typed not in (None, "") or name not in self._stand_in.get(part, {}):
            return typed
        self.stood_in.add(part)
        return self._stand_in[part][name]

    def result(self) -> Result:
        """The score so far; what is missing counts as nothing."""
        return scored(self.level.name, self._checked, self._said, list(self._judged.values()), self.asked())

    def asked(self) -> list[tuple[FollowUp, Said]]:
        """Every follow-up with what was heard."""
        return [(each, self._answers.get(each.name) or listened(each, "")) for each in self.follow_ups]

    def export(self, path: str | Path) -> Path:
        """End the interview, and write it down on one page: Markdown, or HTML to be printed, as the name says."""
        self.clock.end()
        page = Path(path)
        if page.suffix not in sheet.WRITERS:
            raise AnswerError(f"the page's name must end in {' or '.join(sheet.WRITERS)}, got {str(path)!r}")
        judged, stood_in = list(self._judged.values()), sorted(self.stood_in)
        facts = sheet.Facts(self.seed, self.result(), self._checked, judged, self.asked(), self.clock, stood_in)
        try:
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(sheet.WRITERS[page.suffix](facts))
        except OSError as error:
            raise AnswerError(f"cannot write {page}: {error.strerror}") from error
        return page


def _known(claims: Sequence[str], points: Sequence[str]) -> Sequence[str]:
    if unknown := [each for each in claims if each not in points]:
        raise AnswerError(f"no such point: {'; '.join(unknown)}. There are: {'; '.join(points)}")
    return claims
