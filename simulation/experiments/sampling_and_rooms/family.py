"""sampling_and_rooms: what a display budget, priority and rooms make of a crowded stream."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from simulation.engines.processes import ProcessError
from simulation.experiments.family import Measure, Observation
from simulation.experiments.middles import middle
from simulation.experiments.sampling_and_rooms.figures import figures
from simulation.experiments.sampling_and_rooms.picture import draw
from simulation.experiments.sampling_and_rooms.plan import VARIANTS, Size, crowd
from simulation.experiments.sampling_and_rooms.sim import show
from simulation.experiments.sampling_and_rooms.sizes import sizes
from simulation.experiments.sizes import Resizable
from simulation.replications import Streams

SEED = 1
MEASURES = (
    Measure("bytes_per_s", "bytes/s to a viewer", 0),
    Measure("egress_gbit_per_s", "to a million of them, Gbit/s"),
    Measure("shown_per_s", "shown to a viewer, comments/s"),
    Measure("viewer_chance_pct", "a comment's chance: a given viewer, %", 2),
    Measure("anybody_chance_pct", "anybody, %", 1),
    Measure("wait_s", "an author appears once in, s", 0),
    Measure("jain", "fairness over authors: Jain", 3),
    Measure("gini", "Gini", 3),
    Measure("priority_pct", "of host and moderators shown, %", 1),
    Measure("covered_pct", "moderators' coverage, %", 1, tells=False),
    Measure("moderator_per_s", "shown to a moderator, comments/s", 0, tells=False),
    Measure("seated_pct", "their coverage from viewers' seats, %", 1),
)
_SIZE = Size()


class SamplingAndRooms(Resizable[Size]):
    """A `Family`, in the model only."""

    name = "sampling_and_rooms"
    question = "What do a sample, priority and rooms make of a stream that nobody could read?"
    size = (
        f"{_SIZE.viewers:,} viewers and {_SIZE.per_s:.0f} comments/s on average, which is {_SIZE.chats} times a "
        f"recorded chat at {_SIZE.speed:g} times its speed, for {_SIZE.seconds:g} s; a budget of "
        f"{_SIZE.budget.per_s:g} comments/s; {_SIZE.moderators} moderators, the host among them, who write "
        f"{_SIZE.staff_share:.1%} of the comments; in the model only."
    )
    measures: Sequence[Measure] = MEASURES
    variants: Sequence[str] = tuple(VARIANTS)
    repeats_live = 1
    once = ()
    simulated_only: Sequence[str] = tuple(VARIANTS)
    repeats_sim = 10

    def __init__(self, size: Size = _SIZE) -> None:
        super().__init__(size)

    async def probe(self) -> dict[str, Any]:
        """What comments take on the wire, by the server's own encoding; nothing else costs anything here."""
        return sizes(self._size.trace, self._size.budget.window_ms)

    async def live(self, variant: str, repeat: int) -> Observation:
        raise ProcessError(
            f"this machine cannot hold {self.name} live: {self._size.viewers:,} viewers are more sockets than it has, "
            "and each of five variants would be sent to all of them. `livecomments bench display` measures one hall "
            f"and rooms live, with 5,000 viewers, and `livecomments run {self.name} --engine sim` is this experiment"
        )

    def simulate(self, variant: str, repeat: int, costs: Mapping[str, Any]) -> Observation:
        """All variants of a repeat have the same comments."""
        chosen, size = VARIANTS[variant], self._size
        posted = crowd(size, Streams(SEED, self.name, repeat))
        values, facts = figures(show(chosen, size, posted), size, posted, costs, sheds=chosen.budget)
        return Observation(variant, "sim", repeat, values, facts)

    def plot(self, document: Mapping[str, Any], path: Path) -> None:
        """Who is seen, by how many, and what that is to a network."""
        draw(document, path)

    def answer(self, observations: Sequence[Observation]) -> str:
        good = [each for each in observations if not each.why_void]
        of = partial(middle, good)
        more = of("priority", "shown_per_s") - of("uniform", "shown_per_s")
        return (
            f"A million viewers take {of('everything', 'egress_gbit_per_s'):,.0f} Gbit/s of everything, "
            f"{of('uniform', 'egress_gbit_per_s'):,.0f} of a uniform sample and "
            f"{of('rooms', 'egress_gbit_per_s'):,.0f} in rooms; a comment is on somebody's screen with a chance of "
            f"{of('uniform', 'anybody_chance_pct'):.1f}% in one hall and {of('rooms', 'anybody_chance_pct'):.1f}% in "
            f"rooms, an author once in {of('uniform', 'wait_s'):,.0f} s and in {of('rooms', 'wait_s'):,.0f} s. "
            f"Priority shows {of('priority', 'priority_pct'):.0f}% of what host and moderators say, a uniform sample "
            f"{of('uniform', 'priority_pct'):.1f}%, for {more:.1f} comments/s more."
        )
