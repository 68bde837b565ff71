"""What a report has measured so far: the suite's runs, and each experiment as far as it has come."""

from pathlib import Path

from simulation import record
from simulation.record import Document
from simulation.reporting.plan import Plan


class Record(record.Record):
    """Of a report."""

    @property
    def runs(self) -> list[Document]:
        """Of the suite, of all engines."""
        found: list[Document] = self.document["runs"]
        return found

    @property
    def experiments(self) -> dict[str, Document]:
        """By name: the result of one that is done, otherwise what its run has kept, or why there is none."""
        found: dict[str, Document] = self.document["experiments"]
        return found


def begun(plan: Plan, path: Path | None) -> Record:
    """The record of this plan: the one in the file, if it is not finished, or a new one."""
    planned = plan.as_dict()
    new = {
        "calibration": None, "calibrations": [], "scenarios": planned["scenarios"], "repeats": plan.size.repeats,
        "rounds": plan.size.rounds, "runs": [], "experiments": {},
    }  # fmt: skip
    return Record(record.begun(planned, path, new, "a report"), path)


def is_done(experiment: Document) -> bool:
    """Whether it is a result, and not one that has only begun."""
    return "comparison" in experiment
