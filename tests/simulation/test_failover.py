"""The failover family: which way each measure goes in the model, and that a live run gives every figure."""

import asyncio
import pickle
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from reference_impl.adapters.redis import link, writer
from reference_impl.adapters.sql import database as sql_database
from reference_impl.client import client
from reference_impl.guard import GuardConfig
from reference_impl.policy.circuit_breaker import BreakerConfig
from reference_impl.stream_hub import HubConfig
from reference_impl.working import WorkerConfig
from simulation.chaos import faults
from simulation.engines.processes import ProcessError
from simulation.experiments.failover import fleet, plan, sim
from simulation.experiments.failover.family import MEASURES, Failover
from simulation.experiments.failover.plan import VARIANTS
from simulation.experiments.failover.record import Record, Try, peak
from simulation.experiments.family import Family
from simulation.model import database, guard, redis_broker, working
from simulation.statistics import confidence_interval

FAMILY: Family = Failover()
COSTS = {
    "way_s": [0.002, 0.003], "commit_s": [0.001, 0.002], "hop_s": [0.002], "send_s": 1e-5, "open_s": [0.03],
    "join_s": [0.0014], "catch_up_s": [0.001], "read_s": [0.002], "link_s": [0.001], "done_s": [0.005],
    "start_edge_s": [1.4, 1.5, 1.6], "start_redis_s": [0.02],
}  # fmt: skip
REPLICATIONS = 8


@pytest.fixture(scope="module")
def modelled() -> Mapping[str, list[Mapping[str, float]]]:
    return {
        variant: [FAMILY.simulate(variant, repeat, COSTS).values for repeat in range(REPLICATIONS)]
        for variant in VARIANTS
    }


def difference(modelled: Mapping[str, list[Mapping[str, float]]], more: str, less: str, measure: str) -> float:
    """What the first variant has more of at least, run against run, with 99 % confidence."""
    pairs = zip(modelled[more], modelled[less], strict=True)
    interval = confidence_interval([one[measure] - other[measure] for one, other in pairs])
    return interval.mean - interval.half_width


def test_without_jitter_viewers_come_back_together(modelled: Mapping[str, Any]) -> None:
    assert difference(modelled, "edge-no-jitter", "edge", "peak_joins") > 0


def test_without_a_breaker_more_posts_wait_in_vain(modelled: Mapping[str, Any]) -> None:
    assert difference(modelled, "log-no-breaker", "log", "waited") > 0


def test_a_breaker_refuses_more_and_has_posts_accepted_no_earlier(modelled: Mapping[str, Any]) -> None:
    assert difference(modelled, "log", "log-no-breaker", "refused") > 0
    assert all(each["accepted_again_s"] >= plan.SIZE.stall_s for each in modelled["log"])


def test_what_redis_loses_is_found_within_a_second_and_a_little(modelled: Mapping[str, Any]) -> None:
    assert all(0.5 < each["gap_s"] < 1.2 for each in modelled["broker"])


def test_the_work_of_a_dead_worker_waits_for_its_lease_and_a_heartbeat(modelled: Mapping[str, Any]) -> None:
    lease = working.LEASE
    for each in modelled["worker"]:
        assert lease.lease_s - lease.heartbeat_s <= each["work_done_s"] <= lease.lease_s + lease.heartbeat_s + 0.2


@pytest.mark.parametrize("variant", VARIANTS)
def test_nothing_is_lost_or_doubled_in_the_model(modelled: Mapping[str, Any], variant: str) -> None:
    assert [(each["lost"], each["doubled"]) for each in modelled[variant]] == [(0, 0)] * REPLICATIONS


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_repeat_is_the_same_again_and_another_is_not(variant: str) -> None:
    first, again, other = (FAMILY.simulate(variant, repeat, COSTS) for repeat in (1, 1, 2))
    assert pickle.dumps(first) == pickle.dumps(again)
    assert first.values.keys() == {measure.name for measure in MEASURES}
    assert "jitter" in variant or first.values != other.values


def test_the_answer_says_what_jitter_and_breakers_change() -> None:
    said = FAMILY.answer([FAMILY.simulate(variant, 1, COSTS) for variant in VARIANTS])
    assert said.count(". ") == 1
    assert "without jitter" in said.lower()
    assert "nothing is lost or doubled" in said.lower()


def test_the_model_and_the_servers_go_by_the_same_numbers() -> None:
    assert GuardConfig().deadline_s == guard.DEADLINE_S
    assert GuardConfig().bulkhead == guard.PLACES
    assert GuardConfig().breaker == BreakerConfig() == VARIANTS["log"].guard
    assert WorkerConfig().lease == working.LEASE
    assert (WorkerConfig().batch_max, WorkerConfig().idle_s) == (working.BATCH_MAX, working.IDLE_S)
    assert HubConfig().heads_s == sim.HEADS_S
    assert database.BUSY_TIMEOUT_S * 1000 == sql_database.BUSY_TIMEOUT_MS
    assert redis_broker.STALE_S == writer.STALE_S
    assert (sim.BACKOFF.base_s, sim.BACKOFF.cap_s) == (link.BACKOFF.base_s, link.BACKOFF.cap_s)
    assert client.REQUESTS == plan.POSTS
    assert plan.RECONNECTS.base_s == client.RECONNECTS.base_s
    assert faults.RESTART_S == plan.RESTART_S


def record(tries: Sequence[Try] = ()) -> Record:
    receipts = np.array([(0, 1, 0.6), (0, 2, 4.1), (0, 3, 4.2)])
    return Record(
        fault_s=1.0, end_s=5.0, receipts=receipts, joins_s=np.array([]), tries=tries, affected=[0],
        meant_s={1: 0.5, 2: 1.5, 3: 4.0},
    )  # fmt: skip


def test_a_silence_lasts_from_one_comment_to_the_next_and_recovery_to_the_last_late_one() -> None:
    values = record().values()
    assert values["gap_s"] == pytest.approx(3.1)
    assert values["recovery_s"] == pytest.approx(3.1)


def test_calls_that_failed_after_their_deadline_have_waited_in_vain() -> None:
    tries = [Try(1.0, 3.0, 503), Try(1.0, 1.1, 503), Try(1.0, 6.0, 0), Try(3.0, 3.5, 201), Try(3.5, 3.6, 201)]
    values = record(tries).values()
    assert (values["waited"], values["refused"], values["accepted_again_s"]) == (2, 2, 2.5)


def test_the_peak_is_of_any_100_ms() -> None:
    assert peak(np.array([0.0, 0.06, 0.12, 0.15, 0.3])) == 3
    assert peak(np.array([])) == 0


def test_without_any_redis_it_is_said_where_to_get_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    monkeypatch.setattr(fleet, "find_spec", lambda _: None)
    with pytest.raises(ProcessError, match="apt-get install redis-server"):
        fleet.redis_on(1, tmp_path)


@pytest.mark.slow
def test_a_live_run_gives_every_figure() -> None:
    seen = asyncio.run(FAMILY.live("broker", 0))
    assert seen.values.keys() == {measure.name for measure in MEASURES}
    assert (seen.values["lost"], seen.values["doubled"]) == (0, 0)
    assert seen.values["gap_s"] > 0
    assert seen.facts["posts"] > 0
