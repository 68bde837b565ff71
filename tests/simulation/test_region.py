"""A region: what reaches its edges, when, and who of its viewers has what, whatever is cut or lost."""

from collections.abc import Callable, Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference_impl.policy.coalescing import CoalescingConfig
from reference_impl.policy.connections import ConnectionConfig
from reference_impl.policy.display_budget import Candidate, DisplayBudget, DisplayBudgetConfig
from reference_impl.policy.resume_ring import ResumeRingConfig
from reference_impl.policy.retry import RetryConfig
from simulation.faults import Ceiling
from simulation.link_faults import LinkCut, RegionCut
from simulation.model.batch_edge import BatchEdge, EdgePolicies
from simulation.model.cluster import Cluster, ClusterConfig
from simulation.model.costs import EdgeCosts
from simulation.model.frames import Ledger, Traffic
from simulation.model.region import Region, Way, slices
from simulation.model.returning import Returning, spread
from simulation.model.samples import Batch, Stream, batches
from simulation.model.topology import Topology
from simulation.topology import Link, Network, Pop
from simulation.topology import Region as Place

COSTS = EdgeCosts(receive_s=50e-6, send_s=5e-6, comment_s=0.5e-6)
ONE_ROOM = np.ones(1)


def one(room: int, at_s: float, position: int, comments: int = 1) -> Batch:
    return Batch(room, at_s, comments, position, np.full(comments, at_s))


def network() -> Topology:
    """Three regions in a triangle; from a to c it is shorter through b."""
    links = (
        Link(source="a", target="b", delay_s=0.02), Link(source="b", target="c", delay_s=0.02),
        Link(source="a", target="c", delay_s=0.09),
    )  # fmt: skip
    return Topology(Network(regions=tuple(Place(name=name, pops=(Pop(name="p"),)) for name in "abc"), links=links))


def region(topology: Topology, viewers: int = 10, config: ClusterConfig | None = None) -> Region:
    cluster = Cluster("c/p", 1, viewers, ONE_ROOM, config or ClusterConfig(costs=COSTS))
    return Region("c", topology, {"c/p/1": cluster}, lambda name: Random(name))


@settings(deadline=None)
@given(
    st.lists(st.floats(0, 0.02), min_size=1, max_size=60).map(lambda gaps: np.cumsum(gaps).tolist()),
    st.integers(1, 4000), st.floats(0, 0.05),
)  # fmt: skip
def test_a_cluster_of_one_edge_with_one_room_is_a_batch_edge(
    arrivals_s: list[float], viewers: int, window_s: float
) -> None:
    coalescing = CoalescingConfig(window_s=window_s)
    edge = BatchEdge(viewers, EdgePolicies(coalescing=coalescing), COSTS)
    edge.run(range(1, len(arrivals_s) + 1), arrivals_s)
    cluster = Cluster("one", 1, viewers, ONE_ROOM, ClusterConfig(costs=COSTS, coalescing=coalescing))
    for seq, at_s in enumerate(arrivals_s, 1):
        cluster.receive(one(0, at_s, seq), at_s)
    cluster.work(float("inf"))
    assert cluster.frames.starts_s == pytest.approx(edge.fan_outs.starts_s)
    assert cluster.frames.spans_s == pytest.approx(edge.fan_outs.durations_s)
    assert cluster.ledger.delivered == viewers * len(arrivals_s)
    assert cluster.traffic.littles_error() < 1e-9


@settings(deadline=None)
@given(st.integers(0, 1_000), st.floats(5, 200), st.integers(1, 4))
def test_rooms_are_shown_what_their_budget_shows_one_by_one(seed: int, per_s: float, rooms: int) -> None:
    rng = np.random.default_rng(seed)
    durable_s = np.cumsum(rng.exponential(1 / per_s, 300))
    stream = Stream(durable_s - 0.01, durable_s, rng.integers(0, rooms, 300))
    config = DisplayBudgetConfig(per_s=5)
    found = batches(stream, rooms, config.window_ms, config)
    for room in range(rooms):
        budget: DisplayBudget[int] = DisplayBudget(config)
        shown = []
        for seq in (np.flatnonzero(stream.rooms == room) + 1).tolist():
            now = float(durable_s[seq - 1])
            shown += budget.flush(now) + budget.offer(Candidate(seq, seq, int(now * 1000), str(seq), False), now)
        mine = [batch for batch in found if batch.room == room]
        meant_s = np.concatenate([batch.intended_s for batch in mine]) if mine else np.zeros(0)
        assert meant_s.tolist() == [stream.intended_s[each.seq - 1] for each in (*shown, *budget.end())]
        positions = [batch.position for batch in mine]
        assert positions == sorted(positions)


def test_the_way_is_the_shortest_that_is_up_and_none_when_the_region_is_cut_off() -> None:
    topology = network()
    way = Way(topology, ("broker", "c"), lambda name: Random(name))
    assert way.arrives_s(1.0, 0) == pytest.approx(1.04)
    detour = LinkCut(source="b", target="c")
    topology.begin(detour)
    assert way.arrives_s(2.0, 0) == pytest.approx(2.09)
    topology.end(detour)
    topology.begin(RegionCut(region="c"))
    assert way.arrives_s(3.0, 0) is None
    assert not way.open


def test_nothing_overtakes_on_a_way_that_loses_and_has_a_bandwidth() -> None:
    lossy = Link(source="a", target="b", delay_s=0.02, jitter_s=0.05, loss=0.2, bandwidth_bytes_per_s=1e6)
    topology = Topology(Network(regions=(Place(name="a"), Place(name="b")), links=(lossy,)))
    way = Way(topology, ("broker", "b"), lambda name: Random(name))
    there_s = [way.arrives_s(at / 100, 1_000) for at in range(500)]
    known_s = [at_s for at_s in there_s if at_s is not None]
    assert known_s == sorted(known_s)
    assert max(at_s - at / 100 for at, at_s in enumerate(known_s)) > 0.2  # some were sent again


