"""What the transactions of a split log cost, as short probes have measured it (seconds of one core)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any


@dataclass(frozen=True, slots=True)
class PartitionCosts:
    """Each list has a part for every transaction and then one for each of what the transaction has to do with.

    ``claim``: keys. ``home``: streams, comments that stay, ranges given away. ``away``: streams, comments. ``append``,
    on the event loop: comments. ``look``, a question for other ranges: ranges. ``waits_s`` are samples of what a
    transaction waits for besides, while its writer can do nothing else: the disk, and a sleep that ends late.
    ``handover_s`` is what it takes to reach the writer's thread and to hear of its end, which delays no other one.
    ``pages_s`` are the times of pages by how many partitions were asked.
    """

    claim: Sequence[float]
    home: Sequence[float]
    away: Sequence[float]
    append: Sequence[float]
    look: Sequence[float]
    waits_s: Sequence[float]
    pages_s: Mapping[str, Sequence[float]]
    handover_s: float

    @classmethod
    def read(cls, costs: Mapping[str, Any]) -> "PartitionCosts":
        return cls(**{name: costs[name] for name in cls.__dataclass_fields__})

    def page_s(self, partitions: int, rng: Random) -> float:
        return rng.choice(self.pages_s[str(partitions)])


def total(cost: Sequence[float], *counts: int) -> float:
    """The fixed part, and the others as often as they come."""
    return cost[0] + sum(each * count for each, count in zip(cost[1:], counts, strict=True))
