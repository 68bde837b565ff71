"""The arithmetic of the interview: checked against the candidate's own assumptions, with the slip that was made."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from simulation.course.capacity import joins_per_s
from simulation.interview.assumptions import Assumptions
from simulation.interview.typed import EXAMPLES, AnswerError, blank, number, read

WITHIN = 1.5  # times too large or too small: an interview's arithmetic is done in the head
NEAR = 1.2  # so near to what a slip makes, it is that slip
ECHO_MAX = 30  # letters of what was typed


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """Something to be estimated, in ``unit``. ``so`` is the consequence that makes it worth knowing.

    ``without`` is what comes out when something is forgotten, and ``forgot`` says what.
    """

    name: str
    asks: str
    unit: str
    of: Callable[[Assumptions], float]
    formula: str
    so: str
    study: str = "01"
    without: Callable[[Assumptions], float] | None = None
    forgot: str = ""


QUANTITIES = (
    Quantity(
        name="naive_tbit_per_s", asks="egress if everybody is shown everything, Tbit/s", unit="Tbit/s",
        of=lambda given: given.naive.egress_bit_per_s / 1e12, formula="viewers x comments/s x bytes x 8",
        so="no network carries it: a viewer gets a display budget, and batching does not change that",
        without=lambda given: given.budgeted.egress_bit_per_s / 1e12, forgot="That is with the display budget.",
    ),
    Quantity(
        name="shown_gbit_per_s", asks="egress with your display budget, Gbit/s", unit="Gbit/s",
        of=lambda given: given.budgeted.egress_bit_per_s / 1e9, formula="viewers x shown/s x bytes x 8",
        so="this is what is paid for: egress, not requests per second, is the limit",
        without=lambda given: given.naive.egress_bit_per_s / 1e9, forgot="That is without the budget.",
    ),
    Quantity(
        name="deliveries_per_s", asks="deliveries a second with the budget, all viewers together", unit="/s",
        of=lambda given: given.budgeted.deliveries_per_s, formula="viewers x shown/s",
        so="fan-out is the load; storing comments is small beside it",
        without=lambda given: given.naive.deliveries_per_s, forgot="That is without the budget.",
    ),
    Quantity(
        name="edges_by_connections", asks="edges, by the connections that one holds", unit="",
        of=lambda given: math.ceil(given.viewers / given.connections), formula="viewers / connections",
        so="how many processes a comment must reach, and how many lose their viewers when one dies",
    ),
    Quantity(
        name="chance_shown_pct", asks="chance of a comment to be shown in one hall, %", unit="%",
        of=lambda given: 100 * given.budgeted.chance_shown, formula="shown/s / comments/s",
        so="with one hall for all an ordinary writer is never seen",
    ),
    Quantity(
        name="wait_h", asks="mean time between two appearances of one who writes steadily, hours", unit="h",
        of=lambda given: given.budgeted.wait_s(given.every_s) / 3_600, formula="every / chance",
        so="rooms, rather than a better sample, give the writer an audience",
        without=lambda given: given.every_s / 3_600, forgot="That is as if every comment were shown.",
    ),
    Quantity(
        name="room_viewers", asks="largest room in which nothing is left out, viewers", unit="",
        of=lambda given: given.budgeted.room_viewers_max, formula="shown/s x viewers / comments/s",
        so="the room's size follows from budget and rate; split and merge with hysteresis around it",
    ),
    Quantity(
        name="joins_per_s", asks="joins a second at the other edges after one edge has died", unit="/s",
        of=lambda given: joins_per_s(given.connections, given.spread_s), formula="connections / spread",
        so="without jitter all come in the same second; capacity for joins is capacity too", study="08",
        without=lambda given: given.connections, forgot="That is all of them in one second: they are spread.",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Checked:
    """``typed`` as it was typed, "" for a blank; ``value`` is None where no figure was found in it."""

    quantity: Quantity
    typed: str
    value: float | None
    expected: float
    slip: str

    @property
    def right(self) -> bool:
        return self.value is not None and self.expected / WITHIN <= self.value <= self.expected * WITHIN

    @property
    def verdict(self) -> str:
        """Without what it is."""
        if not self.typed:
            return "Not estimated."
        if self.value is None:
            return f"“{self.typed}”: {self.slip}"
        figure = number(self.value)
        same = figure.replace(",", "") == self.typed.replace(",", "")
        shown = figure if same else f"{self.typed}, which is {figure} {self.quantity.unit}".strip()
        return f"{shown}: right." if self.right else f"{shown}: not by your own assumptions. {self.slip}"

    @property
    def in_words(self) -> str:
        return f"{self.verdict} It is {number(self.expected)} ({self.quantity.formula})"


def checked(given: Assumptions, typed: Mapping[str, object]) -> list[Checked]:
    """Every quantity; AnswerError names one that there is not. What cannot be read is wrong, and says why."""
    names = {each.name for each in QUANTITIES}
    if unknown := sorted(set(typed) - names):
        raise AnswerError(f"there is no estimate {', '.join(unknown)}; there are: {', '.join(sorted(names))}")
    return [_check(each, given, typed.get(each.name)) for each in QUANTITIES]


def _check(quantity: Quantity, given: Assumptions, typed: object) -> Checked:
    expected = quantity.of(given)
    if blank(typed):
        return Checked(quantity, "", None, expected, "")
    value, echo = read(typed, quantity.unit), _echo(typed)
    if value is None:
        return Checked(quantity, echo, None, expected, f"no figure such as {EXAMPLES[quantity.unit]}.")
    if value / expected <= 0:
        return Checked(quantity, echo, value, expected, "It is more than nothing.")
    return Checked(quantity, echo, value, expected, _slip(quantity, given, value / expected))


def _echo(typed: object) -> str:
    """On one line, for a cell of a table."""
    text = " ".join((number(typed) if isinstance(typed, float) else str(typed)).replace("|", "/").split())
    return text if len(text) <= ECHO_MAX else f"{text[:ECHO_MAX]}…"


def _slip(quantity: Quantity, given: Assumptions, ratio: float) -> str:
    """What makes such a factor, as a rule: the one that is nearest to it."""
    off, why = min((abs(math.log(ratio / factor)), why) for factor, why in _factors(quantity, given))
    if off <= math.log(NEAR):
        return why
    return f"That is {number(ratio)} times as much." if ratio >= 1 else f"That is {ratio:.2g} of it."


def _factors(quantity: Quantity, given: Assumptions) -> Iterator[tuple[float, str]]:
    if quantity.without:
        yield quantity.without(given) / quantity.of(given), quantity.forgot
    for factor, why in (*_OF_UNIT.get(quantity.unit, ()), *_OF_ANY):
        yield factor, why
        yield 1 / factor, why


_OF_ANY = (
    (10, "One zero is too many or too few."), (100, "Two zeros are too many or too few."),
    (1_000, "A unit is off by a thousand."), (1_000_000, "A unit is off by a million."),
)  # fmt: skip
_OF_DATA = (8, "Bits and bytes are mixed up: a byte is 8 bits.")
_OF_UNIT = {
    "Tbit/s": (_OF_DATA,), "Gbit/s": (_OF_DATA,), "/s": ((60, "Seconds and minutes are mixed up."),),
    "h": ((60, "Minutes and hours are mixed up."), (3_600, "Seconds and hours are mixed up.")),
    "%": ((100, "A share is no percentage: multiply by 100."),),
}  # fmt: skip
