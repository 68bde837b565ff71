"""What is made of a document of live runs, forecasts and replays: every figure worked out by hand."""

from typing import Any

import pytest

from simulation.comparing import groups, ranking, scored, scored_outages, summary, worst
from simulation.fidelity_page import markdown

STAGES = ("api", "log", "broker", "hub", "socket", "end_to_end")


def run(scenario: str, engine: str, repeat: int, p99: float, why_void: str = "") -> dict[str, Any]:
    latency = {stage: {"p50": p99 / 2, "p95": p99 * 0.9, "p99": p99} for stage in STAGES}
    return {
        "scenario": scenario, "engine": engine, "repeat": repeat, "latency_ms": latency, "why_void": why_void,
        "throughput_per_s": {"comments": 10.0, "deliveries": 100.0}, "counts": {}, "facts": {"server_busy": 0.3},
    }  # fmt: skip


def document(**p99s: dict[str, list[float]]) -> dict[str, Any]:
    """Scenarios whose names end in the window's ms, each with the p99 of every run of every engine."""
    scenarios = [
        {"name": name, "duration_s": 20.0, "system": {"window_ms": float(name.rpartition("_w")[2])}} for name in p99s
    ]
    runs = [
        run(name, engine, repeat, p99)
        for name, engines in p99s.items()
        for engine, values in engines.items()
        for repeat, p99 in enumerate(values)
    ]
    machine = {"cores": 2, "cpu": "a CPU", "system": "Linux", "python": "3.11"}
    return {"machine": machine, "scenarios": scenarios, "repeats": 3, "runs": runs}


SLOW = {"live": [100.0, 110.0, 120.0], "forecast": [99.0, 121.0, 132.0], "replay": [110.0, 110.0, 110.0]}
FAST = {"live": [10.0, 10.0, 12.0], "forecast": [5.0, 5.0, 5.0], "replay": [11.0, 11.0, 11.0]}


def test_an_error_is_that_of_the_medians_and_keeps_its_sign() -> None:
    slow, fast = scored(document(slow_w20=SLOW, fast_w0=FAST))
    assert slow.error("forecast") == pytest.approx(0.1)
    assert fast.error("forecast") == pytest.approx(-0.5)
    assert slow.error("replay") == 0


def test_noise_is_between_live_runs_and_the_baseline_is_one_of_them_for_the_others() -> None:
    (slow,) = scored(document(slow_w20=SLOW))
    assert slow.noise == pytest.approx(10 / 105)  # of 10/105, 20/110 and 10/115 the one in the middle
    assert slow.baseline == pytest.approx(15 / 115)  # 100 for 115, 110 for 110, 120 for 105: the one in the middle


def test_what_lies_within_the_live_range_and_how_much_the_models_own_spread_covers() -> None:
    slow, fast = scored(document(slow_w20=SLOW, fast_w0=FAST))
    assert slow.inside("replay")
    assert not fast.inside("forecast")
    assert slow.covered("forecast") == 1.0
    assert fast.covered("replay") == 0.0


def test_scenarios_are_grouped_by_window_and_utilisation() -> None:
    found = groups(scored(document(slow_w20=SLOW, fast_w0=FAST)))
    assert {name: [row.name for row in rows] for name, rows in found.items()} == {
        "window": ["slow_w20"], "at once, utilisation to 0.6": ["fast_w0"],
    }  # fmt: skip


def test_scenarios_with_a_fault_are_a_group_of_their_own_and_told_by_what_viewers_saw() -> None:
    whole = document(slow_w20=SLOW, fast_w0=FAST)
    whole["scenarios"][1]["faults"] = [{"kind": "kill"}]
    gaps = {"live": 2.0, "forecast": 2.5, "replay": 2.0}
    for each in whole["runs"]:
        if each["scenario"] == "fast_w0":
            each["facts"] |= {"gap_s": gaps[each["engine"]], "recovered_s": 0.0}
    assert [row.name for row in groups(scored(whole))["with a fault"]] == ["fast_w0"]
    (outage,) = scored_outages(whole, "gap_s")
    assert outage.error("forecast") == pytest.approx(0.25)
    assert scored_outages(whole, "recovered_s") == [], "nothing was late"
    assert "| fast_w0 | gap | 2.00 (2.00-2.00) | 2.50 (2.50-2.50) +25% |" in markdown(whole)


def test_only_pairs_that_live_runs_tell_apart_are_ranked() -> None:
    near = {"live": [105.0, 115.0, 125.0], "forecast": [1.0, 1.0, 1.0], "replay": [1.0, 1.0, 1.0]}
    rows = scored(document(slow_w20=SLOW, fast_w0=FAST, near_w20=near))
    assert ranking(rows, "forecast") == (1, 2)  # slow over fast, and near over fast, which the forecast has below it


def test_a_summary_has_medians_over_scenarios_and_the_worst_is_named() -> None:
    rows = scored(document(slow_w20=SLOW, fast_w0=FAST))
    assert summary(rows)["forecast_error"] == pytest.approx(0.3)
    assert summary(rows)["forecast_signed"] == pytest.approx(-0.2)
    assert worst(rows, "forecast").name == "fast_w0"


def test_void_runs_count_for_nothing() -> None:
    whole = document(slow_w20=SLOW)
    whole["runs"].append(run("slow_w20", "live", 3, 9_999.0, why_void="the load generator used 90% of its core"))
    assert scored(whole)[0].live == (100.0, 110.0, 120.0)


def test_the_page_names_the_worst_scenario_and_every_scenario_has_a_row() -> None:
    page = markdown(document(slow_w20=SLOW, fast_w0=FAST))
    assert "The worst forecast of a p99 is fast_w0: -50%" in page
    assert "| slow_w20 | 0.30 | 110.0 (100.0-120.0) | 121.0 (99.0-132.0) +10% | 110.0 (110.0-110.0) +0% |" in page
