"""What a run is: many recorded chats as one crowded stream, and what its viewers are shown of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from reference_impl.policy.display_budget import DisplayBudgetConfig
from reference_impl.policy.rooms import Rooms, RoomsConfig
from simulation.experiments.sizes import Within, enough
from simulation.replications import Streams
from simulation.trace import PAUSE_MS, load_trace

Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Variant:
    """``budget``: a sample is shown; ``priority``: of host and moderators everything, to everybody."""

    budget: bool = True
    priority: bool = False
    rooms: bool = False


VARIANTS: Mapping[str, Variant] = {
    "everything": Variant(budget=False),
    "uniform": Variant(),
    "priority": Variant(priority=True),
    "rooms": Variant(rooms=True),
    "rooms-priority": Variant(rooms=True, priority=True),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """``chats`` times the trace at once and in quick motion, each from another place on, with commenters of its own."""

    trace: str = "twitch-a.jsonl"
    chats: Annotated[int, Within(1, 300)] = 50
    speed: Annotated[float, Within(0.01, 100)] = 3.0
    seconds: Annotated[float, Within(0.1, 3_600)] = 120.0
    viewers: Annotated[int, Within(1, 300_000)] = 50_000
    moderators: Annotated[int, Within(1, 1_000)] = 10  # the host is one of them
    # Of all comments: theirs, each of them one in nine seconds.
    staff_share: Annotated[float, Within(1e-6, 0.5)] = 0.002
    budget: DisplayBudgetConfig = field(default_factory=lambda: DisplayBudgetConfig(per_s=5.0, seed="final"))
    rooms: RoomsConfig = field(default_factory=RoomsConfig)

    def why_not(self) -> str:
        rows = load_trace(self.trace)
        authors, lasts_s = len({user for _, user, _ in rows}), (rows[-1][0] + PAUSE_MS) / 1000
        if self.viewers < self.chats * authors:
            return (
                f"{self.chats:,} chats have {self.chats * authors:,} authors, who are all viewers, and viewers is "
                f"{self.viewers:,}: at most {self.viewers // authors:,} chats are allowed with so many, or at least "
                f"{self.chats * authors:,} viewers with so many chats"
            )
        if self.speed * self.seconds > lasts_s:
            return (
                f"a chat lasts {lasts_s:g} s, and at {self.speed:g} times its speed {lasts_s / self.speed:.4g} s: "
                f"seconds must be no more than that, got {self.seconds:g}"
            )
        staff = self.per_s * self.seconds * self.staff_share
        return enough("comments of moderators", staff, "chats, speed, seconds and staff_share")

    @property
    def per_s(self) -> float:
        """Comments a second, on average."""
        rows = load_trace(self.trace)
        return len(rows) / (rows[-1][0] + PAUSE_MS) * 1000 * self.chats * self.speed


@dataclass(frozen=True, slots=True)
class Crowd:
    """All comments in the log's order; of shape (comments,). Authors are viewers by number, or staff from 0 on."""

    at_ms: Numbers
    authors: Numbers
    by_staff: Flags

    def __len__(self) -> int:
        return len(self.at_ms)


@dataclass(frozen=True, slots=True)
class Seats:
    """The rooms that the viewers are in by the server's policy: how many are in each, and who comes from which."""

    sizes: Numbers  # of shape (rooms,)
    homes: Numbers  # of each viewer: the number of his room
    staff_homes: Numbers  # of each moderator, where he would sit as a viewer


def crowd(size: Size, streams: Streams) -> Crowd:
    """The same for every variant of a repeat."""
    rows = load_trace(size.trace)
    offsets_ms = np.array([offset_ms for offset_ms, _, _ in rows])
    users = np.unique([user for _, user, _ in rows], return_inverse=True)[1]
    whole_ms, rng = int(offsets_ms[-1]) + PAUSE_MS, streams.numbers("arrivals")
    shifted_ms = (offsets_ms + rng.integers(whole_ms, size=(size.chats, 1))) % whole_ms
    at_ms = (shifted_ms / size.speed).astype(np.int64)
    authors = users + np.arange(size.chats)[:, None] * (int(users.max()) + 1)
    kept = at_ms < size.seconds * 1000
    order = np.argsort(at_ms[kept], kind="stable")
    by_staff = rng.random(len(order)) < size.staff_share
    staff = rng.integers(size.moderators, size=len(order))
    return Crowd(at_ms[kept][order], np.where(by_staff, staff, authors[kept][order]), by_staff)


@lru_cache(maxsize=4)
def seats(viewers: int, moderators: int, config: RoomsConfig) -> Seats:
    """Everybody enters, one after the other; then the rooms stay as they are."""
    plan = Rooms(config)
    keys = [f"user:{viewer}" for viewer in range(viewers)]
    for key in keys:
        plan.enter(key)
    numbers = {room: number for number, room in enumerate(plan)}
    homes = np.array([numbers[plan.of(key)] for key in keys])
    staff_homes = np.array([numbers[plan.of(f"user:moderator {number}")] for number in range(moderators)])
    return Seats(np.bincount(homes, minlength=len(numbers)), homes, staff_homes)


def hall(viewers: int, moderators: int) -> Seats:
    """One room for all."""
    return Seats(np.array([viewers]), np.zeros(viewers, dtype=np.int64), np.zeros(moderators, dtype=np.int64))
