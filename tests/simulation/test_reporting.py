"""The report: what it is planned to measure, how it goes on after an end, and a page that says what is missing."""

import json
import re
import signal
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from simulation.calibration import REFERENCE
from simulation.docs.rendering import ROOT
from simulation.experiments.catalogue import FAMILIES
from simulation.experiments.command import RESULTS, calibration_in
from simulation.record import OtherRecordError
from simulation.reporting.measuring import WHY, Measuring, missing
from simulation.reporting.page import markdown, typical, write
from simulation.reporting.plan import FULL, QUICK, SUBJECT, Plan, chosen
from simulation.reporting.record import begun

ONE = "v150-20s-w20"


def plan(only: str = ONE, experiments: bool = True) -> Plan:
    return chosen(["held_out"], replace(QUICK, seconds=2.0), only, experiments, "")


def run(scenario: str, repeat: int) -> list[dict[str, Any]]:
    """A live run with its forecast and its replay."""
    quantiles = {stage: {"p50": 5.0, "p95": 9.0, "p99": 10.0} for stage in STAGES}
    return [
        {
            "scenario": scenario, "engine": engine, "repeat": repeat, "latency_ms": quantiles, "why_void": "",
            "throughput_per_s": {"comments": 20.0, "deliveries": 3_000.0}, "counts": {}, "facts": {"server_busy": 0.3},
        }
        for engine in ("live", "forecast", "replay")
    ]  # fmt: skip


STAGES = ("api", "log", "broker", "hub", "socket", "end_to_end")


def experiment(name: str = "fan_out") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text())
    return found


