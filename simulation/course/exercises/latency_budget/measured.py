"""A short run of the real server, as the exercise's records."""

from collections.abc import Mapping

import numpy as np

from simulation.course.exercises.latency_budget.run import Run, Stamps
from simulation.engines import live
from simulation.engines.set_up import servers
from simulation.measurements import COMMENT_COLUMNS
from simulation.scenario import load_scenario

SHORT: Mapping[str, Mapping[str, float]] = {"": {"duration_s": 5.0, "warm_up_s": 1.0}, "audience": {"viewers": 50}}


async def measured() -> tuple[Run, float]:
    """The records, and the 99th percentile that the engine itself makes of them, in s."""
    scenario = load_scenario("quick").changed(SHORT)
    live.pin_self()
    async with servers(scenario, 0, None, lambda line: None) as running:
        result, logged = await live.run_logged(scenario, running, live.Progress())
    rows = zip(*(logged.measured.comments[name].tolist() for name in COMMENT_COLUMNS), strict=True)
    seqs, times_s = logged.receipts.per_comment()
    run = Run(
        began_s=logged.began_s,
        warm_up_s=scenario.timed_from_s,
        viewers=scenario.audience.viewers,
        meant_s=dict(logged.posted.accepted),
        stamps={int(seq): Stamps(*stamps) for seq, *stamps in rows},
        receipts=list(zip(seqs.astype(int).tolist(), times_s.tolist(), strict=True)),
    )
    return run, float(np.percentile(result.latency_s["end_to_end"], 99))
