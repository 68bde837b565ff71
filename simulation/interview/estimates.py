"""The arithmetic of the interview: checked against the candidate's own assumptions, with the slip that was made."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from simulation.course.capacity import Demand, joins_per_s

WITHIN = 1.5  # times too large or too small: an interview's arithmetic is done in the head


class AnswerError(Exception):
    """What was typed cannot be used; the message names it and what is allowed."""


def number(value: float) -> str:
    """Four digits, and as many zeros as it takes."""
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"


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

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if not (isinstance(value := getattr(self, name), int | float) and 0 < value < math.inf):
                raise AnswerError(f"{name} must be a number above 0, got {value!r}")

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


@dataclass(frozen=True, slots=True)
class Quantity:
    """Something to be estimated: its unit is in its name. ``so`` is the consequence that makes it worth knowing."""

    name: str
    asks: str
    of: Callable[[Assumptions], float]
    so: str


QUANTITIES = (
    Quantity(
        "naive_tbit_per_s", "egress if everybody is shown everything, Tbit/s",
        lambda given: given.naive.egress_bit_per_s / 1e12,
        "no network carries it: a viewer gets a display budget, and batching does not change that",
    ),
    Quantity(
        "shown_gbit_per_s", "egress with your display budget, Gbit/s",
        lambda given: given.budgeted.egress_bit_per_s / 1e9,
        "this is what is paid for: egress, not requests per second, is the limit",
    ),
    Quantity(
        "deliveries_per_s", "deliveries a second with the budget, all viewers together",
        lambda given: given.budgeted.deliveries_per_s,
        "fan-out is the load; storing comments is small beside it",
    ),
    Quantity(
        "edges_by_connections", "edges, by the connections that one holds",
        lambda given: math.ceil(given.viewers / given.connections),
        "how many processes a comment must reach, and how many lose their viewers when one dies",
    ),
    Quantity(
        "chance_shown_pct", "chance of a comment to be shown in one hall, %",
        lambda given: 100 * given.budgeted.chance_shown,
        "with one hall for all an ordinary writer is never seen",
    ),
    Quantity(
        "wait_h", "mean time between two appearances of one who writes steadily, hours",
        lambda given: given.budgeted.wait_s(given.every_s) / 3_600,
        "rooms, rather than a better sample, give the writer an audience",
    ),
    Quantity(
        "room_viewers", "largest room in which nothing is left out, viewers",
        lambda given: given.budgeted.room_viewers_max,
        "the room's size follows from budget and rate; split and merge with hysteresis around it",
    ),
    Quantity(
        "joins_per_s", "joins a second at the other edges after one edge has died",
        lambda given: joins_per_s(given.connections, given.spread_s),
        "without jitter all come in the same second; capacity for joins is capacity too",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Checked:
    """``right`` is None where nothing was typed."""

    quantity: Quantity
    typed: float | None
    expected: float
    right: bool | None
    slip: str

    @property
    def in_words(self) -> str:
        if self.typed is None:
            return f"not estimated; it is {number(self.expected)}"
        if self.right:
            return f"{number(self.typed)}: right ({number(self.expected)})"
        return f"{number(self.typed)}: by your own assumptions it is {number(self.expected)}. {self.slip}"


def checked(given: Assumptions, typed: Mapping[str, float | None]) -> list[Checked]:
    """Every quantity; AnswerError names one that there is not, or that is no number."""
    names = {each.name for each in QUANTITIES}
    if unknown := sorted(set(typed) - names):
        raise AnswerError(f"there is no estimate {', '.join(unknown)}; there are: {', '.join(sorted(names))}")
    return [_check(each, given, typed.get(each.name)) for each in QUANTITIES]


def _check(quantity: Quantity, given: Assumptions, typed: float | None) -> Checked:
    expected = quantity.of(given)
    if typed is None:
        return Checked(quantity, None, expected, None, "")
    if not isinstance(typed, int | float) or not 0 <= typed < math.inf:
        raise AnswerError(f"{quantity.name} must be a number, 0 or more, got {typed!r}")
    right = expected / WITHIN <= typed <= expected * WITHIN
    return Checked(quantity, float(typed), expected, right, "" if right else _slip(typed / expected))


def _slip(ratio: float) -> str:
    """What makes such a factor, as a rule."""
    for factor, why in (
        (8, "Bits and bytes are mixed up: a byte is 8 bits."),
        (1_000, "A unit is off by a thousand."),
        (1_000_000, "A unit is off by a million."),
        (60, "Seconds and minutes are mixed up."),
        (3_600, "Seconds and hours are mixed up."),
        (100, "A share is no percentage: multiply by 100."),
    ):
        if any(factor**sign / WITHIN <= ratio <= factor**sign * WITHIN for sign in (1, -1)):
            return why
    return f"That is {ratio:.2g} times as much." if ratio >= 1 else f"That is {ratio:.2g} of it."
