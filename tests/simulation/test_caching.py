"""caching: its answer's directions in the model, with confidence; the room's behaviour; a small live run."""

import asyncio
from dataclasses import replace
from functools import cache
from random import Random

import pytest
import simpy

from reference_impl.policy.circuit_breaker import State
from reference_impl.policy.hot_keys import HotKeysConfig
from reference_impl.policy.recent_window import Recall, RecentConfig, Wanted
from simulation.experiments.caching.family import Caching
from simulation.experiments.caching.live import run_live
from simulation.experiments.caching.plan import ALL, VARIANTS, Case, Size
from simulation.model.cache import IDLE_S, Cache, CacheCosts
from simulation.model.cached_pages import CachedPages, CacheWriter, Guards, Log, PageCosts, Stream
from simulation.model.database import Reader
from simulation.model.event_loop import EventLoop
from simulation.statistics import confidence_interval

COSTS = {
    "request_s": 2.5e-4, "answer_s": 2.5e-4, "recall_s": 5e-4, "call_s": 3e-4, "failed_s": 1e-4, "head_s": 2e-4,
    "read_s": 1.1e-3, "comment_s": 1e-5, "client_s": 6e-5, "way_s": 3e-4, "post_s": 1.2e-3,
    "cache": {"hop_s": 2e-4, "recall_s": 1.2e-4, "miss_s": 2e-5, "build_s": 4e-4, "remember_s": 4e-5},
}  # fmt: skip
SMALL = Size(per_s=250.0, fleet_s=0.2)  # half of the readers, on nodes half as fast, for less long
REPLICATIONS = 5
NEWEST = Wanted(True, None, 51)


@cache
def values(variant: str, repeat: int) -> dict[str, float]:
    return dict(Caching(SMALL).simulate(variant, repeat, COSTS).values)


@pytest.mark.parametrize(
    ("less", "more", "measure"),
    [
        ("plain", "no-cache", "reads_per_s"),
        ("single-flight", "plain", "reads_per_s"),
        ("single-flight", "plain", "p99_ms"),
        ("single-flight", "warming", "hit_pct"),
        ("killed", "silent", "p99_ms"),
        ("silent", "silent-no-breaker", "late_pct"),
        ("fleet-copies", "fleet", "p99_ms"),
    ],
)
def test_the_answer_has_the_right_direction(less: str, more: str, measure: str) -> None:
    differences = [values(more, repeat)[measure] - values(less, repeat)[measure] for repeat in range(REPLICATIONS)]
    interval = confidence_interval(differences, 0.95)
    assert interval.mean - interval.half_width > 0


def test_the_same_repeat_gives_the_same_figures_and_everybody_is_answered() -> None:
    assert Caching(SMALL).simulate("silent", 1, COSTS).values == values("silent", 1)
    assert all(values(variant, 0)["failed"] == 0 for variant in VARIANTS)
    assert len({tuple(Case(variant, 2).readers_s()) for variant in VARIANTS.values()}) == 1


def test_what_only_a_fleet_has_is_simulated_only() -> None:
    assert set(Caching().simulated_only) == {"fleet", "fleet-copies"}


class World:
    """A server with pages of 51 comments of a stream of 300, and a cache of two nodes."""

    def __init__(self, config: RecentConfig | None = None, nodes: int = 2) -> None:
        self.env = simpy.Environment()
        self.cache = Cache(self.env, config or RecentConfig(), CacheCosts(), nodes)
        self.loop = EventLoop(self.env)
        self.guards = Guards.made(self.env, Random(1))
        self.log = Log(self.env, Reader(self.env), self.guards.reads, PageCosts(read_s=0.01))
        costs = PageCosts(read_s=0.01)
        self.pages = CachedPages(
            self.env, self.loop, self.cache, self.log, self.guards, config or RecentConfig(), costs, Random(2)
        )
        self.writer = CacheWriter(self.cache, self.guards.cache, self.loop, 0.0)
        self.stream = Stream("s", 300)
        self.good: list[bool] = []

    def read(self, times: int = 1, after_s: float = 0.1) -> None:
        """So many at once, and what follows within a while."""
        asked = [self.env.process(self.pages.page(self.stream, 51)) for _ in range(times)]
        self.env.run(until=self.env.now + after_s)
        self.good += [bool(each.value) for each in asked if each.triggered]

    def post(self) -> None:
        self.stream.head += 1
        self.env.run(until=self.env.process(self.writer.write(self.stream, self.stream.head)))

    @property
    def counts(self) -> dict[str, int]:
        return dict(self.pages.counts)


