"""Exercise 02 latency_budget: from three records to one sentence about the 99th percentile.

A `Run` has what authors, the server and viewers have noted, on one clock (its definition is beside this exercise, in
`run.py`, with `quantile`). A comment's way has five stages, the last one of which ends once for each viewer:

    meant ── api ──> admitted ── log ──> durable ── broker ──> hub ── hub ──> flushed ── socket ──> received by a viewer

- `stages(run, seq, got_s)`: seconds in each of STAGES of the comment `seq`, which a viewer got at `got_s`;
- `ways(run)`: seconds from author to viewer of every delivery that *should* be there, once the warm-up is over; of one
  that never came `math.inf`. All that counts is whether a comment was *meant* to be posted after `began_s + warm_up_s`;
- `p99_s(run)`: what 99 % of these do not exceed;
- `shares(run)`: of each stage in the mean way, of the deliveries that came (after the warm-up), as parts of 1;
- `holds(run, budget_s)`: whether 99 % of the ways are within the budget.

The checks:

1. the stages of a delivery add up to its way, from when it was meant to begin;
2. the 99th percentile is that of the ways;
3. the warm-up is left out by when a comment was meant to be posted;
4. what never came is late;
5. the stages' shares add up to 1;
6. the budget of 500 ms holds when it does.
"""

from simulation.course.exercises.latency_budget.run import Run


def stages(run: Run, seq: int, got_s: float) -> dict[str, float]:
    raise NotImplementedError


def ways(run: Run) -> list[float]:
    raise NotImplementedError


def p99_s(run: Run) -> float:
    raise NotImplementedError


def shares(run: Run) -> dict[str, float]:
    raise NotImplementedError


def holds(run: Run, budget_s: float) -> bool:
    raise NotImplementedError
