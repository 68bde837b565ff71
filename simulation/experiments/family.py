"""A scenario family: one question, the variants that are compared to answer it, and what is measured of each.

A family is cheap to add: a folder with a class that has these few methods, and a line in
`simulation.experiments.catalogue`. What runs it, compares the engines, prints, plots and saves is shared (`running`,
`comparison`, `showing`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from simulation.experiments.sizes import Sizes

EngineName = Literal["live", "sim"]
LEFT_OUT = "left_out"  # a fact of a live run: the rungs of the ladder that its servers climbed to unasked


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure that every variant gives. ``tells``: it says which one is better, so engines must rank by it alike."""

    name: str  # as in the JSON document, with its unit last: "append_p99_ms"
    title: str  # as people read it: "append p99, ms"
    digits: int = 1
    tells: bool = True


@dataclass(frozen=True, slots=True)
class Observation:
    """One run of one variant in one engine."""

    variant: str
    engine: EngineName
    repeat: int
    values: Mapping[str, float]  # by the measure's name
    facts: Mapping[str, Any] = field(default_factory=dict)
    why_void: str = ""  # such a run proves nothing, and is left out of every figure


class Family(Protocol):
    """``size`` says in words how large the default run is, and whether live is smaller than what is asked about."""

    @property
    def name(self) -> str: ...

    @property
    def question(self) -> str: ...

    @property
    def size(self) -> str: ...

    @property
    def measures(self) -> Sequence[Measure]: ...

    @property
    def variants(self) -> Sequence[str]: ...

    @property
    def repeats_live(self) -> int: ...

    @property
    def once(self) -> Collection[str]:
        """Variants whose live runs take long and are so much alike that one will do."""
        ...

    @property
    def simulated_only(self) -> Collection[str]:
        """Variants that are larger than this machine holds."""
        ...

    @property
    def repeats_sim(self) -> int: ...

    async def probe(self) -> dict[str, Any]:
        """Measure what this machine's server costs, by short probes that are no part of any variant; JSON-able."""
        ...

    async def live(self, variant: str, repeat: int) -> Observation:
        """Run a variant with real processes; ProcessError says what is missing for it."""
        ...

    def simulate(self, variant: str, repeat: int, costs: Mapping[str, Any]) -> Observation:
        """Run it in the model, with the same policies and the costs that `probe` has measured; pure, picklable."""
        ...

    def answer(self, observations: Sequence[Observation]) -> str:
        """The answer to the question in two sentences, from the figures."""
        ...


@runtime_checkable
class Sweepable(Family, Protocol):
    """A family that can be run at other sizes than its own: `run NAME --sweep`. `sizes.Resizable` has both methods."""

    @property
    def sizes(self) -> Sizes:
        """What may be another number, by name, and what it is."""
        ...

    def sized(self, changes: Sizes) -> Family:
        """The same question at another size; ValueError says what is wrong with it."""
        ...


@runtime_checkable
class Needing(Protocol):
    """A family some of whose variants need a program that a machine need not have: there the model alone has them."""

    @property
    def lacking(self) -> Mapping[str, str]:
        """What is missing here, by variant, and how to get it; `Family.probe` leaves out what it cannot measure."""
        ...


@runtime_checkable
class Pictured(Protocol):
    """A family that has more to show than a chart for each measure."""

    def plot(self, document: Mapping[str, Any], path: Path) -> None:
        """Draw what was found into a file, whose name says in which format."""
        ...
