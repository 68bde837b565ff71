"""The laws, each with the room of the model that must obey it, and the verdict: an equivalence test.

The model obeys if the theory lies inside the 99% interval over independent replications *and* that interval is narrow:
a wide one would agree with anything.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from reference_impl.policy.batching import GroupCommitConfig
from simulation import theory
from simulation.laws import loops, rooms
from simulation.laws.observed import SERVICE_S, SERVICE_VARIANCE_S2, Draws, Observed
from simulation.statistics import confidence_interval, controlled_interval

SEED = 1
REPLICATIONS = 40
CONFIDENCE = 0.99
MEAN_WITHIN = 0.01  # relative half-width
P99_WITHIN = 0.02
PER_S = 1 / SERVICE_S  # arrivals at which one loop is busy all the time
HALF = 0.5 * PER_S
P99 = "p99 of the sojourn"


@dataclass(frozen=True, slots=True)
class Law:
    """``expected`` holds the theory's figures: seconds, or parts of one where the name begins with "share"."""

    name: str
    station: str
    run: Callable[[Draws], Observed]
    expected: dict[str, float]


@dataclass(frozen=True, slots=True)
class Check:
    """One figure of one law. ``reduction``: by how much control variates made the variance smaller."""

    law: str
    station: str
    quantity: str
    theory: float
    mean: float
    half_width: float
    reduction: float
    inside: bool  # the theory, in the interval
    narrow: bool  # the interval

    @property
    def obeyed(self) -> bool:
        return self.inside and self.narrow


