"""What a candidate assumes of the crowd, of an edge and of people: everything that is estimated follows from it."""

from dataclasses import dataclass
from typing import Self

from simulation.course.capacity import Demand
from simulation.interview.typed import EXAMPLES, AnswerError, blank, number, read

ASSUMED_IN = {
    "viewers": "", "comments_per_s": "/s", "comment_bytes": "B", "shown_per_s": "/s", "connections": "",
    "every_s": "s", "spread_s": "s",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """What the candidate starts from; each must be above 0."""

    viewers: float = 10e6
    comments_per_s: float = 50_000.0
    comment_bytes: float = 300.0  # on the wire, to one viewer
    shown_per_s: float = 5.0  # the display budget
    connections: float = 50_000.0  # of one edge
    every_s: float = 10.0  # how often a viewer who writes does
    spread_s: float = 30.0  # over which the viewers of a dead edge come back

    @classmethod
    def read(cls, **typed: object) -> Self:
        """Of figures as people type them: ``viewers="10 M", comment_bytes="300 B"``; a blank is the usual one."""
        if unknown := sorted(set(typed) - set(ASSUMED_IN)):
            raise AnswerError(f"nothing is assumed of {', '.join(unknown)}; there are: {', '.join(ASSUMED_IN)}")
        return cls(**{name: _above_0(name, each) for name, each in typed.items() if not blank(each)})

    def __post_init__(self) -> None:
        for name in self.__slots__:
            _above_0(name, getattr(self, name))

    @property
    def naive(self) -> Demand:
        """Everybody is shown everything."""
        return Demand(viewers=self.viewers, comments_per_s=self.comments_per_s, comment_bytes=self.comment_bytes)

    @property
    def budgeted(self) -> Demand:
        return Demand(
            viewers=self.viewers, comments_per_s=self.comments_per_s, comment_bytes=self.comment_bytes,
            shown_per_s=self.shown_per_s,
        )  # fmt: skip

    def __str__(self) -> str:
        return (
            f"{number(self.viewers)} viewers; {number(self.comments_per_s)} comments/s of "
            f"{number(self.comment_bytes)} B, of which one is shown {number(self.shown_per_s)}/s; "
            f"{number(self.connections)} connections an edge, back over {number(self.spread_s)} s; "
            f"a writer writes every {number(self.every_s)} s"
        )


def _above_0(name: str, typed: object) -> float:
    value = read(typed, ASSUMED_IN[name])
    if value is None or value <= 0:
        raise AnswerError(f"{name} must be a number above 0, such as {EXAMPLES[ASSUMED_IN[name]]}, got {typed!r}")
    return value
