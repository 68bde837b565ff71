"""A prediction that is written down before the answer is computed, and held against it afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass

from simulation.notebooks.showing import say

NEAR = 1.25  # a guess within this factor is a good one


@dataclass(frozen=True, slots=True)
class Prediction:
    """``guess`` is None for as long as nothing has been written down."""

    question: str
    guess: float | str | None
    unit: str = ""

    def meets(self, outcome: float | str, digits: int = 0) -> None:
        """Say how far off it was."""
        said = f"{outcome:,.{digits}f} {self.unit}".strip() if isinstance(outcome, int | float) else outcome
        say(f"**{self.question}** {self._verdict(outcome, digits)} It is **{said}**.")

    def _verdict(self, outcome: float | str, digits: int) -> str:
        if self.guess is None:
            return "You wrote no guess."
        if isinstance(self.guess, str) or isinstance(outcome, str):
            return f"You said {self.guess}: {'right' if self.guess == outcome else 'no'}."
        if self.guess <= 0 or outcome <= 0:
            return f"You said {self.guess:,.{digits}f}."
        factor = max(self.guess / outcome, outcome / self.guess)
        off = "near enough" if factor <= NEAR else f"{factor:.2g} times too {'high' if self.guess > outcome else 'low'}"
        return f"You said {self.guess:,.{digits}f}: {off}."


def predict(question: str, guess: float | str | None, *, unit: str = "", choices: Sequence[str] = ()) -> Prediction:
    """Write the guess down; ValueError if it is none of the ``choices``, where there are some."""
    if choices and guess is not None and guess not in choices:
        raise ValueError(f"choose one of {', '.join(choices)}; got {guess!r}")
    among = f" One of: {', '.join(choices)}." if choices else f" In {unit}." if unit else ""
    noted = "Write your guess in this cell, and run it again." if guess is None else f"Noted: {guess} {unit}.".strip()
    say(f"**{question}**{among} *{noted}*")
    return Prediction(question, guess, unit)
