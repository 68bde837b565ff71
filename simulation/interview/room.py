"""The interview room: what a candidate goes through, from the brief to the sheet.

Everything typed is kept until the end, and may be typed again: the last one counts. What is left blank a made-up
candidate may answer (stand_in.toml), so that one sees how it goes; the sheet says which answers are the stand-in's.
"""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from simulation.interview import sheet
from simulation.interview.assumptions import Assumptions
from simulation.interview.clock import BOXES_MIN, Clock
from simulation.interview.design import Decision, chosen
from simulation.interview.estimates import QUANTITIES, Checked, checked
from simulation.interview.questions import FollowUp, drawn
from simulation.interview.rubric import AREAS, LEVELS, Area
from simulation.interview.running import Judged, judge
from simulation.interview.scoring import Given, Result, Said, listened, scored
from simulation.interview.typed import AnswerError, blank

TEXT_MAX = 20_000
TOO_LONG = f"more than its {BOXES_MIN['requirements']} minutes"
_STAND_IN = tomllib.loads((Path(__file__).parent / "stand_in.toml").read_text())


class Interview:
    """``level``: "mid", "senior" or "staff". A ``seed`` asks the same follow-ups of the same design; ``stand_in``
    answers blanks.
    """

    def __init__(
        self, level: str = "senior", seed: int = 1, *, stand_in: bool = False, clock: Clock | None = None
    ) -> None:
        if level not in LEVELS:
            raise AnswerError(f"level must be one of {', '.join(LEVELS)}, got {level!r}")
        self.level, self.seed = LEVELS[level], seed
        self.clock = clock or Clock()
        self._stand_in: dict[str, dict[str, Any]] = _STAND_IN if stand_in else {}
        self.stood_in: set[str] = set()  # names of areas, estimates, decisions and follow-ups
        self._assumed = Assumptions()
        self._checked: list[Checked] = checked(self._assumed, {})
        self._choices: dict[Decision, str] = {}
        self._judged: dict[Decision, Judged] = {}
        self._asked: list[FollowUp] = []
        self._texts: dict[str, str] = {}  # by area or follow-up, as are claims
        self._claims: dict[str, set[str]] = {}

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

    def say(self, area: str, text: str) -> Said:
        """What you say about an area; the answer is what was heard."""
        if area not in AREAS:
            raise AnswerError(f"there is no area {area!r}; there are: {', '.join(AREAS)}")
        self._go_on(AREAS[area].box)
        self._note(area, "said", area, text)
        return self._heard(AREAS[area])

    def estimate(self, given: Assumptions, **typed: object) -> list[Checked]:
        """Your estimates, checked against your own assumptions: figures, or as people write them ("600 Tbps")."""
        self._go_on(AREAS["estimates"].box)
        checked(given, typed)  # so that the stand-in answers nothing where a name is wrong
        self._forget(each.name for each in QUANTITIES)
        filled = {each.name: self._or_stand_in("estimates", each.name, typed.get(each.name)) for each in QUANTITIES}
        self._assumed, self._checked = given, checked(given, filled)
        return self._checked

    def decide(self, **design: str) -> None:
        """Your choices, by decision; those that are not named again stay, and so do blanks."""
        self._go_on("deep dives")
        typed = {name: choice for name, choice in design.items() if not blank(choice)}
        self._choices |= chosen(typed)
        self._forget(typed)
        blanks = [name for name in design if name not in {each.name for each in self._choices}]
        filled = {name: self._or_stand_in("design", name, "") for name in blanks}
        self._choices |= chosen({name: choice for name, choice in filled.items() if choice})

    def run(self) -> list[Judged]:
        """Every choice in the simulator, under the interviewer's twist; what has been run is not run again."""
        self._go_on("deep dives")
        return self._run()

    def ask(self) -> list[FollowUp]:
        """The follow-ups, which stay what they are from now on."""
        self._go_on("deep dives")
        self._asked = self._asked or self.follow_ups
        return self._asked

    @property
    def follow_ups(self) -> list[FollowUp]:
        """What is asked, or would be if it were asked now."""
        design = {decision.name: choice for decision, choice in self._choices.items()}
        return self._asked or drawn(self.level.name, self.seed, design)

    def answer(self, follow_up: str, text: str) -> Said:
        """Your answer to a follow-up of this interview, by its name."""
        mine = {each.name: each for each in self.ask()}
        if follow_up not in mine:
            raise AnswerError(f"{follow_up!r} was not asked; asked are: {', '.join(mine)}")
        self._note(follow_up, "answers", "any", text)
        return self._heard(mine[follow_up])

    def claim(self, name: str, *points: str) -> Said:
        """Points of an area or a follow-up that you made in other words: each by its first words. The sheet says so."""
        there = AREAS | {each.name: each for each in self.follow_ups}
        if name not in there:
            raise AnswerError(f"there is nothing to claim in {name!r}; there is in: {', '.join(there)}")
        says = [each.says for each in there[name].points]
        self._claims[name] = self._claims.get(name, set()) | {_the_one(each, says) for each in points}
        return self._heard(there[name])

    def tells(self, said: Said | Checked) -> str:
        """What was heard, in words; what was missed, and what a figure is, is told where the level gives hints."""
        if isinstance(said, Checked):
            return said.in_words if self.level.hints else said.verdict
        heard = sheet.marked(said, missed=self.level.hints) or "nothing that counts"
        return heard if self.level.hints or not said.missed else f"{heard}; {len(said.missed)} more"

    def headline(self) -> str:
        """The score so far, in a line."""
        return sheet.headline(self._facts())

    def result(self) -> Result:
        """The score so far; what is missing counts as nothing."""
        return scored(self.level, self._given())

    def missed(self) -> dict[str, Said]:
        """What was heard, by area and follow-up, where something is missing."""
        heard = {name: self._heard(each) for name, each in AREAS.items()}
        heard |= {each.name: self._heard(each) for each in self.follow_ups}
        return {name: said for name, said in heard.items() if said.missed}

    def export(self, path: str | Path) -> Path:
        """End the interview, and write it down on one page: Markdown, or HTML to be printed, as the name says.

        Choices that have not been run are run for it. Afterwards points may be claimed, and nothing else be said.
        """
        page = Path(path)
        if page.suffix not in sheet.WRITERS:
            raise AnswerError(f"the page's name must end in {' or '.join(sheet.WRITERS)}, got {str(path)!r}")
        self._run()
        self.clock.end()
        try:
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(sheet.WRITERS[page.suffix](self._facts()), encoding="utf-8")
        except OSError as error:
            raise AnswerError(f"cannot write {page}: {error.strerror}") from error
        return page

    def _go_on(self, box: str) -> None:
        if self.clock.ended:
            raise AnswerError("the interview ended with its sheet: claim points, or enter again")
        self.clock.begin(box)

    def _run(self) -> list[Judged]:
        with self.clock.stopped():
            for decision, choice in self._choices.items():
                known = self._judged.get(decision)
                if known is None or known.choice != choice:
                    self._judged[decision] = judge(decision, choice)
        return list(self._judged.values())

    def _note(self, name: str, part: str, known_as: str, text: str) -> None:
        if not isinstance(text, str) or len(text) > TEXT_MAX:
            raise AnswerError(f"an answer is text of at most {TEXT_MAX:,} letters, got {str(text)[:20]!r}")
        self._forget([name])
        self._texts[name] = self._or_stand_in(part, known_as, text, marked=name)

    def _or_stand_in(self, part: str, name: str, typed: Any, marked: str = "") -> Any:
        """What was typed; where that is nothing, what the stand-in says to it."""
        if not blank(typed) or name not in self._stand_in.get(part, {}):
            return typed
        self.stood_in.add(marked or name)
        return self._stand_in[part][name]

    def _forget(self, names: Iterable[str]) -> None:
        """That the stand-in has answered these."""
        self.stood_in -= set(names)

    def _heard(self, of: Area | FollowUp, *, claims: bool = True) -> Said:
        late = [TOO_LONG] if of.name == "requirements" and "requirements" in self.clock.over() else []
        claimed = self._claims.get(of.name, set()) if claims else ()
        return listened(of, self._texts.get(of.name, ""), claimed, late)

    def _given(self, *, claims: bool = True) -> Given:
        said = {name: self._heard(area, claims=claims) for name, area in AREAS.items()}
        answers = [(each, self._heard(each, claims=claims)) for each in self.follow_ups]
        return Given(self._checked, said, list(self._judged.values()), answers)

    def _facts(self) -> sheet.Facts:
        unclaimed = scored(self.level, self._given(claims=False)).total
        given = self._given()
        return sheet.Facts(
            self.seed, scored(self.level, given), unclaimed, given, self._assumed, self.clock, frozenset(self.stood_in)
        )


def _the_one(begins: str, says: list[str]) -> str:
    found = [each for each in says if each.casefold().startswith(begins.strip().casefold())]
    if len(found) != 1:
        raise AnswerError(f"{begins!r} begins {len(found)} points; there are: {'; '.join(says)}")
    return found[0]