CROWD = 5.0  # viewers of a room on average
WRITE_S = SERVICE_S / CROWD
LAWS = (
    Law(
        "M/M/1", "event loop", lambda draws: loops.one_queue(draws, 27_000, HALF, "exponential"),
        {
            "mean sojourn": theory.mm1_mean_s(HALF, SERVICE_S),
            P99: theory.mm1_quantile_s(HALF, SERVICE_S),
        },
    ),
    Law(
        "M/D/1", "event loop", lambda draws: loops.one_queue(draws, 16_000, HALF, "constant"),
        {"mean sojourn": theory.md1_mean_s(HALF, SERVICE_S), P99: theory.md1_quantile_s(HALF, SERVICE_S)},
    ),
    Law(
        "M/G/1", "event loop, costs of two kinds",
        lambda draws: loops.one_queue(draws, 10_000, 0.4 * PER_S, "two kinds"),
        {"mean sojourn": theory.mg1_mean_s(0.4 * PER_S, SERVICE_S, SERVICE_VARIANCE_S2["two kinds"])},
    ),
    Law(
        "M/M/3", "three event loops, one queue",
        lambda draws: loops.one_queue(draws, 5_000, 2.1 * PER_S, "exponential", loops=3),
        {
            "mean sojourn": theory.mmc_mean_s(2.1 * PER_S, SERVICE_S, 3),
            "share that waits": theory.erlang_c(2.1, 3),
        },
    ),
    Law(
        "M/M/4/4", "the server's bulkhead", lambda draws: rooms.refused_calls(draws, 8_000, 3 * PER_S, places=4),
        {"share refused": theory.erlang_b(3, 4)},
    ),
    Law(
        "M/M/1/4", "log with a short queue, commits of one",
        lambda draws: rooms.commits(draws, 6_000, 1.2 * PER_S, GroupCommitConfig(batch_max=1, waiting_max=3)),
        {
            "share refused": theory.mm1k_lost(1.2 * PER_S, SERVICE_S, 4),
            "mean sojourn": theory.mm1k_mean_s(1.2 * PER_S, SERVICE_S, 4),
        },
    ),
    Law(
        "M/M^[1,inf]/1", "log, group commit",
        lambda draws: rooms.commits(draws, 10_000, 1.5 * PER_S, GroupCommitConfig()),
        {"mean sojourn": theory.group_commit_mean_s(1.5 * PER_S, SERVICE_S)},
    ),
    Law(
        "M^[X]/D/1", "edge, a write for each viewer",
        lambda draws: rooms.fan_outs(draws, 12_000, 0.4 * PER_S, WRITE_S, CROWD),
        {"mean to a delivery": theory.batch_md1_mean_s(0.4 * PER_S, WRITE_S, CROWD, CROWD**2 - CROWD)},
    ),
    Law(
        "M/M/1, two classes", "event loop, the urgent first",
        lambda draws: loops.urgent_first(draws, 10_000, 0.6 * PER_S, 1 / 3),
        dict(
            zip(
                ("mean of the urgent", "mean of the others"),
                theory.priority_means_s((0.2 * PER_S, 0.4 * PER_S), SERVICE_S),
                strict=True,
            )
        ),
    ),
    Law(
        "Jackson's tandem", "two event loops in a row",
        lambda draws: loops.tandem(draws, 7_500, HALF, 1.2 * SERVICE_S),
        {"mean sojourn": theory.tandem_mean_s(HALF, (SERVICE_S, 1.2 * SERVICE_S))},
    ),
    Law(
        "SQ(2)", "300 event loops", lambda draws: loops.two_choices(draws, 4_000, 0.7 * PER_S, loops=300),
        {"mean sojourn": theory.two_choices_mean_s(0.7 * PER_S, SERVICE_S)},
    ),
    Law(
        "M/M/2+M", "two event loops, one queue, patience",
        lambda draws: loops.impatient(draws, 6_000, 2 * PER_S, 2 * SERVICE_S, loops=2),
        {"share that gives up": theory.gives_up(2 * PER_S, SERVICE_S, 2 * SERVICE_S, 2)},
    ),
    Law(
        "M/M/1-PS", "core", lambda draws: loops.shared_core(draws, 5_000, HALF, "exponential"),
        {"mean sojourn": theory.shared_mean_s(HALF, SERVICE_S)},
    ),
    Law(
        "M/G/1-PS", "core, costs of two kinds", lambda draws: loops.shared_core(draws, 5_000, HALF, "two kinds"),
        {"mean sojourn": theory.shared_mean_s(HALF, SERVICE_S)},
    ),
    Law(
        "M/M/2-PS", "two cores", lambda draws: loops.shared_core(draws, 5_000, PER_S, "exponential", cores=2),
        {"mean sojourn": theory.mmc_mean_s(PER_S, SERVICE_S, 2)},  # as many are inside as if they stood in line
    ),
    Law(
        "Little's law", "event loop", lambda draws: loops.counted(draws, 3_000, HALF, SERVICE_S / 3),
        {"counted / expected": 1.0},
    ),
)  # fmt: skip


def check(law: Law, replications: int = REPLICATIONS, seed: int = SEED) -> Iterator[list[Check]]:
    """Run a law; answers an empty list after each replication, and after the last one the checks."""
    observed = []
    for replication in range(replications):
        observed.append(law.run(Draws(seed, law.name, replication)))
        yield [] if replication + 1 < replications else judge(law, observed)


def judge(law: Law, observed: list[Observed]) -> list[Check]:
    return [_judge(law, quantity, observed) for quantity in law.expected]


def _judge(law: Law, quantity: str, observed: list[Observed]) -> Check:
    figures = [each.figures[quantity] for each in observed]
    interval = controlled_interval(figures, [each.controls for each in observed], CONFIDENCE)
    plain = confidence_interval(figures, CONFIDENCE)
    within = P99_WITHIN if quantity == P99 else MEAN_WITHIN
    return Check(
        law=law.name,
        station=law.station,
        quantity=quantity,
        theory=law.expected[quantity],
        mean=interval.mean,
        half_width=interval.half_width,
        reduction=(plain.half_width / interval.half_width) ** 2,
        inside=law.expected[quantity] in interval,
        narrow=interval.relative_half_width <= within,
    )
