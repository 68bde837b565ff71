"""Where the costs come from that a simulation draws: from which file, of which machine, measured when."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from simulation.machine import in_words
from simulation.neighbours import warning

MEASURED = "measured"
SHIPPED = "shipped"


@dataclass(frozen=True, slots=True)
class Provenance:
    """``source`` is a file, `SHIPPED`, or `MEASURED`: by the run itself, just before; ``machine`` says when as well.

    ``shipped``: what that machine could not measure, and has the shipped costs instead.
    """

    source: str
    machine: Mapping[str, Any]
    shipped: str = ""

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> "Provenance":
        return cls(**fields)

    def as_dict(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name != "shipped" or value}

    def __str__(self) -> str:
        """A sentence for below a table, and a warning if that machine had other work to do."""
        source = {MEASURED: "costs measured just before", SHIPPED: "the shipped costs"}.get(
            self.source, f"the costs in {self.source}"
        )
        at = self.machine.get("at", "a time that was not noted")
        but = f"; what is missing there for {self.shipped} has the shipped ones" if self.shipped else ""
        said = f"Simulated with {source}, of {in_words(self.machine)}, at {at}{but}."
        return f"{said} {busy}" if (busy := warning(self.machine)) else said