def test_everything_is_chosen_by_name_and_quick_is_a_part_of_it() -> None:
    full, quick = chosen(["held_out"], FULL, "", True, ""), chosen(["held_out"], QUICK, "", True, "")
    nothing_live = {"moderation_budget", "sampling_and_rooms", "world_cup"}  # of which there is nothing to compare
    assert set(FAMILIES) - set(full.experiments) == nothing_live
    assert tuple(quick.experiments) == SUBJECT
    assert len(quick.scenarios) == -(-len(full.scenarios) // 4)
    assert chosen(["held_out"], FULL, "", False, "").experiments == []
    assert [each.name for each in plan(ONE).scenarios] == [ONE]
    alone = plan("fan_out")
    assert (list(alone.scenarios), list(alone.experiments)) == ([], ["fan_out"])


def test_a_report_that_has_begun_goes_on_and_another_one_does_not_take_its_place(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    record = begun(plan(), file)
    record.runs.extend(run(ONE, 0))
    record.save()
    again = begun(plan(), file)
    assert again.runs == run(ONE, 0)
    assert list(tmp_path.iterdir()) == [file]
    with pytest.raises(OtherRecordError, match=r"report\.json holds a report that has begun"):
        begun(plan("v600"), file)
    again.document["machine"]["cpu"] = "another one"
    again.save()
    with pytest.raises(OtherRecordError):
        begun(plan(), file)


def test_a_finished_report_and_a_file_that_is_none_are_written_over(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    for text in ('{"finished": true, "runs": [1]}', '{"runs": [1]}', "[]", "nothing"):
        file.write_text(text)
        assert begun(plan(), file).runs == []


def test_the_steps_are_those_that_are_left() -> None:
    record = begun(plan(), None)
    assert Measuring(plan(), record).steps == 4 + 2
    given = calibration_in(REFERENCE)
    assert given is not None
    record.runs.extend(run(ONE, 0))
    assert Measuring(plan(), record, given).steps == 1
    assert record.document["calibration"]["source"] == str(REFERENCE)


def test_an_experiment_counts_its_probe_its_live_runs_and_its_simulation_until_it_is_done() -> None:
    record = begun(plan("fan_out"), None)
    variants = len(FAMILIES["fan_out"]().variants)
    assert Measuring(plan("fan_out"), record).steps == 1 + variants + 1
    record.experiments["fan_out"] = experiment()
    assert Measuring(plan("fan_out"), record).steps == 0


def test_what_is_missing_is_said_in_words() -> None:
    everything = chosen(["held_out"], QUICK, "", True, "")
    record = begun(everything, None)
    runs = everything.live_runs
    record.runs.extend(run(everything.scenarios[0].name, 0))
    record.experiments.update({
        "fan_out": experiment(),
        "hot_partition": {"costs": {}, "observations": [{}, {}]},
        "failover": {WHY: "no redis-server"},
    })  # fmt: skip
    assert missing(everything, record) == [
        f"{runs - 1} of {runs} live runs of the suite",
        "hot_partition, of which 2 live runs are done",
        "backpressure, which has not begun",
        "failover, which cannot be run here: no redis-server",
    ]


def test_the_page_has_the_suite_every_experiment_and_pictures_beside_it(tmp_path: Path) -> None:
    both = replace(plan(), experiments=["fan_out"])
    record = begun(both, None)
    record.runs.extend([*run(ONE, 0), *run(ONE, 1)])
    record.experiments["fan_out"] = experiment()
    record.document["calibration"] = {"source": "shipped", "machine": record.document["machine"]}
    write(record.document, missing(both, record), tmp_path / "report.md")
    page = (tmp_path / "report.md").read_text()
    assert "Missing" not in page
    assert f"| {ONE} | 0.30 | 10.0" in page
    assert "Simulated with the shipped costs" in page
    assert FAMILIES["fan_out"]().question in page
    assert "pairs that live runs tell apart the model ranks" in page
    for name in ("report-suite.png", "report-fan_out.png"):
        assert f"]({name})" in page
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


def test_the_overview_has_a_row_for_each_experiment_with_the_figure_in_the_middle() -> None:
    family = FAMILIES["fan_out"]()
    whole = experiment()
    page = markdown({**begun(plan("fan_out"), None).document, "experiments": {"fan_out": whole}}, [], defaultdict(Path))
    (row,) = re.findall(r"^\| fan_out \|.*", page, re.MULTILINE)
    found = typical(family, whole["comparison"])
    assert found is not None
    assert f"`{found['variant']}`: " in row
    assert row.endswith(f"{whole['ranking']['alike']} of {whole['ranking']['pairs']} |")
    telling = {measure.name for measure in family.measures if measure.tells}
    off = [
        abs(each["error"]) for each in whole["comparison"] if each["measure"] in telling and each["error"] is not None
    ]
    assert (
        2 * sum(each <= abs(found["error"]) for each in off)
        >= len(off)
        <= 2 * sum(each >= abs(found["error"]) for each in off)
    )
    assert typical(family, [{**each, "error": None} for each in whole["comparison"]]) is None


def test_a_page_of_what_was_interrupted_names_what_is_not_there() -> None:
    record = begun(plan(), None)
    page = markdown(record.document, missing(plan(), record), {})
    assert "**Missing:** 2 of 2 live runs of the suite." in page
    assert "## " not in page


@pytest.mark.slow
def test_a_report_that_is_interrupted_is_saved_told_and_goes_on(tmp_path: Path) -> None:
    file, page = tmp_path / "report.json", tmp_path / "report.md"
    options = ["--only", ONE, "--seconds", "2", "--repeats", "3", "--calibration", str(REFERENCE)]
    command = [sys.executable, "-m", "simulation.cli", "report", *options, "--json", str(file), "--page", str(page)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as first:
        deadline_s = time.monotonic() + 240
        while not (file.exists() and json.loads(file.read_text())["runs"]) and time.monotonic() < deadline_s:
            time.sleep(0.05)
        first.send_signal(signal.SIGINT)
        said, _ = first.communicate(timeout=240)
    assert first.returncode == 130
    assert "Missing: " in said
    assert "live runs of the suite" in page.read_text()
    kept = json.loads(file.read_text())
    assert kept["finished"] is False
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=True)
    assert f"Going on with what {file} holds." in done.stdout.replace("\n", "")
    whole = json.loads(file.read_text())
    assert whole["finished"] is True
    assert whole["runs"][: len(kept["runs"])] == kept["runs"]
    assert sum(each["engine"] == "live" for each in whole["runs"]) == 3
    assert "Missing" not in page.read_text()
