"""Probes of a busy machine: made again, refused in words, never kept; and what is said of costs that it has slowed."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from simulation.calibration import COLUMNS, REFERENCE, Calibration, CalibrationError, merged
from simulation.cli import app
from simulation.engines import calibrate, processes
from simulation.engines.digest import LATE_MAX_S, Digest
from simulation.engines.processes import ProcessError
from simulation.experiments.running import RESULTS
from simulation.measurements import COMMENT_COLUMNS, FAN_OUT_COLUMNS, WRITE_COLUMNS, Measured, Receipts, Used
from simulation.neighbours import BUSY_SHARE, Neighbours, used_s, warning
from simulation.provenance import MEASURED, Provenance
from simulation.reporting.measuring import WHY, Measuring, missing
from simulation.reporting.plan import QUICK, chosen
from simulation.reporting.record import begun
from simulation.scenario import Scenario, load_scenario

WHOLE = Calibration.load(REFERENCE).parts[0]
MACHINE = {"cores": 2, "cpu": "a CPU", "system": "Linux", "python": "3.11", "at": "noon"}


def without(*names: str) -> Calibration:
    """The samples of a probe that was disturbed."""
    return replace(WHOLE, **{name: getattr(WHOLE, name)[:0] for name in names})


def probed(monkeypatch: pytest.MonkeyPatch, *founds: Calibration) -> Any:
    """What comes of probes that find this, one after the other, and how many of them are left."""
    left = list(founds)

    async def next_one(scenario: Scenario, stalls: list[float]) -> Calibration:
        return left.pop(0)

    monkeypatch.setattr(calibrate, "_probe_once", next_one)
    return asyncio.run(calibrate.calibrate(load_scenario("quick"), [])), len(left)


def test_a_disturbed_probe_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    found, left = probed(monkeypatch, without("fan_outs"), without("slacks"), WHOLE, WHOLE)
    assert left == 1
    assert len(found.fan_outs) == len(WHOLE.fan_outs)
    assert 0 <= found.machine["others_share"] <= 1
    assert found.machine["stalled_share"] == round(WHOLE.stalled_share, 3)


def test_a_machine_on_which_probes_always_find_too_little_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    few = replace(WHOLE, posts=WHOLE.posts[:3])
    with pytest.raises(ProcessError, match=r"too busy to measure .* too little of posts \(3\); run it again") as told:
        probed(monkeypatch, *[few] * calibrate.TRIES)
    assert "\n" not in str(told.value)


def test_slacks_are_needed_where_there_is_a_window() -> None:
    assert calibrate.too_few(without("slacks"), 20.0) == "slacks (0)"
    assert calibrate.too_few(without("slacks"), 0.0) == ""
    assert calibrate.too_few(replace(WHOLE, receive_s=float("nan")), 0.0) == "receive_s (0)"


@pytest.mark.parametrize("name", ["posts", "commits", "handovers", "hops", "fan_outs", "answers", "polls"])
def test_a_file_whose_probes_found_nothing_is_refused_by_the_name_of_what_is_not_there(name: str) -> None:
    fields = json.loads(json.dumps(without(name).as_dict()))
    with pytest.raises(CalibrationError, match=f"the calibration has no {name}: its probes were disturbed"):
        Calibration.of(fields)
    with pytest.raises(CalibrationError, match=name):
        Calibration.of({"machine": {}, "parts": [WHOLE.as_dict(), fields]})


def test_what_may_be_empty_keeps_its_shape_in_a_file() -> None:
    again = Calibration.of(json.loads(json.dumps(without("slacks", "stalls", "edge_hops").as_dict())))
    for name, columns in COLUMNS.items():
        assert getattr(again, name).shape[1:] == ((columns,) if columns else ())
        assert len(getattr(again, name)) == (
            0 if name in ("slacks", "stalls", "edge_hops") else len(getattr(WHOLE, name))
        )


def test_a_command_says_in_words_why_it_cannot_use_a_calibration(tmp_path: Path) -> None:
    def said(path: Path, name: str = "quick") -> str:
        done = CliRunner().invoke(app, ["run", name, "--engine", "sim", "--calibration", str(path)])
        assert done.exit_code == 1
        assert done.output.count("\n") == 1, done.output
        return done.output.rpartition(", which must be ")[2].partition(": ")[2].strip()

    absent, file = tmp_path / "nosuch.json", tmp_path / "costs.json"
    assert said(absent) == said(absent, "fan_out") == "No such file or directory"
    file.write_text("{")
    assert said(file).startswith("it is not JSON: ")
    file.write_text("{}")
    assert said(file) == "it has no 'posts'"
    file.write_text(json.dumps(without("fan_outs").as_dict()))
    assert said(file).startswith("the calibration has no fan_outs: ")


def test_windows_that_all_ended_late_leave_the_least_late_one() -> None:
    def slacks(*late_s: float) -> list[float]:
        starts_s = np.cumsum([1.0, *(0.021 + each for each in late_s)])  # each fan-out has the loop for 1 ms
        fan_outs = {"start_s": starts_s, "end_s": starts_s + 1e-3, "first": starts_s, "last": starts_s}
        windowed = load_scenario("quick").changed({"system": {"window_ms": 20.0}})
        measured = Measured({}, fan_outs, {})
        digest = Digest(windowed, measured, Receipts(*[np.zeros(0)] * 3), {}, [])
        return list(digest._slacks((0.5, 9.0)))

    late = 2 * LATE_MAX_S
    assert slacks(late, 0.001, 0.002) == pytest.approx([0.001, 0.002])
    assert slacks(late, late + 0.02, late + 0.01) == pytest.approx([late])
    assert slacks() == []


def test_of_a_run_in_which_nothing_was_seen_a_digest_has_nothing_and_says_so() -> None:
    nothing = np.zeros(0)
    measured = Measured(*(dict.fromkeys(names, nothing) for names in (COMMENT_COLUMNS, FAN_OUT_COLUMNS, WRITE_COLUMNS)))
    digest = Digest(load_scenario("quick"), measured, Receipts(*[nothing] * 3), {}, [Used(0.0, 1.0, 0.5)])
    found = digest.calibration(1e-3, (0.0, 1.0), [])
    assert list(found.lacking({})) == ["posts", "commits", "handovers", "hops", "fan_outs", "answers", "receive_s"]
    replay = digest.replay(0.0, WHOLE)
    assert replay.receive_s == WHOLE.receive_s
    assert replay.answer(0.01) == WHOLE.answer(0.01)
    assert replay.fan_out(0.0, 100, 0.01, 1, Random(1)) == WHOLE.fan_out(0.0, 100, 0.01, 1, Random(1))
    assert replay.commit(0.0, 0.01, 1, Random(1)) == WHOLE.commit(0.0, 0.01, 1, Random(1))


def test_a_report_measures_anew_what_disturbed_probes_have_left_in_its_file() -> None:
    plan = chosen(["held_out"], QUICK, "v150-20s-w20", False, "")
    record = begun(plan, None)
    record.document["calibrations"] = [without("fan_outs").as_dict()]
    assert Measuring(plan, record).steps == plan.probes + plan.live_runs
    assert record.document["calibrations"] == []


def test_an_experiment_whose_costs_cannot_be_simulated_with_keeps_its_runs_and_not_those_costs() -> None:
    plan = chosen(["held_out"], replace(QUICK, experiment_repeats_sim=1), "fan_out", True, "")
    record = begun(plan, None)
    earlier = json.loads((RESULTS / "fan_out.json").read_text())
    live = [each for each in earlier["observations"] if each["engine"] == "live"]
    costs = earlier["costs"] | {"write-at-once": without("fan_outs").as_dict()}
    record.experiments["fan_out"] = {"costs": costs, "calibration": earlier["calibration"], "observations": live}
    asyncio.run(Measuring(plan, record).run(lambda _: None))
    assert missing(plan, record) == [f"fan_out, which cannot be run here: {record.experiments['fan_out'][WHY]}"]
    assert record.experiments["fan_out"][WHY].startswith("the calibration has no fan_outs")
    assert record.experiments["fan_out"]["observations"] == live
    assert "costs" not in record.experiments["fan_out"]
    assert Measuring(plan, record).steps == 2  # the probe and the simulation


def test_others_have_had_what_neither_a_process_nor_its_children_have(tmp_path: Path) -> None:
    stat = tmp_path / "stat"
    stat.write_text("cpu 9 9 9 9\ncpu0 100 0 50 1000 7 0 9 0 0 0\ncpu1 0 0 0 0 0 0 0 0 0 0\nintr 7\n")
    watched = Neighbours({0}, stat)
    assert watched.share() == 0
    stat.write_text("cpu 9 9 9 9\ncpu0 900000 0 50 1000 7 0 9 0 0 0\ncpu1 0 0 0 0 0 0 0 0 0 0\nintr 7\n")
    assert watched.share() == 1
    assert Neighbours({0}, tmp_path / "nowhere").share() == 0


def test_interrupts_and_idleness_are_nobodys_work_and_stolen_time_is_others() -> None:
    stat = "cpu 0 0 0 0 0 0 0 0\ncpu0 100 20 30 9999 9999 9999 9999 50 0 0\ncpu1 1 0 0 0 0 0 0 0 0 0\n"
    tick_s = used_s({"cpu1"}, stat)
    assert used_s({"cpu0"}, stat) == pytest.approx(200 * tick_s)
    assert used_s({"cpu0", "cpu1"}, stat) == pytest.approx(201 * tick_s)


def test_costs_of_a_busy_machine_are_said_to_be_that_wherever_figures_are() -> None:
    busy = MACHINE | {"others_share": 0.37, "stalled_share": 0.2}
    said = str(Provenance(MEASURED, busy))
    assert "This machine was busy while its costs were measured (others had 37% of its cores" in said
    assert "do not trust the simulated columns" in said
    assert str(Provenance.read(json.loads(json.dumps(Provenance(MEASURED, busy).as_dict())))) == said
    assert warning(MACHINE | {"stalled_share": 2 * BUSY_SHARE})


def test_a_quiet_machine_and_one_of_which_nothing_was_noted_get_no_warning() -> None:
    assert warning(MACHINE) == ""
    assert warning(MACHINE | {"others_share": BUSY_SHARE, "stalled_share": BUSY_SHARE}) == ""
    for published in RESULTS.glob("*.json"):
        assert "busy" not in warning(json.loads(published.read_text()).get("machine", {}))
    for stalled in (calibration.stalled_share for calibration in Calibration.load(REFERENCE).parts):
        assert stalled <= BUSY_SHARE


def test_of_several_probes_the_busiest_moment_is_told() -> None:
    parts = [replace(WHOLE, machine=MACHINE | {"others_share": share}) for share in (0.0, 0.4, 0.1)]
    assert merged(parts).machine["others_share"] == 0.4


def test_the_cores_that_are_measured_on_are_watched() -> None:
    server, load = processes.cores()
    assert processes.neighbours().cores == {*(server or ()), *(load or ())}
