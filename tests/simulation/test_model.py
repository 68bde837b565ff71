"""The whole model under a hand-made calibration: its latencies are sums that can be done by hand."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
import simpy

from reference_impl.policy.coalescing import CoalescingConfig
from reference_impl.policy.ordering import OrderingConfig
from reference_impl.policy.rate import RateConfig, RateLimiter
from simulation.calibration import Calibration
from simulation.engines.simulated import policies, run_simulated
from simulation.model.edge import Edge, FanOutCost
from simulation.model.event_loop import EventLoop, Steps
from simulation.model.hub import StreamHub
from simulation.model.server import Crowd, Server
from simulation.result import STAGES, RunResult
from simulation.scenario import Audience, Scenario, Workload
from simulation.trace import schedule

VIEWERS = 4
INGRESS, API, HOP, RECEIVE, SLACK, ANSWER = 1.0, 0.5, 0.2, 0.05, 1.0, 0.3  # all in ms
POLL, EDGE_HOP = 0.4, 0.7
DISPATCH, HANDOVER, WORK, WORK_MORE, SYNC = 0.1, 0.4, 2.0, 0.1, 0.5
COMMIT = DISPATCH + HANDOVER + WORK + SYNC
FAN_OUT, FIRST_LAG, SPAN = 2.0, 0.4, 1.6

Row = tuple[int, str]


def constant_costs(fan_out: float = FAN_OUT, span: float = SPAN) -> Calibration:
    """Every draw answers the same, whatever the state."""
    return Calibration(
        posts=np.array([[1.0, INGRESS, API]]) / 1000,
        commits=np.array([[1.0, 1000.0, WORK], [1.0, 2000.0, WORK + WORK_MORE]]) / 1000,  # of one comment, and of two
        handovers=np.array([[1.0, DISPATCH, HANDOVER, SYNC]]) / 1000,
        hops=np.array([HOP]) / 1000,
        slacks=np.array([SLACK]) / 1000,
        receive_s=RECEIVE / 1000,
        answers=np.array([[1.0, ANSWER]]) / 1000,
        fan_outs=np.array([[1000.0 * VIEWERS, 1.0, 1000.0, fan_out, FIRST_LAG, span]]) / 1000,  # of one event
        stalls=np.zeros(0),
        stalls_per_s=0.0,
        polls=np.array([POLL]) / 1000,
        edge_hops=np.array([EDGE_HOP]) / 1000,
        machine={},
    )


def random_costs() -> Calibration:
    """The same with noise, so that a seed makes a difference."""
    noise = np.random.default_rng(1)
    steady = constant_costs()
    return replace(
        steady,
        posts=steady.posts * noise.uniform(0.5, 1.5, (50, 3)),
        handovers=steady.handovers * noise.uniform(0.5, 1.5, (50, 4)),
        slacks=steady.slacks * noise.uniform(0.5, 1.5, 50),
        fan_outs=np.repeat(steady.fan_outs, 50, axis=0)
        * np.column_stack([np.ones((50, 3)), noise.uniform(0.5, 1.5, (50, 3))]),
    )


def scenario(
    folder: Path, rows: Iterable[Row], duration_s: float = 1.0, seed: int = 1, warm_up_s: float = 0
) -> Scenario:
    """The rows (offset in ms, author) as a trace, at its own pace, once: the next round begins after the end."""
    trace = folder / "trace.jsonl"
    lines = [json.dumps({"offset_ms": at_ms, "user": author, "text": "hello"}) for at_ms, author in rows]
    trace.write_text("\n".join(lines) + "\n")
    return Scenario(
        seed=seed, duration_s=duration_s, warm_up_s=warm_up_s,
        audience=Audience(viewers=VIEWERS), workload=Workload(trace=str(trace), speed=1),
    )  # fmt: skip


def crowded_rows() -> list[Row]:
    """400 comments in about a second, by as many authors, often several at once."""
    rng = Random(7)
    return [(at_ms, f"author{number}") for number, at_ms in enumerate(sorted(rng.randrange(900) for _ in range(400)))]


def run_server(experiment: Scenario, calibration: Calibration) -> Server:
    env = simpy.Environment()
    server = Server(env, policies(experiment), calibration, Crowd(VIEWERS), Random(experiment.seed))
    env.process(server.authors.run(schedule(experiment)))
    env.run()
    return server


def stage_ms(result: RunResult, stage: str) -> list[float]:
    return [float(value) for value in result.latency_s[stage] * 1000]


def test_a_lone_post_takes_the_sum_of_its_costs(tmp_path: Path) -> None:
    result = run_simulated(scenario(tmp_path, [(250, "ann")]), constant_costs())
    ranks = [FIRST_LAG + (rank + 0.5) / VIEWERS * SPAN for rank in range(VIEWERS)]
    before = INGRESS + API + COMMIT + HOP + RECEIVE
    assert stage_ms(result, "api") == pytest.approx([INGRESS + API])
    assert stage_ms(result, "log") == pytest.approx([COMMIT])
    assert stage_ms(result, "broker") == pytest.approx([HOP])
    assert stage_ms(result, "hub") == pytest.approx([RECEIVE])
    assert stage_ms(result, "socket") == pytest.approx(ranks)
    assert stage_ms(result, "end_to_end") == pytest.approx([before + rank for rank in ranks])


def test_a_second_post_waits_at_the_hub_until_the_window_ends_and_the_timer_is_late(tmp_path: Path) -> None:
    """Both take the same way to the hub, 10 ms apart; the window has 20 ms from the end of a fan-out of 2 ms."""
    result = run_simulated(scenario(tmp_path, [(0, "ann"), (10, "bob")]), constant_costs())
    assert stage_ms(result, "api") == pytest.approx([INGRESS + API] * 2)
    assert stage_ms(result, "hub") == pytest.approx([RECEIVE, RECEIVE + 2 + 20 - 10 + SLACK])


def test_a_post_that_comes_during_a_fan_out_waits_for_the_loop(tmp_path: Path) -> None:
    """The first fan-out begins at 4.75 and ends at 6.75; the second post comes at 5.

    It is read at 6.75, and handled behind what was ready before that: the first author's answer.
    """
    result = run_simulated(scenario(tmp_path, [(0, "ann"), (4, "bob")]), constant_costs())
    assert stage_ms(result, "api") == pytest.approx([1.5, 6.75 + ANSWER + API - 4])


def test_posts_that_wait_for_a_commit_share_the_next_one(tmp_path: Path) -> None:
    """Admitted at 1.5, 2 and 2.5, before the first commit has its turn: that ends at 5.5, its fan-out at 7.75.

    Only then, and behind the first author's answer, the second one is dispatched, which has two comments and takes 0.1
    more.
    """
    result = run_simulated(scenario(tmp_path, [(0, "ann"), (0, "bob"), (0, "cas")]), constant_costs())
    assert stage_ms(result, "api") == pytest.approx([1.5, 2.0, 2.5])
    assert stage_ms(result, "log") == pytest.approx([5.5 - 1.5, 11.15 - 2.0, 11.15 - 2.5])


def test_queues_are_written_out_behind_the_fan_out_and_the_window_does_not_wait_for_that(tmp_path: Path) -> None:
    """They are full at 4.75 + 0.5 and written out until 4.75 + 2; the second fan-out waits for the window from 5.25."""
    costs = constant_costs(fan_out=0.5)
    rows = [(0, "ann"), (7, "bob")]
    written = run_simulated(scenario(tmp_path, rows), costs)
    queued = run_simulated(scenario(tmp_path, rows).changed({"system": {"delivery": "plain"}}), costs)
    assert stage_ms(queued, "hub") == pytest.approx(stage_ms(written, "hub"))
    busy = {name: result.facts["server_busy"] for name, result in (("written", written), ("queued", queued))}
    assert busy["queued"] - busy["written"] == pytest.approx(2 * 1.5e-3, abs=1e-3)


def test_the_same_seed_gives_the_same_result_and_another_seed_another(tmp_path: Path) -> None:
    first, again, other = (
        run_simulated(scenario(tmp_path, crowded_rows(), seed=seed), random_costs()) for seed in (1, 1, 2)
    )
    assert all(np.array_equal(first.latency_s[stage], again.latency_s[stage]) for stage in STAGES)
    assert first.counts == again.counts
    assert not np.array_equal(first.latency_s["end_to_end"], other.latency_s["end_to_end"])


def test_pollers_do_not_wait_for_what_was_refused(tmp_path: Path) -> None:
    rows = [(number * 100, "ann") for number in range(30)]
    asked = scenario(tmp_path, rows, duration_s=3).changed({"audience": {"polling": 1, "poll_s": 0.5}})
    counts = run_simulated(asked, constant_costs()).counts
    assert counts["rejected"] > 0
    assert counts["lost"] == 0


def test_an_overloaded_author_is_rejected_as_the_limiter_says(tmp_path: Path) -> None:
    """30 posts in 3 s: 11 from the full bucket, and one more for the token that is back after 30 / 11 s."""
    rows = [(number * 100, "ann") for number in range(30)]
    experiment = scenario(tmp_path, rows, duration_s=3)
    counts = run_simulated(experiment, constant_costs()).counts
    limiter = RateLimiter(RateConfig())
    admitted = [limiter.admit("ann", post.at_s + (INGRESS + API) / 1000).admitted for post in schedule(experiment)]
    assert (counts["posted"], counts["accepted"], counts["rejected"]) == (30, 12, 18)
    assert sum(admitted) == counts["accepted"]


def test_under_load_everything_arrives_once_and_in_order(tmp_path: Path) -> None:
    experiment = scenario(tmp_path, crowded_rows())
    result = run_simulated(experiment, random_costs())
    counts = result.counts
    assert counts["accepted"] == counts["posted"] == 400
    assert counts["delivered"] == 400 * VIEWERS
    assert [counts[name] for name in ("rejected", "lost", "duplicated", "reordered")] == [0, 0, 0, 0]
    assert all(min(result.latency_s[stage]) >= 0 for stage in STAGES)


def test_the_fan_outs_hold_every_seq_in_order_and_never_overlap(tmp_path: Path) -> None:
    server = run_server(scenario(tmp_path, crowded_rows()), random_costs())
    fan_outs = server.edge.fan_outs
    assert [seq for fan_out in fan_outs for seq in fan_out.seqs] == list(range(1, 401))
    ends_s = [fan_out.start_s + fan_out.cost.duration_s for fan_out in fan_outs]
    assert all(end_s <= after.start_s + 1e-12 for end_s, after in zip(ends_s, fan_outs[1:], strict=False))


def test_the_loop_is_busy_for_all_of_a_post_but_the_way_in_and_the_commit(tmp_path: Path) -> None:
    server = run_server(scenario(tmp_path, [(0, "ann")]), constant_costs())
    assert server.loop.busy_s * 1000 == pytest.approx(API + DISPATCH + HOP + RECEIVE + FAN_OUT + ANSWER)


def test_the_stages_add_up_to_the_end_to_end_latency(tmp_path: Path) -> None:
    latency_s = run_simulated(scenario(tmp_path, crowded_rows()), random_costs()).latency_s
    before = sum(latency_s[stage] for stage in ("api", "log", "broker", "hub"))
    assert latency_s["end_to_end"] == pytest.approx(np.repeat(before, VIEWERS) + latency_s["socket"])


def test_viewers_that_cost_more_lengthen_the_socket_stage_and_hold_up_the_next_posts(tmp_path: Path) -> None:
    experiment = scenario(tmp_path, crowded_rows())
    few, many = (run_simulated(experiment, constant_costs(fan_out=2 * n, span=1.6 * n)) for n in (1, 5))
    assert min(many.latency_s["socket"]) > min(few.latency_s["socket"])
    for stage in ("socket", "api", "end_to_end"):
        assert many.quantiles_ms(stage)["p99"] > few.quantiles_ms(stage)["p99"]


def test_comments_of_the_warm_up_are_counted_but_not_timed(tmp_path: Path) -> None:
    result = run_simulated(scenario(tmp_path, [(0, "ann"), (500, "bob")], warm_up_s=0.4), constant_costs())
    assert result.counts["delivered"] == 2 * VIEWERS
    assert len(result.latency_s["api"]) == 1
    assert len(result.latency_s["socket"]) == VIEWERS


def test_an_edge_rests_for_a_window_after_a_fan_out_however_long_that_was() -> None:
    """Event 2 is read 50 ms after 3 came; 3 and 4 wait for its fan-out of 30 ms, and for the window of 20 ms after."""
    env = simpy.Environment()
    loop = EventLoop(env)
    edge = Edge(env, loop, lambda gap_s, events: FanOutCost(0.030, 0.0, 0.0))
    hub = StreamHub(env, loop, edge, CoalescingConfig(), OrderingConfig(), read=lambda missing: missing)

    def arrive(at: float, seq: int) -> Steps:
        yield env.timeout(at)
        with loop.turn() as turn:
            yield turn
            yield from hub.receive(seq)

    for at, seq in [(1.0, 1), (1.1, 3), (1.11, 4)]:
        env.process(arrive(at, seq))
    env.run()
    assert [fan_out.seqs for fan_out in edge.fan_outs] == [[1], [2], [3, 4]]
    assert [fan_out.start_s for fan_out in edge.fan_outs] == pytest.approx([1.0, 1.15, 1.2])
