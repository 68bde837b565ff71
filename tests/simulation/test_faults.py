"""Faults of a scenario: what may be written down, and what the model says of each."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulation.calibration import REFERENCE, Calibration
from simulation.engines.simulated import run_simulated
from simulation.measurements import Receipts
from simulation.outage import outage
from simulation.result import RunResult
from simulation.scenario import Scenario, ScenarioError, load_scenario, make_scenario

KINDS: dict[str, dict[str, Any]] = {
    "kill": {"kind": "kill", "at_s": 2.0, "restart_s": 0.5},
    "storm": {"kind": "storm", "at_s": 2.0},
    "partition": {"kind": "partition", "at_s": 2.0, "lasts_s": 1.5},
    "delay": {"kind": "delay", "at_s": 2.0, "lasts_s": 3.0, "delay_s": 0.3, "jitter_s": 0.2},
    "slow_reader": {"kind": "slow_reader", "at_s": 2.0, "lasts_s": 3.0, "share": 0.5},
}


def disturbed(*faults: dict[str, Any], viewers: int = 60, **system: Any) -> Scenario:
    return make_scenario({
        "duration_s": 8, "audience": {"viewers": viewers}, "workload": {"rate_per_s": 40},
        "system": {"storage": "memory", **system}, "faults": faults,
    }, "here")  # fmt: skip


def simulated(*faults: dict[str, Any], **settings: Any) -> RunResult:
    return run_simulated(disturbed(*faults, **settings), Calibration.load(REFERENCE))


def nothing_lost_or_doubled(result: RunResult, viewers: int = 60) -> bool:
    counts = result.counts
    everything = counts["delivered"] + counts["shed"] == counts["accepted"] * viewers > 0
    return everything and not any(counts[name] for name in ("lost", "duplicated", "reordered"))


def test_a_fault_that_names_no_kind_is_a_stop_as_it_was_when_there_was_one() -> None:
    scenario = make_scenario({"faults": [{"at_s": 1, "lasts_s": 2}]}, "here")
    assert scenario == make_scenario({"faults": [{"kind": "stop", "at_s": 1, "lasts_s": 2}]}, "here")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_survives_the_way_through_json(kind: str, tmp_path: Path) -> None:
    scenario = disturbed(KINDS[kind])
    path = tmp_path / "scenario.json"
    path.write_text(scenario.model_dump_json())
    assert load_scenario(str(path)) == scenario
    assert scenario.faults[0].kind == kind


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"faults": [{"kind": "flood", "at_s": 1}]}, "the kind of a fault must be stop, kill"),
        ({"faults": [{"kind": "kill", "at_s": 60}]}, "a kill must begin and end within the run's 60 s, got 60 to 61 s"),
        (
            {"faults": [{"kind": "kill", "at_s": 5}, {"kind": "kill", "at_s": 5.5}]},
            "a fault must begin after the one before it has ended, got a kill at 5.5 s and a kill until 6 s",
        ),
        ({"faults": [{"kind": "storm", "at_s": 1, "share": 1.5}]}, "share: Input should be less than or equal to 1"),
        ({"faults": [{"kind": "storm", "at_s": 1, "lasts_s": 1}]}, "lasts_s: Extra inputs are not permitted, got 1"),
        (
            {"faults": [{"kind": "storm", "at_s": 1}], "system": {"edges": 2}},
            "a storm needs all viewers at the server: edges and polling must be 0, got 2 and 0",
        ),
    ],
)
def test_a_timeline_that_cannot_be_is_refused_with_what_was_seen_and_what_is_allowed(
    fields: dict[str, Any], words: str
) -> None:
    with pytest.raises(ScenarioError) as caught:
        make_scenario(fields, "here")
    assert words in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_in_the_model_nothing_is_lost_or_doubled_and_a_seed_says_it_all(kind: str) -> None:
    first, again = simulated(KINDS[kind]), simulated(KINDS[kind])
    assert nothing_lost_or_doubled(first)
    assert first.as_dict() == again.as_dict()


def test_faults_may_follow_each_other() -> None:
    result = simulated(KINDS["storm"], {"kind": "kill", "at_s": 3}, {"at_s": 6, "lasts_s": 0.3})
    assert nothing_lost_or_doubled(result)
    assert result.facts["reconnects"] > 120


def test_a_kill_is_felt_for_as_long_as_a_new_process_takes_and_authors_try_again() -> None:
    short, long = (simulated({"kind": "kill", "at_s": 2, "restart_s": restart_s}) for restart_s in (0.2, 2.0))
    assert 0.2 < short.facts["gap_s"] < long.facts["gap_s"]
    assert long.facts["gap_s"] > 2.0
    assert short.facts["recovered_s"] < long.facts["recovered_s"]
    assert 0 < short.facts["retried"] < long.facts["retried"]


def test_a_storm_with_jitter_is_felt_for_less_than_one_in_step() -> None:
    """All of them wait for the whole of the first delay; with jitter some are back at once."""
    spread, in_step = (simulated({"kind": "storm", "at_s": 2, "jitter": jitter}) for jitter in (True, False))
    assert in_step.facts["gap_s"] >= 0.2 > spread.facts["gap_s"]
    assert in_step.facts["reconnects"] == spread.facts["reconnects"] == 60


def test_a_storm_befalls_the_share_that_is_named() -> None:
    assert simulated({"kind": "storm", "at_s": 2, "share": 0.25}).facts["reconnects"] == 15


def test_a_partition_is_felt_for_as_long_as_it_lasts_and_by_nobody_before_or_after() -> None:
    result, calm = simulated(KINDS["partition"]), simulated({"at_s": 2, "lasts_s": 0.001})
    assert result.facts["gap_s"] == pytest.approx(1.5, abs=0.2)
    assert result.facts["recovered_s"] == pytest.approx(1.5, abs=0.01)
    assert result.quantiles_ms("api") == pytest.approx(calm.quantiles_ms("api"), rel=0.5), "authors do not meet it"
    assert result.facts["reconnects"] == 0


def test_a_delay_is_added_to_what_is_sent_while_it_lasts_and_keeps_the_order() -> None:
    """3 s of the 6.4 that are timed: about half of the deliveries, and none by more than delay and jitter."""
    late = simulated(KINDS["delay"]).latency_s["socket"]
    assert 0.4 < np.mean(late > 0.3) < 0.6
    assert 0.3 + 0.19 < late.max() < 0.3 + 0.2 + 0.1


@pytest.mark.parametrize(
    ("ending", "comes_back", "misses"),
    [("disconnect", True, False), ("skip_to_head", False, True), ("drop_oldest", False, True)],
)
def test_a_slow_reader_meets_the_servers_ending_once_kernel_and_queue_are_full(
    ending: str, comes_back: bool, misses: bool
) -> None:
    slow = {"kind": "slow_reader", "at_s": 1, "lasts_s": 6, "share": 0.1}
    result = run_simulated(
        disturbed(slow, slow_viewer=ending, queue_bytes=8192).changed({"workload": {"rate_per_s": 200}}),
        Calibration.load(REFERENCE),
    )
    assert nothing_lost_or_doubled(result)
    assert result.facts["reconnects"] == (6 if comes_back else 0)
    assert (result.counts["shed"] > 0) == misses
    assert result.facts["gap_s"] == pytest.approx(6.0, abs=0.2)


def test_a_slow_reader_that_the_buffers_bear_misses_nothing_and_stays() -> None:
    result = simulated(KINDS["slow_reader"])
    assert (result.facts["reconnects"], result.counts["shed"]) == (0, 0)
    assert result.facts["recovered_s"] >= 3.0


def test_an_outage_is_told_of_the_worst_fault() -> None:
    """Two viewers get every comment at once, but for 1.0 to 1.8 and 3.0 to 3.3; comment 11 comes 0.8 s late."""
    scenario = disturbed({"at_s": 1, "lasts_s": 0.8}, {"at_s": 3, "lasts_s": 0.3})
    intended_s = np.arange(0.0, 8.0, 0.1)
    times_s = np.where((intended_s >= 1.0) & (intended_s < 1.75), 1.8, intended_s)
    times_s = np.where((intended_s >= 3.0) & (intended_s < 3.25), 3.3, times_s)
    seqs = np.arange(1, len(intended_s) + 1)
    receipts = Receipts(np.repeat(times_s, 2), np.repeat(seqs, 2), np.ones(2 * len(seqs), dtype=np.int64))
    facts = outage(receipts, list(zip(seqs.tolist(), intended_s.tolist(), strict=True)), scenario)
    assert facts == {"gap_s": pytest.approx(0.8), "recovered_s": pytest.approx(0.8)}
