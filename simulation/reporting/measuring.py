"""Measures what a plan says and a record does not hold yet: probes, the suite, then one experiment after the other."""

from collections.abc import Callable
from contextlib import suppress

from simulation.calibration import Calibration, CalibrationError
from simulation.engines import live
from simulation.engines.calibrate import calibrate_all
from simulation.engines.processes import ProcessError
from simulation.experiments.catalogue import FAMILIES
from simulation.experiments.running import FamilyRun
from simulation.fidelity import left, measure
from simulation.neighbours import others_share
from simulation.provenance import MEASURED, Provenance
from simulation.record import Document
from simulation.reporting.plan import Plan
from simulation.reporting.record import Record, is_done
from simulation.scenario import Scenario

Tell = Callable[[str], None]
WHY = "why_missing"


class Measuring:
    """``given`` is the suite's calibration, if it is not to be measured."""

    def __init__(self, plan: Plan, record: Record, given: tuple[Calibration, Provenance] | None = None) -> None:
        self._plan = plan
        self._record = record
        self._rounds = plan.size.rounds if given is None else 1
        if given is not None:
            record.document["calibration"] = given[1].as_dict()
            self._frozen = [given[0]]
        else:
            self._frozen = _usable(record.document)

    @property
    def steps(self) -> int:
        """How often `run` will tell of something that begins."""
        suite = self._rounds_left * self._plan.probes + len(self._runs_left)
        return suite + sum(self._family_run(name).steps for name in self._experiments_left)

    async def run(self, tell: Tell) -> None:
        """Measure it all, and save whenever there is something new; an experiment may be impossible here.

        Costs that nothing can be simulated with are not kept: the next run measures them anew.
        """
        live.pin_self()
        if self._runs_left:
            await self._calibrate(tell)
            await measure(
                self._plan.scenarios, self._plan.size.repeats, tell, self._frozen, self._record.runs, self._record.save
            )
        for name in self._experiments_left:
            try:
                await self._experiment(name, tell)
            except ProcessError as error:
                self._keep(name, self._record.experiments.get(name, {}) | {WHY: str(error)})
            except CalibrationError as error:
                measured = self._record.experiments[name]
                self._keep(name, {"observations": measured["observations"], WHY: f"{error}"})
        self._record.finish()

    @property
    def _runs_left(self) -> list[tuple[Scenario, int]]:
        return left(self._plan.scenarios, self._plan.size.repeats, self._record.runs)

    @property
    def _rounds_left(self) -> int:
        """Of probes."""
        return self._rounds - len(self._frozen) if self._runs_left else 0

    @property
    def _experiments_left(self) -> list[str]:
        return [name for name in self._plan.experiments if not is_done(self._record.experiments.get(name, {}))]

    async def _calibrate(self, tell: Tell) -> None:
        for _ in range(self._rounds_left):
            found = await calibrate_all(
                self._plan.scenarios[0], lambda what: tell(f"calibrating, {what}"), self._plan.size.audiences
            )
            self._frozen.append(found)
            self._record.document["calibrations"].append(found.as_dict())
            busiest = max((each.machine for each in self._frozen), key=others_share)
            self._record.document["calibration"] = Provenance(MEASURED, busiest).as_dict()
            self._record.save()

    async def _experiment(self, name: str, tell: Tell) -> None:
        run = self._family_run(name)
        found = await run.finish(lambda what: tell(f"{name}, {what}"), lambda started: self._keep(name, started))
        self._keep(name, found)

    def _family_run(self, name: str) -> FamilyRun:
        started, size = self._record.experiments.get(name, {}), self._plan.size
        return FamilyRun(
            FAMILIES[name](), repeats=size.experiment_repeats, repeats_sim=size.experiment_repeats_sim,
            started=started if "observations" in started else None,
        )  # fmt: skip

    def _keep(self, name: str, experiment: Document) -> None:
        self._record.experiments[name] = experiment
        self._record.save()


def _usable(document: Document) -> list[Calibration]:
    """The rounds of probes in a report's document, which then has no others: disturbed ones are measured anew."""
    kept = [(fields, found) for fields in document["calibrations"] if (found := _read(fields)) is not None]
    document["calibrations"] = [fields for fields, _ in kept]
    return [found for _, found in kept]


def _read(fields: Document) -> Calibration | None:
    with suppress(CalibrationError):
        return Calibration.of(fields)
    return None


def missing(plan: Plan, record: Record) -> list[str]:
    """What is not there of what was to be measured, a phrase each."""
    found = []
    if runs := len(left(plan.scenarios, plan.size.repeats, record.runs)):
        found.append(f"{runs} of {plan.live_runs} live runs of the suite")
    for name in plan.experiments:
        experiment = record.experiments.get(name, {})
        if WHY in experiment:
            found.append(f"{name}, which cannot be run here: {experiment[WHY]}")
        elif not is_done(experiment):
            runs = len(experiment.get("observations", ()))
            found.append(f"{name}, of which {runs} live runs are done" if runs else f"{name}, which has not begun")
    return found
