"""The final as it is planned: the crowd, the goals, the faults, the network, and how many edges that takes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated

from reference_impl.policy.coalescing import CoalescingConfig
from reference_impl.policy.connections import ConnectionConfig
from reference_impl.policy.display_budget import DisplayBudgetConfig
from reference_impl.policy.partitioning import PARTITIONS_MAX
from reference_impl.policy.retry import RetryConfig
from reference_impl.policy.rooms import RoomsConfig
from simulation.experiments.sizes import Within
from simulation.model.cluster import ClusterConfig
from simulation.model.costs import EdgeCosts
from simulation.topology import Link, Network, Pop, Quality, Region

ROOMS = 32  # of an edge, about
GBIT = 125e6  # bytes/s
WAN = {"bandwidth_bytes_per_s": 10 * GBIT, "jitter_s": 0.003, "loss": 1e-4}


@dataclass(frozen=True, slots=True)
class Place:
    """A region, its share of the viewers, and how far its points of presence are from its broker, in ms."""

    share: float
    pops_ms: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Phase:
    name: str
    begin_s: float
    end_s: float


PLACES = {  # the first one is home
    "europe": Place(0.40, {"lon": 6.0, "fra": 4.0, "mad": 12.0, "mil": 7.0}),
    "americas": Place(0.35, {"nyc": 4.0, "mia": 14.0, "mex": 28.0, "sao": 55.0}),
    "asia": Place(0.25, {"bom": 28.0, "sin": 4.0, "tyo": 34.0, "syd": 46.0}),
}
WANS_MS = {("europe", "americas"): 40.0, ("europe", "asia"): 80.0, ("americas", "asia"): 85.0}


def in_words(region: str) -> str:
    return {"americas": "the Americas"}.get(region, region.capitalize())


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Times in seconds from the run's start. The costs of an edge are those measured on one core of a small machine."""

    viewers: Annotated[int, Within(100_000, 100_000_000)] = 10_000_000
    base_per_s: Annotated[float, Within(10, 20_000)] = 8_000.0  # comments posted while nothing happens
    peak_per_s: Annotated[float, Within(10, 200_000)] = 50_000.0  # at a goal
    seconds: Annotated[float, Within(1, 900)] = 300.0
    goals_s: tuple[float, float] = (60.0, 140.0)
    lost: tuple[str, str] = ("europe", "fra")  # the cluster that ends at the second goal
    cut: str = "asia"
    cut_s: tuple[float, float] = (210.0, 240.0)
    authors: Annotated[int, Within(1_000, 10_000_000)] = 500_000
    partitions: Annotated[int, Within(1, PARTITIONS_MAX)] = 16  # of the log
    api_s: Annotated[float, Within(1e-6, 1)] = 0.005  # a post in its handler, moderation included
    budget: DisplayBudgetConfig | None = field(default_factory=lambda: DisplayBudgetConfig(per_s=20, window_ms=250))
    window_ms: Annotated[int, Within(50, 1_000)] = 250
    rooms: RoomsConfig = field(default_factory=RoomsConfig)
    retry: RetryConfig = field(default_factory=lambda: RetryConfig(base_s=0.2, cap_s=30.0, attempts_max=240))
    jitter: bool = True
    spare: bool = True
    busy_max: Annotated[float, Within(0.1, 0.95)] = 0.8  # of an edge's core, for which edges are counted
    at_home_tries: int = 4  # in their own region; then viewers try everywhere
    cluster: ClusterConfig = field(
        default_factory=lambda: ClusterConfig(
            costs=EdgeCosts(receive_s=50e-6, send_s=5e-6, comment_s=0.15e-6, connect_s=1e-3),
            coalescing=CoalescingConfig(window_s=0.2),
            connections=ConnectionConfig(joins_per_s=200),
        )
    )

    def why_not(self) -> str:
        moments_s = (*self.goals_s, *self.cut_s, 1.0)
        if any(round(at_s / self.step_s) * self.step_s != at_s for at_s in moments_s):
            return f"window_ms must divide a second, so that goals and cut are at its steps, got {self.window_ms}"
        if self.seconds <= self.cut_s[1]:
            return f"seconds must be more than until the cut ends, {self.cut_s[1]:g}, got {self.seconds:g}"
        if self.peak_per_s < self.base_per_s:
            return f"peak_per_s must be no less than base_per_s, {self.base_per_s:g}, got {self.peak_per_s:g}"
        return ""

    @property
    def step_s(self) -> float:
        return self.window_ms / 1000

    @property
    def phases(self) -> tuple[Phase, ...]:
        first, second = self.goals_s
        calm = first + 0.5 * (second - first)
        return (
            Phase("before", 0.0, first),
            Phase("first goal", first, calm),
            Phase("between", calm, second),
            Phase("second goal, cluster lost", second, self.cut_s[0]),
            Phase("region cut off", *self.cut_s),
            Phase("after", self.cut_s[1], self.seconds),
        )

    @property
    def edge_viewers_max(self) -> int:
        """How many viewers keep an edge's core as busy as it may be, when a frame a window is full of comments."""
        shown_per_s = DisplayBudgetConfig(per_s=20).per_s
        costs, frames_per_s = self.cluster.costs, 1 / self.step_s
        receiving = costs.receive_s * shown_per_s * ROOMS
        each = frames_per_s * costs.send(round(shown_per_s / frames_per_s))
        return int((self.busy_max - receiving) / each)

    def viewers_of(self, region: str) -> int:
        return round(self.viewers * PLACES[region].share)

    def edges_of(self, region: str) -> int:
        """Of each cluster: as many as hold the region's viewers, with spare ones even when one cluster is gone."""
        clusters = len(PLACES[region].pops_ms) - (1 if self.spare else 0)
        return math.ceil(self.viewers_of(region) / clusters / self.edge_viewers_max)

    @property
    def edges(self) -> int:
        return sum(self.edges_of(region) * len(place.pops_ms) for region, place in PLACES.items())

    def network(self) -> Network:
        """Clusters as points of presence, whose first edge stands for all of its own."""
        regions = tuple(
            Region(
                name=name,
                pops=tuple(
                    Pop(name=pop, edges=self.edges_of(name), uplink=_uplink(delay_ms))
                    for pop, delay_ms in place.pops_ms.items()
                ),
            )
            for name, place in PLACES.items()
        )
        links = tuple(Link(source=a, target=b, delay_s=ms / 1000, **WAN) for (a, b), ms in WANS_MS.items())
        return Network(regions=regions, links=links, lan=Quality(delay_s=0.0003))


