"""One run of the hot partition experiment in the model: the live run's comments, strategy and order of events."""

from collections.abc import Sequence
from random import Random
from statistics import fmean

import simpy

from simulation.experiments.hot_partition.plan import VIRAL, Case, Run, Scheduled, page_end, pages, schedule
from simulation.model.event_loop import Steps
from simulation.model.partition import Comment
from simulation.model.partition_costs import PartitionCosts
from simulation.model.partitioned_log import PartitionedLog


class Simulated:
    """``come`` are the comments of the schedule and ``late`` those of the backlog, as the log has left them."""

    def __init__(self, case: Case, costs: PartitionCosts) -> None:
        self.case = case
        self._costs = costs
        self._rng = Random(f"hot partition {case.seed}")
        self._strategy = Scheduled(case)
        self._env = simpy.Environment()
        self.log = PartitionedLog(self._env, self._strategy, costs, case.row_us / 1e6, self._rng)
        come, backlog = schedule(case)
        self.come = [Comment(draft, due_s) for due_s, draft in come]
        self.late = [Comment(draft, due_s) for due_s, draft in backlog]
        self.refused = 0
        self.cpu_share = 0.0

    def run(self) -> Run:
        self._env.process(self._as_they_come())
        self._env.run()
        self.cpu_share = self.log.core.busy_s / max(self._env.now, self.case.end_s)
        measured = [each for each in self.come if each.due_s >= self.case.warm_up_s and each.answered_s >= 0]
        kept = {each.draft.id for each in measured}
        found = Run(
            viral_s=[_wait_s(each) for each in measured if each.draft.stream == VIRAL],
            cold_s=[_wait_s(each) for each in measured if each.draft.stream != VIRAL],
            stored=[sum(each.draft.id in kept for each in one.stored) for one in self.log.partitions],
        )
        self._read(found)
        found.backlog_per_s = self._at_once()
        found.refused = self.refused
        return found

    def facts(self) -> dict[str, float]:
        """How busy the core was while comments came, and how much went into one commit."""
        return {"cpu_share": round(self.cpu_share, 3), "batch": round(fmean(self.log.batches), 1)}

    def _as_they_come(self) -> Steps:
        for each in self.come:
            yield self._env.timeout(each.due_s - self._env.now)
            self._submit(each)

    def _at_once(self) -> float:
        start_s = self._env.now
        for each in self.late:
            self._submit(each)
        self._env.run()
        return len(self.late) / (self._env.now - start_s)

    def _submit(self, comment: Comment) -> None:
        self._strategy.at_s = comment.due_s
        self.refused += not self.log.submit(comment)

    def _read(self, found: Run) -> None:
        cold = [name for name in self.case.names[1:] if self.log.home(name).head(name)]
        found.viral_partitions = self._touched([VIRAL])
        found.cold_partitions = self._touched(cold)
        found.pages_s = [self._costs.page_s(each, self._rng) for each in found.viral_partitions]

    def _touched(self, names: Sequence[str]) -> list[int]:
        length = self.case.page_comments
        asked = pages(names, self.case.pages, self.case.seed)
        ends = [(name, page_end(share, self.log.home(name).head(name), length)) for name, share in asked]
        return [self.log.touched(name, max(1, end - length + 1), end) for name, end in ends]


def _wait_s(comment: Comment) -> float:
    return comment.answered_s - comment.due_s