def test_a_crowd_that_finds_nothing_is_answered_by_one_read() -> None:
    world = World()
    world.read(50)
    assert world.log.pages == 1
    world.read(50)
    assert (world.log.pages, world.counts) == (1, {Recall.MISSING: 50, Recall.HIT: 50})
    assert world.good == [True] * 100


def test_of_a_crowd_each_makes_its_connection_and_the_next_crowd_finds_them() -> None:
    world = World()
    world.pages.costs = PageCosts(connect_s=0.001)
    for crowd in (30, 30, 10):
        world.read(crowd)
        assert world.loop.busy_s == pytest.approx(0.001 * 30)
    hot = World()
    hot.pages.costs = PageCosts(connect_s=0.001)
    hot.pages.has_been_asked(hot.stream, 1_000)
    hot.read(30)
    assert hot.loop.busy_s == 0


def test_without_single_flight_each_of_them_reads() -> None:
    world = World(RecentConfig(single_flight=False))
    world.read(50, after_s=5.0)
    assert world.log.pages == 50


def test_what_is_written_is_there_and_what_was_not_brought_is_read_from_the_log() -> None:
    world = World()
    world.read()
    world.post()
    world.read(after_s=1.5)
    assert world.log.pages == 1
    world.stream.head += 3  # by a server that died before it had brought them
    world.read()
    assert (world.counts[Recall.BEHIND], world.log.pages) == (1, 2)
    world.read()
    assert (world.counts[Recall.HIT], world.log.pages) == (2, 2)


def test_a_window_that_is_read_is_made_anew_and_one_that_is_not_is_forgotten() -> None:
    world = World()
    world.read(after_s=11.0)
    world.read()
    assert (world.counts[Recall.HIT], world.log.pages) == (1, 2)
    world.read(after_s=IDLE_S)
    world.read()
    assert world.counts[Recall.MISSING] == 2


def test_copies_lie_on_several_nodes_and_get_what_is_written() -> None:
    world = World(RecentConfig(hot_keys=HotKeysConfig(copy_per_s=1.0, copies_max=4)))
    world.pages.has_been_asked(world.stream, 1_000)
    world.read(100, after_s=2.0)
    world.read(100)
    assert world.log.pages == 4
    assert all(node.kept for node in world.cache.nodes)
    world.post()
    assert {kept.window.through for node in world.cache.nodes for kept in node.kept.values()} == {301}


def test_a_cache_that_is_killed_refuses_and_comes_back_empty() -> None:
    world = World(nodes=1)
    world.read()
    (node,) = world.cache.nodes
    node.kill()
    world.read(5)
    assert world.counts["away"] == 5
    node.start()
    world.read()
    assert world.counts[Recall.MISSING] == 2
    assert all(world.good)


def test_a_silent_cache_is_left_alone_after_a_while_and_asked_again() -> None:
    world = World(nodes=1)
    world.read()
    world.cache.nodes[0].stop()
    for _ in range(20):
        world.read(1, after_s=0.3)
    assert world.guards.cache.state is not State.CLOSED
    assert world.counts["away"] == 20
    world.cache.nodes[0].resume()
    for _ in range(200):
        world.read(1, after_s=0.3)
    assert world.guards.cache.state is State.CLOSED
    assert all(world.good)


def test_an_evicted_window_is_missed() -> None:
    world = World()
    world.read()
    assert world.cache.evict(("s", 0))
    world.read()
    assert world.counts == {Recall.MISSING: 2}


@pytest.mark.slow
@pytest.mark.usefixtures("patient")
def test_a_crowd_at_a_real_server_is_answered_and_read_for_once() -> None:
    # For some windows' lives: of one alone a crowd may come so slowly, on a busy machine, that it is no crowd.
    size = Size(seconds=3.0, crowd=10, posts_per_s=5.0)
    plain, flight = (
        asyncio.run(run_live(Case(replace(VARIANTS["warming"], without=without), 0, size)))[0]
        for without in (ALL, ("warming", "copies", "breaker"))  # which a slow machine would open
    )
    assert len(plain.waits_s) == len(flight.waits_s) == 120
    assert plain.failed == flight.failed == 0
    assert plain.reads > flight.reads >= 1
