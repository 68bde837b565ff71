"""A run as its parties have noted it, all on one clock: authors, the server, viewers."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

STAGES = ("api", "log", "broker", "hub", "socket")


class Stamps(NamedTuple):
    """When the server had read a comment, let it in, had it on disk, had it at the hub, and began its fan-out."""

    received_s: float
    admitted_s: float
    durable_s: float
    hub_s: float
    flushed_s: float


@dataclass(frozen=True, slots=True)
class Run:
    """Comments are told apart by their number in the log, ``seq``. Nothing is in any order.

    ``meant_s`` is when a comment was to be posted by the schedule, whatever kept its author from it. ``receipts`` has
    a pair of number and time for each viewer who got a comment; each of the ``viewers`` should have got each.
    """

    began_s: float
    warm_up_s: float
    viewers: int
    meant_s: Mapping[int, float]
    stamps: Mapping[int, Stamps]
    receipts: Sequence[tuple[int, float]]


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest of the values that at least ``share`` of them do not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
