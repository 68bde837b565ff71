"""Who is shown what, decided by the server's own display budgets, a room at a time."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from reference_impl.policy.display_budget import Candidate, DisplayBudget
from simulation.experiments.sampling_and_rooms.plan import Crowd, Flags, Numbers, Seats, Size, Variant, hall, seats


@dataclass(frozen=True, slots=True)
class Shown:
    """What the viewers of each room were shown: of shape (rooms, comments), and in how many frames (rooms,).

    ``staff`` is what moderators were shown, of shape (comments,).
    """

    seats: Seats
    comments: Flags
    frames: Numbers
    staff: Flags


def show(variant: Variant, size: Size, crowd: Crowd) -> Shown:
    """Comments go to their authors' room, those of priority to all rooms; each room has a budget of its own."""
    seated = seats(size.viewers, size.moderators, size.rooms) if variant.rooms else hall(size.viewers, size.moderators)
    rooms = len(seated.sizes)
    shown, frames = np.zeros((rooms, len(crowd)), dtype=np.bool_), np.zeros(rooms, dtype=np.int64)
    homes = np.where(crowd.by_staff, seated.staff_homes[crowd.authors % size.moderators], seated.homes[crowd.authors])
    everywhere = crowd.by_staff if variant.priority else np.zeros(len(crowd), dtype=np.bool_)
    for room in range(rooms):
        offered = np.flatnonzero((homes == room) | everywhere)
        if not variant.budget:
            shown[room, offered], frames[room] = True, len(np.unique(crowd.at_ms[offered] // size.budget.window_ms))
            continue
        for released in _sample(size, crowd, offered, everywhere):
            shown[room, released] = True
            frames[room] += 1
    # As in the server's audience moderators are in a room of their own, without a budget, to which everything goes.
    return Shown(seated, shown, frames, staff=np.ones(len(crowd), dtype=np.bool_))


def _sample(size: Size, crowd: Crowd, offered: Numbers, everywhere: Flags) -> Iterator[list[int]]:
    """What is shown of these comments, as it is released: a frame each."""
    budget: DisplayBudget[int] = DisplayBudget(size.budget)
    rows = zip(offered.tolist(), crowd.at_ms[offered].tolist(), everywhere[offered].tolist(), strict=True)
    for number, at_ms, priority in rows:
        if released := budget.offer(Candidate(number, number + 1, at_ms, str(number), priority), at_ms / 1000):
            yield [each.item for each in released]
    if released := budget.end():
        yield [each.item for each in released]
