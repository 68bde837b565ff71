"""Before the interview, in a notebook: the level, the seed and a stand-in to choose, as widgets."""

from typing import Any

import ipywidgets as widgets

from simulation.interview.room import Interview
from simulation.interview.rubric import LEVELS


class Lobby:
    """Shows what may be chosen; `enter` begins the interview with it."""

    def __init__(self, level: str = "senior", seed: int = 1, *, stand_in: bool = False) -> None:
        self._level = widgets.ToggleButtons(options=list(LEVELS), value=level, description="Level")
        self._seed = widgets.BoundedIntText(value=seed, min=0, max=999_999, description="Seed")
        self._stand_in = widgets.Checkbox(value=stand_in, description="a stand-in answers what I leave blank")
        self._expects = widgets.HTML()
        self._level.observe(self._say, names="value")
        self._say({})
        self._box = widgets.VBox([self._level, self._expects, self._seed, self._stand_in])

    def _repr_mimebundle_(self, **asked: Any) -> dict[str, Any]:
        """The widgets, and for those who only read the page what is chosen."""
        shown: dict[str, Any] = self._box._repr_mimebundle_(**asked)
        blanks = "A stand-in answers blanks" if self._stand_in.value else "Blanks stay blank"
        return shown | {"text/plain": f"Level: {self._level.value}. Seed: {self._seed.value}. {blanks}."}

    def enter(self) -> Interview:
        """The clock starts with the brief."""
        return Interview(self._level.value, self._seed.value, stand_in=self._stand_in.value)

    def _say(self, _: dict[str, Any]) -> None:
        self._expects.value = LEVELS[self._level.value].expects
