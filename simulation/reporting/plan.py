"""What a report is to measure: which scenarios and experiments, how often, for how long."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from simulation.engines.calibrate import AUDIENCES, WINDOWS_MS
from simulation.experiments.catalogue import FAMILIES
from simulation.experiments.running import held_here
from simulation.scenario import Scenario
from simulation.suite import suite


@dataclass(frozen=True, slots=True)
class Size:
    """Of the suite's scenarios every so-manieth; None: all experiments, and an experiment's own number of runs."""

    repeats: int
    seconds: float
    every: int
    rounds: int  # of probes before it all, with each of these audiences
    audiences: tuple[int, ...]
    experiments: tuple[str, ...] | None
    experiment_repeats: int | None
    experiment_repeats_sim: int | None


SUBJECT = ("fan_out", "hot_partition", "backpressure", "failover")  # what this project is about
FULL = Size(
    repeats=7, seconds=20.0, every=1, rounds=3, audiences=AUDIENCES, experiments=None,
    experiment_repeats=None, experiment_repeats_sim=None,
)  # fmt: skip
QUICK = Size(
    repeats=2, seconds=4.0, every=4, rounds=1, audiences=(AUDIENCES[0], AUDIENCES[-1]), experiments=SUBJECT,
    experiment_repeats=1, experiment_repeats_sim=3,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """``calibration`` is the file that costs of the suite are taken from, "" if they are measured first."""

    size: Size
    scenarios: Sequence[Scenario]
    experiments: Sequence[str]
    calibration: str = ""

    @property
    def probes(self) -> int:
        """Of a round."""
        return len(self.size.audiences) * len(WINDOWS_MS)

    @property
    def live_runs(self) -> int:
        """Of the suite."""
        return len(self.scenarios) * self.size.repeats

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it: two plans are the same if these are."""
        return {
            "size": json.loads(json.dumps(asdict(self.size))),
            "scenarios": [scenario.model_dump(mode="json") for scenario in self.scenarios],
            "experiments": list(self.experiments),
            "calibration": self.calibration,
        }


def chosen(parts: Sequence[str], size: Size, only: str, experiments: bool, calibration: str) -> Plan:
    """Of these parts and of the experiments those with ``only`` in their names; that leaves out nothing else."""
    scenarios = [scenario for part in parts for scenario in suite(part, size.seconds) if only in scenario.name]
    names = [name for name in _experiments(size) if only in name] if experiments else []
    return Plan(
        size=size, scenarios=scenarios if only else scenarios[:: size.every], experiments=names, calibration=calibration
    )


def _experiments(size: Size) -> list[str]:
    """Those that run live, too: of the others there is nothing to compare."""
    wanted = FAMILIES if size.experiments is None else size.experiments
    return [name for name in wanted if held_here(FAMILIES[name]())]