def _uplink(delay_ms: float) -> Quality:
    return Quality(delay_s=delay_ms / 1000, jitter_s=0.001, bandwidth_bytes_per_s=10 * GBIT, loss=1e-5)


def scaled(plan: Plan, fewer: float, rooms: int) -> Plan:
    """A small final whose edges are as busy: fewer viewers, each as much dearer, and comments for so few rooms."""
    costs = plan.cluster.costs
    dearer = replace(
        costs, send_s=costs.send_s * fewer, comment_s=costs.comment_s * fewer, connect_s=costs.connect_s * fewer
    )
    joins_per_s = max(1, round(200 / fewer))
    in_room = plan.edge_viewers_max / fewer / rooms
    comments = rooms / ROOMS
    return replace(
        plan,
        viewers=round(plan.viewers / fewer),
        base_per_s=plan.base_per_s * comments,
        peak_per_s=plan.peak_per_s * comments,
        authors=round(plan.authors * comments),
        rooms=RoomsConfig(split_at=math.ceil(1.2 * in_room), merge_at=math.floor(0.3 * in_room)),
        cluster=replace(plan.cluster, costs=dearer, connections=ConnectionConfig(joins_per_s=joins_per_s)),
    )


AS_PLANNED = "as planned"
OWN_REGION = "own region only"  # without spare edges, and viewers of a lost cluster go nowhere else
VARIANTS: dict[str, Plan] = {
    AS_PLANNED: Plan(),
    OWN_REGION: Plan(spare=False, at_home_tries=Plan().retry.attempts_max),
    "no jitter": Plan(jitter=False),
    "no display budget": Plan(budget=None),
    "windows of 20 ms": Plan(cluster=replace(Plan().cluster, coalescing=CoalescingConfig())),
}
