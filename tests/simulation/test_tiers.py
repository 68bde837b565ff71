"""The tiers of the model's edge: they take the same decisions at the same times, and agree about the tail."""

import json
from collections.abc import Sequence
from random import Random

import numpy as np
import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st

from reference_impl.policy.backpressure import BackpressureConfig, Ending
from reference_impl.policy.batching import GroupCommitConfig
from reference_impl.policy.coalescing import CoalescingConfig
from reference_impl.policy.connections import ConnectionConfig
from reference_impl.policy.display_budget import DisplayBudgetConfig
from reference_impl.policy.ordering import OrderingConfig
from reference_impl.policy.rate import RateConfig, RateLimiter
from reference_impl.policy.retry import Retry, RetryConfig
from simulation.bench.sim_tiers import Crowd, by_batch, by_events, by_hybrid
from simulation.model.batch_edge import BatchEdge, EdgePolicies
from simulation.model.commits import publish
from simulation.model.costs import EdgeCosts
from simulation.model.edge import Edge
from simulation.model.event_loop import EventLoop
from simulation.model.explicit_edge import ExplicitConfig, ExplicitEdge
from simulation.model.fleet import FleetConfig, run_fleet
from simulation.model.hub import StreamHub
from simulation.model.mixture import quantile
from simulation.model.socket_viewer import Reading, SocketConfig, SocketViewer
from simulation.model.subscriber import Subscriber
from simulation.model.viewer_client import ViewerClient
from simulation.replications import Streams, digest, replicate
from simulation.statistics import confidence_interval

COSTS = EdgeCosts(receive_s=50e-6, send_s=5e-6, comment_s=0.5e-6)

arrivals = st.lists(st.floats(0, 0.02), min_size=1, max_size=60).map(lambda gaps: np.cumsum(gaps).tolist())


def in_simpy(seqs: Sequence[int], arrivals_s: Sequence[float], policies: EdgePolicies, viewers: int) -> Edge:
    """The hub and the edge of the model, with a process for every message."""
    env = simpy.Environment()
    loop = EventLoop(env)
    edge = Edge(env, loop, lambda gap_s, events: COSTS.fan_out(viewers, events))
    hub = StreamHub(env, loop, edge, policies.coalescing, policies.ordering, read=lambda missing: missing)
    env.process(Subscriber(env, loop, hub, COSTS.receive_s).run(seqs, arrivals_s))
    env.run()
    return edge


@settings(max_examples=60, deadline=None)
@given(arrivals, st.integers(1, 4000), st.floats(0, 0.05), st.integers(1, 8), st.lists(st.integers(1, 60), max_size=20))
def test_a_batch_edge_takes_the_steps_that_the_hub_takes_in_simpy(
    arrivals_s: list[float], viewers: int, window_s: float, items_max: int, lost: list[int]
) -> None:
    """Whatever the load, and whatever the broker loses but the last."""
    policies = EdgePolicies(coalescing=CoalescingConfig(window_s=window_s, items_max=items_max))
    kept = [seq for seq in range(1, len(arrivals_s) + 1) if seq not in lost or seq == len(arrivals_s)]
    times_s = [arrivals_s[seq - 1] for seq in kept]
    edge, batch = in_simpy(kept, times_s, policies, viewers), BatchEdge(viewers, policies, COSTS)
    fan_outs = batch.run(kept, times_s)
    assert fan_outs.seqs == [seq for each in edge.fan_outs for seq in each.seqs]
    assert fan_outs.sizes == [len(each.seqs) for each in edge.fan_outs]
    assert fan_outs.starts_s == pytest.approx([each.start_s for each in edge.fan_outs])
    assert sorted(fan_outs.seqs) == list(range(1, len(arrivals_s) + 1))


@given(arrivals, st.integers(1, 3000))
def test_stretches_change_nothing(arrivals_s: list[float], viewers: int) -> None:
    """What a batch edge takes in one step, and message by message."""
    seqs = list(range(1, len(arrivals_s) + 1))
    at_once = EdgePolicies(ordering=OrderingConfig())
    together, singly = BatchEdge(viewers, at_once, COSTS), BatchEdge(viewers, at_once, COSTS)
    singly._take_stretch = lambda at, count, times_s: singly._take(seqs[at], times_s[at]) or at + 1  # type: ignore[method-assign,assignment]
    ones, others = together.run(seqs, arrivals_s), singly.run(seqs, arrivals_s)
    assert ones.starts_s == pytest.approx(others.starts_s)
    assert (ones.sizes, ones.seqs) == (others.sizes, others.seqs)


