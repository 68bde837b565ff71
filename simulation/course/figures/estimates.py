"""Estimates of lesson 1 beside what was simulated and measured of the same."""

from dataclasses import replace
from random import Random
from statistics import median
from typing import NamedTuple

from reference_impl.policy.display_budget import Candidate, DisplayBudget, DisplayBudgetConfig
from reference_impl.policy.rooms import RoomsConfig
from simulation.course import measured
from simulation.course.capacity import Demand
from simulation.docs import spoken
from simulation.docs.findings import Findings
from simulation.docs.results import bench
from simulation.docs.stages import interval
from simulation.experiments.sampling_and_rooms.plan import Size, seats
from simulation.trace import poisson

CROWD_PER_S = 20.0  # the display budget of the benchmark's crowd
ROOM_PER_S, ROOMY = 5.0, 0.7  # what a full room of a thousand posts, and how much of that a roomy one
PLAYED_S, REPLICATIONS = 600.0, 20  # of such a room
FANOUTS = (("fanout-1000-sse", 1_000), ("fanout-window", 1_000), ("fanout-window", 5_000))


class Compared(NamedTuple):
    """A closed form beside a median; ``said`` is that with its range or interval, ``noise`` how large that is."""

    what: str
    form: float
    seen: float
    said: str
    noise: str

    @property
    def expected(self) -> str:
        return spoken.significant(self.form)

    @property
    def off(self) -> str:
        return spoken.off(self.form, self.seen)


def compared_live() -> list[Compared]:
    """Of the real server: what crowds were shown, and what a delivery costs."""
    return [*_crowds(), *_costs()]


def compared_simulated() -> list[Compared]:
    """Chances in the model beside budget / posted; the rooms are as many as the server's policy makes of so many."""
    found, size = Findings("sampling_and_rooms"), Size()
    rooms = len(seats(size.viewers, size.moderators, size.rooms).sizes)
    hall = Demand(
        viewers=size.viewers, comments_per_s=found.value("everything", "shown_per_s", "sim"),
        comment_bytes=measured.comment_bytes(), shown_per_s=size.budget.per_s,
    )  # fmt: skip
    parted = replace(hall, room_viewers=size.viewers / rooms)
    return [
        _chance(found, "uniform", "viewer_chance_pct", "in one hall", hall),
        _chance(found, "rooms", "anybody_chance_pct", f"in {rooms} rooms", parted),
    ]


def _chance(found: Findings, variant: str, measure: str, where: str, demand: Demand) -> Compared:
    seen, said = found.value(variant, measure, "sim"), found.simulated(variant, measure)
    noise = f"± {spoken.percent(float(said.partition('± ')[2]) / seen)}"
    return Compared(f"simulated: a comment's chance {where}, %", 100 * demand.chance_shown, seen, said, noise)


def _crowds() -> list[Compared]:
    """A hall and rooms of the display benchmark."""
    found = []
    for row in bench("display")["rows"]:
        viewers, posted_per_s = row["case"]["viewers"], row["case"]["rate"]
        rooms = len(seats(viewers, 0, RoomsConfig()).sizes) if row["case"]["rooms"] else 1
        demand = Demand(
            viewers=viewers, comments_per_s=posted_per_s, shown_per_s=CROWD_PER_S, room_viewers=viewers / rooms,
            comment_bytes=row["everything_bytes_per_s"] / posted_per_s,
        )  # fmt: skip
        where = f"in {rooms} rooms" if rooms > 1 else "in one hall"
        found += [
            Compared(f"live: {what} {where}", form, seen, spoken.significant(seen), spoken.UNKNOWN)
            for what, form, seen in (
                ("comments/s to a viewer", demand.received_per_s, row["shown_per_s"]),
                ("a comment's chance, %,", 100 * demand.chance_shown, 100 * row["chance"]),
                ("bytes/s to a viewer", demand.viewer_bit_per_s / 8, row["bytes_per_s"]),
            )
        ]
    return found


def _costs() -> list[Compared]:
    """CPU of a delivery, by how many share a write."""
    found, edge = [], measured.edge()
    for document, viewers in FANOUTS:
        row = measured.fanout_row(document, "sse", viewers)
        runs = [run["cpu_us_per_delivery"] for run in row["runs"]]
        in_write = max(1.0, row["deliveries_per_s"] / viewers * row["window_ms"] / 1000)
        form, seen = 1e6 * (edge.write_s / in_write + edge.comment_s), row["cpu_us_per_delivery"]
        what = f"live: µs of a core for a delivery, {viewers:,} viewers, {in_write:.0f} in a write"
        said = " ".join(
            [spoken.significant(seen), f"({spoken.significant(min(runs))}-{spoken.significant(max(runs))})"]
        )
        found.append(Compared(what, form, seen, said, spoken.rounded_percent((max(runs) - min(runs)) / median(runs))))
    return found


def full_room() -> dict[str, str]:
    """A room that posts its whole budget on average, by the server's own display budget."""
    chances = [chance_by_policy(ROOM_PER_S, ROOM_PER_S, seed) for seed in range(REPLICATIONS)]
    roomy = [chance_by_policy(ROOMY * ROOM_PER_S, ROOM_PER_S, seed) for seed in range(REPLICATIONS)]
    return {
        "full_room": f"{interval([100 * each for each in chances])} %",
        "roomy": f"{interval([100 * each for each in roomy])} %",
        "roomy_viewers": f"{ROOMY * 1_000:,.0f}",
    }


def chance_by_policy(posted_per_s: float, shown_per_s: float, seed: int) -> float:
    """Of a comment, where comments come at random for `PLAYED_S` seconds."""
    posted = shown = 0
    budget: DisplayBudget[None] = DisplayBudget(DisplayBudgetConfig(per_s=shown_per_s))
    for posted, at_s in enumerate(poisson(Random(seed), posted_per_s, PLAYED_S), 1):
        shown += len(budget.offer(Candidate(None, posted, round(1000 * at_s), f"{seed} {posted}", False), at_s))
    return (shown + len(budget.end())) / posted
