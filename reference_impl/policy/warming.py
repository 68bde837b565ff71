"""When a copy of something slow is to be made anew: early, and by few.

A crowd that finds a copy expired asks its source all at once. So whoever finds it still good makes it anew now and
then before its time is over, the likelier the nearer the end is and the longer making it takes: of a crowd about one
does, early enough. Source: Vattani, Chierichetti, Lowenstein, "Optimal Probabilistic Cache Stampede Prevention",
VLDB 2015 (XFetch).
"""

import math
from dataclasses import dataclass
from enum import Enum
from random import Random


class Copy(Enum):
    """What a reader makes of the copy that he has found."""

    GOOD = "good"
    DUE = "due"  # good, and he has it made anew meanwhile
    EXPIRED = "expired"  # as if it were not there


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmingConfig:
    age_max_s: float = 10.0  # of a copy
    eagerness: float = 1.0  # above 1 earlier, below later
    ahead: bool = True  # False: nobody makes it anew before its time, and then everybody finds it expired

    def __post_init__(self) -> None:
        if not (self.age_max_s > 0 and self.eagerness >= 0):
            raise ValueError(f"need age_max_s > 0 and eagerness >= 0, got {self.age_max_s:g} and {self.eagerness:g}")


def judge(config: WarmingConfig, age_s: float, cost_s: float, rng: Random) -> Copy:
    """Whether a copy is good for this reader; ``cost_s`` is how long making it took the last time."""
    if not config.ahead:
        return Copy.EXPIRED if age_s >= config.age_max_s else Copy.GOOD
    return Copy.DUE if due(config, age_s, cost_s, rng) else Copy.GOOD


def due(config: WarmingConfig, age_s: float, cost_s: float, rng: Random) -> bool:
    """Whether this reader makes the copy anew; ``cost_s`` is how long that took the last time."""
    head_start_s = -cost_s * config.eagerness * math.log(1.0 - rng.random())
    return age_s + head_start_s >= config.age_max_s