intervals = st.lists(st.tuples(st.floats(0, 5), st.floats(0, 3), st.floats(0.1, 4)), min_size=1, max_size=40)


@given(intervals, st.floats(0.001, 0.999))
def test_a_quantile_of_intervals_has_its_share_below_it(rows: list[tuple[float, float, float]], share: float) -> None:
    lows, spans, weights = (np.array(column) for column in zip(*rows, strict=True))
    found = quantile(lows, spans, weights, share)

    def below(at: float) -> float:
        return float(np.clip((at - lows) / np.maximum(spans, 1e-12), 0, 1) @ weights / weights.sum())

    assert below(found - 1e-9) <= share + 1e-6
    assert below(found + 1e-9) >= share - 1e-6


def test_a_quantile_is_that_of_the_ranks_one_by_one() -> None:
    rng = np.random.default_rng(1)
    lows, spans = rng.exponential(1, 300), rng.uniform(0.2, 0.5, 300)
    ranks = (lows[:, None] + spans[:, None] * (np.arange(2000) + 0.5) / 2000).ravel()
    for share in (0.5, 0.9):
        assert quantile(lows, spans, np.ones(300), share) == pytest.approx(np.quantile(ranks, share), rel=1e-4)


def test_the_tiers_agree_about_the_tail() -> None:
    """Explicit sends are drawn from a distribution, so the tiers are compared over replications."""
    crowd, differences = Crowd(viewers=300, comments_per_s=60, seconds=8), []
    for number in range(16):
        streams = Streams(1, "tiers", number)
        explicit, hybrid, batch = (run(crowd, streams) for run in (by_events, by_hybrid, by_batch))
        assert explicit.deliveries == hybrid.deliveries == batch.deliveries == 300 * 60 * 8
        differences.append([run.latency_s[1] / explicit.latency_s[1] - 1 for run in (hybrid, batch)])
    for each in zip(*differences, strict=True):
        found = confidence_interval(each, 0.99)
        assert abs(found.mean) + found.half_width < 0.005


def test_the_write_path_admits_and_commits_as_its_policies_say() -> None:
    """A commit of 10 ms: the first comment goes alone, the next four wait, and of them the last finds no room."""
    posts = [(0.0, "ann"), (0.001, "bob"), (0.002, "ann"), (0.003, "cas"), (0.004, "dan")]
    config = GroupCommitConfig(waiting_max=2)
    published = publish(posts, RateLimiter(RateConfig(burst=1, period_s=60)), config, lambda comments: 0.010)
    assert published.durable_s == pytest.approx([0.010, 0.020, 0.020])
    assert published.intended_s == [0.0, 0.001, 0.003]
    assert (published.limited, published.crowded_out) == (1, 1)


def test_a_fleet_delivers_everything_everywhere_whatever_its_broker_loses() -> None:
    posts = [(number / 50, f"u{number}") for number in range(200)]
    config = FleetConfig(edges=3, viewers=10, lost_share=0.1)
    run = run_fleet(config, posts, [0.001, 0.01, 0.05], np.random.default_rng(1))
    assert run.deliveries == 200 * 3 * 10
    assert (run.lows_s > 0).all()


def test_a_budget_sheds_the_same_on_every_edge() -> None:
    posts = [(number / 100, f"u{number}") for number in range(1000)]
    config = FleetConfig(edges=2, viewers=10, policies=EdgePolicies(budget=DisplayBudgetConfig(per_s=20)))
    run = run_fleet(config, posts, [0.001, 0.05], np.random.default_rng(1))
    assert run.deliveries % (2 * 10) == 0
    assert 150 * 20 <= run.deliveries <= 250 * 20


