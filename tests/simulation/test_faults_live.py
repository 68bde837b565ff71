"""Faults of a scenario, done to a real server and its viewers: nothing is lost or doubled, and the outage is told."""

import asyncio
from typing import Any

import pytest

from simulation.engines import live
from simulation.engines.set_up import servers
from simulation.result import RunResult
from simulation.scenario import make_scenario

VIEWERS = 30
# A silence lasts twice as long as the gap that is asked for: on a busy machine viewers may see late what came before
# it, but until then they see nothing either, and of the two gaps one is at least a half.
FAULTS: dict[str, dict[str, Any]] = {
    "kill": {"kind": "kill", "at_s": 1.0, "restart_s": 0.2},
    "storm": {"kind": "storm", "at_s": 1.0, "share": 0.5},
    "partition": {"kind": "partition", "at_s": 1.0, "lasts_s": 1.5},
    "delay": {"kind": "delay", "at_s": 1.0, "lasts_s": 1.5, "delay_s": 0.3},
    "slow_reader": {"kind": "slow_reader", "at_s": 0.1, "lasts_s": 2.8, "share": 0.5},
}


def run(fault: dict[str, Any]) -> RunResult:
    scenario = make_scenario({
        "duration_s": 3, "audience": {"viewers": VIEWERS}, "workload": {"rate_per_s": 30},
        "system": {"storage": "memory"}, "faults": [fault],
    }, "here")  # fmt: skip

    async def main() -> RunResult:
        async with servers(scenario, 0, None, lambda _: None) as running:
            return await live.run_live(scenario, running, live.Progress())

    return asyncio.run(main())


@pytest.mark.parametrize("kind", FAULTS)
def test_whatever_befalls_it_every_accepted_comment_comes_to_every_viewer_once(kind: str) -> None:
    result = run(FAULTS[kind])
    counts = result.counts
    assert counts["accepted"] == counts["posted"] > 0, result.why_void
    assert counts["delivered"] == counts["accepted"] * VIEWERS
    assert [counts[name] for name in ("lost", "duplicated", "reordered")] == [0, 0, 0]
    if kind == "kill":  # longer than the supervisor waits
        assert result.facts["gap_s"] >= 0.2
        assert result.facts["reconnects"] >= VIEWERS
        assert result.facts["recovered_s"] > 0
    if kind == "partition":  # they notice nothing but the silence
        assert result.facts["gap_s"] >= 0.75
        assert result.facts["reconnects"] == 0
    if kind == "slow_reader":  # nothing is full in so short a time
        assert result.facts["gap_s"] >= 1.4
        assert result.facts["reconnects"] == 0
    if kind == "delay":
        assert max(result.latency_s["end_to_end"]) >= 0.3
    if kind == "storm":
        assert result.facts["reconnects"] == VIEWERS // 2
