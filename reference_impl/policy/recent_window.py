"""A window of a stream's newest comments in a cache: what a reader finds there, and what is to be done about the rest.

recall  | the window                                 | its reader
--------|--------------------------------------------|------------------------------------------------------------
hit     | has the page, and is at the log's head     | answers; when it grows old, has it made anew (`warming`)
missing | is not there (any more)                    | makes it
behind  | is not at the log's head                   | brings the events between, or forgets it when they are many
older   | does not reach back so far                 | lets it reach, where that fits; else reads the log
beyond  | ends before what is asked for              | reads the log
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, StrEnum

from reference_impl.policy.bulkhead import BulkheadConfig
from reference_impl.policy.circuit_breaker import BreakerConfig
from reference_impl.policy.hot_keys import HotKeysConfig
from reference_impl.policy.warming import WarmingConfig

# The log is there too, so nobody waits long for a cache, and little is lost by leaving it alone at once.
CACHE_DEADLINE_S = 0.25
CACHE_BREAKER = BreakerConfig(slow_s=0.25, silence_s=1.0)
CACHE_PLACES = BulkheadConfig(in_flight_max=64, waiting_max=2_000)
WARMING_PLACES = BulkheadConfig(in_flight_max=4, waiting_max=1_000)  # windows that are made at once, of all streams


class Recall(StrEnum):
    HIT = "hit"
    MISSING = "missing"
    BEHIND = "behind"
    OLDER = "older"
    BEYOND = "beyond"


class Mend(Enum):
    MAKE = "make"
    CATCH_UP = "catch up"
    FORGET = "forget"
    REACH = "reach"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The last comments before ``seq`` (None: the newest), or the first after it."""

    newest_first: bool
    seq: int | None
    limit: int


@dataclass(frozen=True, slots=True)
class Window:
    """All comments with ``first <= seq <= through``, of which there are ``size``."""

    first: int
    through: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentConfig:
    comments_max: int = 500  # of one window
    more: int = 50  # comments read beyond what was asked for, so that the next page is there too
    head_fresh_s: float = 1.0  # what was not brought into the cache is missed after this long
    catch_up_max: int = 500  # events; a window farther behind is made anew
    patience_s: float = 0.2  # while another process makes a window
    look_s: float = 0.02  # between looks whether it is there
    single_flight: bool = True  # one makes a window for all who need it, here and among processes
    warming: WarmingConfig = field(default_factory=WarmingConfig)
    hot_keys: HotKeysConfig = field(default_factory=HotKeysConfig)

    @property
    def lease_s(self) -> float:
        """How long one process alone may make a window: it is over before what was made is to be made anew."""
        return min(2.0, self.warming.age_max_s / 2)


def recall(window: Window | None, head: int, wanted: Wanted, there: Callable[[int, int], int]) -> Recall:
    """What a reader finds who knows the log's ``head``; ``there`` counts the window's comments from one seq to another.

    The cache's own script decides the same where the window is.
    """
    if window is None:
        return Recall.MISSING
    if window.through < head:
        return Recall.BEHIND
    if wanted.newest_first:
        below = window.through + 1 if wanted.seq is None else wanted.seq
        if below > window.through + 1:
            return Recall.BEYOND
        short = there(window.first, below - 1) < wanted.limit and window.first > 1
        return Recall.OLDER if short else Recall.HIT
    after = wanted.seq or 0
    if after > window.through:
        return Recall.BEYOND
    return Recall.OLDER if after < window.first - 1 else Recall.HIT


def mend(config: RecentConfig, found: Recall, window: Window, head: int, wanted: Wanted) -> Mend | None:
    """What is to be done before the window is asked again; None: nothing helps, and the page is read from the log."""
    if found is Recall.MISSING:
        return Mend.MAKE
    if found is Recall.BEHIND:
        return Mend.CATCH_UP if head - window.through <= config.catch_up_max else Mend.FORGET
    if found is Recall.OLDER and wanted.newest_first:
        fits = window.size + between(window.first, wanted) + wanted.limit <= config.comments_max
        return Mend.REACH if fits else None
    return None


def between(first: int, wanted: Wanted) -> int:
    """How many comments there are at the most between what is wanted and where a window begins."""
    return 0 if wanted.seq is None else max(0, first - wanted.seq)