def test_after_a_cut_a_region_is_given_all_that_it_lacks_and_then_what_is_new() -> None:
    topology = network()
    found, cut = region(topology), RegionCut(region="c")
    topology.begin(cut)
    for second in range(30):
        found.bring([one(0, float(second), second + 1)], 100, float(second), 100)
    cluster = found.clusters[0]
    cluster.work(31.0)
    assert found.cut_off
    assert not cluster.frames.starts_s
    topology.end(cut)
    found.bring([one(0, 31.0, 31)], 100, 31.0, 100)
    cluster.work(float("inf"))
    assert cluster.ledger.delivered == 10 * 31
    first_s = cluster.frames.starts_s[0]
    assert first_s == pytest.approx(31.0 + 3 * 0.04, abs=0.01)  # asked for, and answered, after a first message


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 60)), min_size=1, max_size=60))
def test_slices_hold_every_comment_once_and_none_is_too_large(rows: list[tuple[int, int]]) -> None:
    lacking = [one(room, float(at), at + 1, comments) for at, (room, comments) in enumerate(rows)]
    made = slices(lacking)
    assert max(batch.comments for batch in made) <= 100
    for room in range(4):
        assert sum(each.comments for each in made if each.room == room) == sum(n for at, n in rows if at == room)
        positions = [each.position for each in made if each.room == room]
        assert positions == sorted(positions)


def lost_and_found(ring: ResumeRingConfig, back_s: float) -> tuple[Ledger, Cluster]:
    """Two clusters that show the same; the viewers of one come to the other later."""
    config = ClusterConfig(costs=COSTS, ring=ring)
    first, second = (Cluster(name, 1, 100, ONE_ROOM, config) for name in ("first", "second"))
    for cluster in (first, second):
        for at in range(40):
            if cluster is second or at < 10:
                cluster.receive(one(0, float(at), 3 * (at + 1)), at + 0.01)
        cluster.work(10.0 if cluster is first else back_s)
    away = first.lose(10.0)
    assert second.join(100, back_s, away) == 100
    second.work(float("inf"))
    second.settle(120)
    return first.ledger.plus(second.ledger), second


@pytest.mark.parametrize(("age_s", "missed"), [(30.0, 0), (5.0, 100 * 6)])
def test_who_changes_edges_is_given_what_the_ring_still_has(age_s: float, missed: int) -> None:
    books, second = lost_and_found(ResumeRingConfig(age_s=age_s), 21.0)
    assert books.missed == pytest.approx(missed)
    assert books.error(200 * 120) < 1e-12
    assert sum(weights.sum() for weights in second.caught_up.weights) == pytest.approx(100 * 11 - missed)


def test_an_edge_takes_no_more_viewers_than_its_limits() -> None:
    config = ClusterConfig(costs=COSTS, connections=ConnectionConfig(viewers_max=150, joins_per_s=20))
    cluster = Cluster("full", 2, 200, ONE_ROOM, config)
    away = Cluster("gone", 1, 1, ONE_ROOM, config).lose(0.0)
    assert cluster.join(100, 1.0, away) == 40
    assert sum(cluster.join(1_000, 2.0 + at, away) for at in range(10)) == 60
    assert cluster.viewers == 300


@pytest.mark.parametrize("jitter", [True, False])
def test_everybody_who_has_lost_an_edge_tries_again_until_attempts_are_spent(jitter: bool) -> None:
    rng = Random(1) if jitter else Ceiling()
    crowd = Returning(RetryConfig(base_s=0.2, cap_s=2.0, attempts_max=3), 0.25, rng)
    crowd.failed(0, 1_000, 0.0)
    tries = []
    for step in range(60):
        due = crowd.due(step)
        tries.append(sum(count for _, count in due))
        for failures, count in due:
            crowd.failed(failures, count, (step + 1) * 0.25)
    assert sum(tries) == 3_000
    assert (crowd.waiting, crowd.given_up) == (0, 1_000)
    assert len([count for count in tries if count]) == 3 if not jitter else max(tries) <= 1_000


@given(st.integers(0, 10_000), st.lists(st.integers(1, 50), min_size=1, max_size=12))
def test_a_crowd_is_parted_without_a_rest(count: int, weights: Sequence[int]) -> None:
    parts = spread(count, weights)
    assert sum(parts) == count
    assert all(abs(part - count * weight / sum(weights)) <= 1 for part, weight in zip(parts, weights, strict=True))


@pytest.mark.parametrize(
    "break_it", [lambda traffic: traffic.ends_s.pop(), lambda traffic: traffic.leave(0.0, 9.0)], ids=["lost", "twice"]
)
def test_littles_law_notices_a_message_that_is_lost_or_counted_twice(break_it: Callable[[Traffic], object]) -> None:
    traffic = Traffic(arrivals_s=[0.0, 1.0, 2.0])
    for at_s in (0.0, 1.0, 2.0):
        traffic.leave(at_s, at_s + 1.5)
    assert traffic.littles_error() < 1e-12
    break_it(traffic)
    assert traffic.littles_error() > 0.01


def test_books_that_are_off_are_noticed() -> None:
    assert Ledger(delivered=5, shed=3, missed=2, repeated=1).error(9) == 0
    assert Ledger(delivered=5, shed=3).error(10) == pytest.approx(0.2)
