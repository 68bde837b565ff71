"""The model's event loop, alone and under Poisson arrivals, meets the closed forms of queueing theory."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
import simpy

from simulation import theory
from simulation.model.event_loop import EventLoop, Steps
from simulation.statistics import Interval, confidence_interval, seed_sequence

SEED = 1
REPLICATIONS = 40
WARM_UP = 500  # customers: dozens of the relaxation times of a queue that is half busy
SERVICE_S = 0.001
BUSY = 0.5
ARRIVALS_PER_S = BUSY / SERVICE_S  # for each loop
CONFIDENCE = 0.99
MEAN_WITHIN = 0.01
P99_WITHIN = 0.02

Draw = Callable[[np.random.Generator, int], list[float]]


@dataclass
class Station:
    """One run: who came when, how long each took, and what of it the loop was busy."""

    arrived_s: list[float] = field(default_factory=list)
    sojourns_s: list[float] = field(default_factory=list)
    inside: int = 0
    inside_seen: list[int] = field(default_factory=list)
    busy_s: float = 0.0
    ended_s: float = 0.0


def exponential(rng: np.random.Generator, customers: int) -> list[float]:
    return [float(each) for each in rng.exponential(SERVICE_S, customers)]


def constant(_: np.random.Generator, customers: int) -> list[float]:
    return [SERVICE_S] * customers


def run_station(name: str, replication: int, customers: int, draw: Draw, loops: int = 1, look_s: float = 0) -> Station:
    """Send customers through an event loop; with ``look_s`` an observer counts who is inside, that often."""
    arrivals_rng, services_rng = (
        np.random.default_rng(seed_sequence(SEED, name, replication, stream)) for stream in ("arrivals", "services")
    )
    gaps_s = arrivals_rng.exponential(1 / (ARRIVALS_PER_S * loops), customers).tolist()
    env, station = simpy.Environment(), Station()
    loop = EventLoop(env, loops)

    def customer(service_s: float) -> Steps:
        arrived_s = env.now
        station.arrived_s.append(arrived_s)
        station.inside += 1
        yield from loop.run(service_s)
        station.inside -= 1
        station.sojourns_s.append(env.now - arrived_s)

    def source() -> Steps:
        for gap_s, service_s in zip(gaps_s, draw(services_rng, customers), strict=True):
            yield env.timeout(gap_s)
            env.process(customer(service_s))

    def observer() -> Steps:
        while len(station.sojourns_s) < customers:
            yield env.timeout(look_s)
            station.inside_seen.append(station.inside)

    env.process(source())
    if look_s:
        env.process(observer())
    env.run()
    station.busy_s, station.ended_s = loop.busy_s, env.now
    return station


def intervals(name: str, customers: int, draw: Draw, loops: int = 1) -> tuple[Interval, Interval]:
    """The mean and the 99th percentile of the sojourn, over independent replications, warm-up left out."""
    means, tails = [], []
    for replication in range(REPLICATIONS):
        kept = run_station(name, replication, WARM_UP + customers, draw, loops).sojourns_s[WARM_UP:]
        means.append(float(np.mean(kept)))
        tails.append(float(np.percentile(kept, 99)))
    return confidence_interval(means, CONFIDENCE), confidence_interval(tails, CONFIDENCE)


@pytest.mark.slow
def test_one_loop_with_exponential_costs_is_m_m_1_in_mean_and_p99() -> None:
    mean, p99 = intervals("mm1", 20_000, exponential)
    assert theory.mm1_mean_s(ARRIVALS_PER_S, SERVICE_S) in mean
    assert theory.mm1_quantile_s(ARRIVALS_PER_S, SERVICE_S) in p99
    assert mean.relative_half_width <= MEAN_WITHIN
    assert p99.relative_half_width <= P99_WITHIN
    assert theory.mm1_mean_s(1.02 * ARRIVALS_PER_S, SERVICE_S) not in mean, "2% more load must not pass for the same"


def test_one_loop_with_constant_costs_is_m_d_1_and_not_m_m_1() -> None:
    mean, _ = intervals("md1", 5_000, constant)
    assert theory.md1_mean_s(ARRIVALS_PER_S, SERVICE_S) in mean
    assert theory.mm1_mean_s(ARRIVALS_PER_S, SERVICE_S) not in mean
    assert mean.relative_half_width <= MEAN_WITHIN


def test_three_loops_behind_one_queue_are_m_m_3_and_not_three_queues() -> None:
    mean, _ = intervals("mm3", 5_000, exponential, loops=3)
    assert theory.mmc_mean_s(3 * ARRIVALS_PER_S, SERVICE_S, 3) in mean
    assert theory.mm1_mean_s(ARRIVALS_PER_S, SERVICE_S) not in mean
    assert mean.relative_half_width <= MEAN_WITHIN


def test_an_observer_counts_as_many_inside_as_little_s_law_says() -> None:
    customers = 50_000
    station = run_station("little", 0, customers, exponential, look_s=SERVICE_S / 3)
    arrivals_per_s = customers / station.ended_s
    number = theory.mean_number(arrivals_per_s, float(np.mean(station.sojourns_s)))
    assert np.mean(station.inside_seen) == pytest.approx(number, rel=0.01)
    assert np.mean(np.array(station.inside_seen) > 0) == pytest.approx(station.busy_s / station.ended_s, rel=0.01)


def test_costs_are_served_one_at_a_time_in_the_order_of_arrival() -> None:
    """Lindley's recursion, customer by customer: whoever comes waits until all before have gone."""
    station = run_station("lindley", 0, 2_000, constant)
    free_at_s = 0.0
    for arrived_s, sojourn_s in zip(station.arrived_s, station.sojourns_s, strict=True):
        free_at_s = max(arrived_s, free_at_s) + SERVICE_S
        assert arrived_s + sojourn_s == pytest.approx(free_at_s, abs=1e-9)


def test_the_closed_forms_agree_where_they_describe_the_same_queue() -> None:
    assert theory.mg1_mean_s(30, 0.02, 0.02**2) == pytest.approx(theory.mm1_mean_s(30, 0.02))
    assert theory.mmc_mean_s(30, 0.02, 1) == pytest.approx(theory.mm1_mean_s(30, 0.02))
    assert theory.erlang_c(0.6, 1) == pytest.approx(0.6)


def test_the_closed_forms_have_the_values_of_hand_calculations() -> None:
    assert theory.mm1_mean_s(8, 0.1) == pytest.approx(0.5)
    assert theory.mm1_quantile_s(8, 0.1, 0.99) == pytest.approx(2.302585, abs=1e-6)
    assert theory.md1_mean_s(8, 0.1) == pytest.approx(0.3)
    assert theory.erlang_c(2, 3) == pytest.approx(4 / 9)
    assert theory.mmc_mean_s(2, 1, 3) == pytest.approx(1 + 4 / 9)


def test_a_thousand_servers_do_not_overflow() -> None:
    assert 0 < theory.erlang_c(950, 1_000) < theory.erlang_c(990, 1_000) < 1


@pytest.mark.parametrize(("arrivals_per_s", "service_s", "servers"), [(10, 0.1, 1), (30, 0.1, 3), (0, 1, 1), (1, 1, 0)])
def test_a_queue_without_a_steady_state_is_refused(arrivals_per_s: float, service_s: float, servers: int) -> None:
    with pytest.raises(ValueError, match=r"no steady state|rates must"):
        theory.mmc_mean_s(arrivals_per_s, service_s, servers)
