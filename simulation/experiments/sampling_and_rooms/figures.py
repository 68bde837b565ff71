"""What a run comes to: bytes, chances, fairness over authors, and what moderators see.

Reach is the share of all viewers who are shown a comment. Fairness is that of the mean reach of an author's comments,
from author to author. Sources: Jain, Chiu and Hawe, "A Quantitative Measure of Fairness", 1984 (1 is equal, 1/n is all
for one); Gini, "Variabilita e mutabilita", 1912 (0 is equal).
"""

from collections.abc import Mapping

import numpy as np

from simulation.experiments.sampling_and_rooms.plan import Crowd, Size
from simulation.experiments.sampling_and_rooms.sim import Shown
from simulation.model.mixture import Array

POSTED_MIN = 3  # comments of an author, of whom less says little
MILLION = 1_000_000
LORENZ_POINTS = 51


def figures(
    shown: Shown, size: Size, crowd: Crowd, wire: Mapping[str, float], *, sheds: bool
) -> tuple[dict[str, float], dict[str, list[float]]]:
    """The measures, and the Lorenz curve of reach over authors; with ``sheds`` each frame says what it leaves out."""
    per_room = shown.seats.sizes / size.viewers
    reach = per_room @ shown.comments
    in_room = shown.comments.sum(axis=1) * wire["comment_bytes"] + shown.frames * (wire["shed_bytes"] if sheds else 0.0)
    bytes_per_s = float(per_room @ in_room) / size.seconds
    authors = _reach_of_authors(reach, crowd)
    seated = np.unique(shown.seats.staff_homes)
    anybody = reach[~crowd.by_staff] > 0
    values = {
        "bytes_per_s": bytes_per_s,
        "shown_per_s": float(reach.sum()) / size.seconds,
        "viewer_chance_pct": 100 * float(reach[~crowd.by_staff].mean()),
        "anybody_chance_pct": 100 * float(anybody.mean()),
        "wait_s": len(np.unique(crowd.authors[~crowd.by_staff])) * size.seconds / int(anybody.sum()),
        "jain": jain(authors),
        "gini": gini(authors),
        "priority_pct": 100 * float(reach[crowd.by_staff].mean()),
        "seated_pct": 100 * float(shown.comments[seated].any(axis=0).mean()),
        "covered_pct": 100 * float(shown.staff.mean()),
        "moderator_per_s": int(shown.staff.sum()) / size.seconds,
        "egress_gbit_per_s": bytes_per_s * 8 * MILLION / 1e9,
    }
    return values, {"lorenz": lorenz(authors)}


def jain(values: Array) -> float:
    squares = float((values**2).sum())
    return float(values.sum()) ** 2 / (len(values) * squares) if squares else 1.0


def gini(values: Array) -> float:
    ordered, count = np.sort(values), len(values)
    total = float(ordered.sum())
    return float((2 * np.arange(1, count + 1) - count - 1) @ ordered) / (count * total) if total else 0.0


def lorenz(values: Array) -> list[float]:
    """What share of all reach the authors with the least have, for shares of the authors from 0 to 1."""
    parts = np.concatenate([[0.0], np.cumsum(np.sort(values))])
    at = np.linspace(0, len(values), LORENZ_POINTS)
    shares = np.interp(at, np.arange(len(parts)), parts / (parts[-1] or 1.0))
    return [round(float(share), 4) for share in shares]


def _reach_of_authors(reach: Array, crowd: Crowd) -> Array:
    """The mean reach of each one's comments, of ordinary authors who have posted enough."""
    ordinary = ~crowd.by_staff
    posted = np.bincount(crowd.authors[ordinary])
    reached = np.bincount(crowd.authors[ordinary], weights=reach[ordinary])
    enough = posted >= POSTED_MIN
    found: Array = reached[enough] / posted[enough]
    return found