class Watched:
    """An explicit edge with a stream at a steady rate, viewers that keep up, and others that do not."""

    def __init__(
        self, ending: Ending, slow: Sequence[Reading], comments: int = 600, storm_s: float | None = None
    ) -> None:
        self.env = simpy.Environment()
        loop = EventLoop(self.env)
        config = ExplicitConfig(
            pressure=BackpressureConfig(queue_bytes=64 * 1024, ending=ending), comment_bytes=2000,
            socket=SocketConfig(kernel_bytes=64 * 1024, resume_bytes=16 * 1024),
            connections=ConnectionConfig(joins_per_s=20), costs=COSTS,
        )  # fmt: skip
        self.edge = ExplicitEdge(self.env, loop, config)
        self.fast = self.edge.add(20)
        self.slow = self.edge.add(len(slow))
        hub = StreamHub(
            self.env, loop, self.edge, CoalescingConfig(), OrderingConfig(), read=lambda missing: missing
        )  # fmt: skip
        seqs = range(1, comments + 1)
        self.env.process(Subscriber(self.env, loop, hub, COSTS.receive_s).run(seqs, [seq / 100 for seq in seqs]))
        self.clients = [self.client(viewer, reading) for viewer, reading in zip(self.slow, slow, strict=True)]
        for client in self.clients:
            self.env.process(client.follow())
        if storm_s is not None:
            self.env.process(self.storm(storm_s))
        self.env.run(comments / 100 + 90)  # the slower one needs a minute for it all

    def client(self, viewer: SocketViewer, reading: Reading) -> ViewerClient:
        retry = Retry(RetryConfig(base_s=0.2, cap_s=2.0, attempts_max=20), Random(1))
        return ViewerClient(self.env, self.edge, viewer, retry, reading)

    def storm(self, at_s: float):
        yield self.env.timeout(at_s)
        self.edge.drop(self.fast)
        self.storming = [self.client(viewer, Reading()) for viewer in self.fast]
        for each in self.storming:
            self.env.process(each.come_back())


SLOW = [Reading(bytes_per_s=20_000), Reading(stalls=((1.0, 5.0),))]


@pytest.mark.parametrize("ending", Ending)
def test_every_comment_is_delivered_or_named_by_a_gap_once(ending: Ending) -> None:
    watched = Watched(ending, SLOW)
    for viewer in watched.edge.viewers:
        assert viewer.delivered + viewer.skipped == viewer.position == 600
        assert (viewer.lost, viewer.duplicated) == (0, 0)
    assert all(viewer.delivered == 600 for viewer in watched.fast)
    assert watched.edge.queues.total_bytes == 0


def test_each_ending_does_what_its_name_says() -> None:
    runs = {ending: Watched(ending, SLOW) for ending in Ending}
    skipped = {ending: sum(viewer.skipped for viewer in run.slow) for ending, run in runs.items()}
    reconnects = {ending: sum(client.reconnects for client in run.clients) for ending, run in runs.items()}
    assert skipped[Ending.DISCONNECT] == 0 < skipped[Ending.DROP_OLDEST]
    assert skipped[Ending.SKIP_TO_HEAD] > 0
    assert reconnects[Ending.DISCONNECT] >= 2
    assert reconnects[Ending.DROP_OLDEST] == reconnects[Ending.SKIP_TO_HEAD] == 0
    assert 0 < runs[Ending.DROP_OLDEST].edge.peak_bytes <= 2 * 64 * 1024
    assert 0 < runs[Ending.SKIP_TO_HEAD].edge.peak_bytes <= 2 * 64 * 1024


def test_a_crowd_that_is_dropped_comes_back_as_fast_as_it_is_let_in_and_misses_nothing() -> None:
    watched = Watched(Ending.DISCONNECT, [], storm_s=2.0)
    assert all(each.reconnects == 1 for each in watched.storming)
    assert all(viewer.delivered == 600 and viewer.lost == 0 for viewer in watched.fast)
    assert watched.edge.connections.viewers == 20


def figures(streams: Streams) -> list[float]:
    return by_events(Crowd(viewers=50, comments_per_s=50, seconds=2), streams).latency_s


def test_a_run_gives_the_same_digest_whoever_and_how_many_run_it() -> None:
    digests = {digest(replicate(figures, 4, workers=workers, scenario="same")) for workers in (1, 2, 4)}
    assert len(digests) == 1
    assert digests != {digest(replicate(figures, 4, workers=1, scenario="same", seed=2))}
    assert json.loads(json.dumps(figures(Streams(1, "same", 0)))) == figures(Streams(1, "same", 0))


def test_streams_are_common_to_policies_and_apart_from_one_another() -> None:
    streams = Streams(1, "s", 0)
    assert streams.random("arrivals").random() == Streams(1, "s", 0).random("arrivals").random()
    assert streams.random("arrivals").random() != streams.random("services").random()
    assert streams.numbers("arrivals").random() != Streams(1, "s", 1).numbers("arrivals").random()
