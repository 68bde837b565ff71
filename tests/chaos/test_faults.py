"""A fleet of real processes under every fault: nothing is lost, doubled, out of order or brought back."""

import asyncio
import json
import math
import shutil
from itertools import islice
from random import Random

import pytest
from typer.testing import CliRunner

from simulation.chaos import run as chaos
from simulation.chaos.faults import FAULTS, Crowd, Fault
from simulation.chaos.record import Record
from simulation.chaos.report import plot
from simulation.chaos.run import Plan, run_chaos
from simulation.cli import app

pytestmark = pytest.mark.slow

needs_redis = pytest.mark.skipif(
    shutil.which("redis-server") is None, reason="no redis-server: install it (apt-get install redis-server)"
)


@needs_redis
@pytest.mark.parametrize("cluster", [False, True], ids=["one Redis", "a Redis Cluster"])
def test_nothing_is_lost_doubled_out_of_order_or_brought_back(cluster, tmp_path, monkeypatch):
    """One fleet for all the faults that it can take: starting one takes as long as most faults.

    The rests between them are short, so that a fault may meet a fleet that has not quite recovered from the last.
    """
    monkeypatch.setattr(chaos, "BEFORE_S", 0.5)
    monkeypatch.setattr(chaos, "AFTER_S", 2.0)
    faults = [name for name, fault in FAULTS.items() if fault.cluster is cluster and not fault.workers]
    outcome = asyncio.run(run_chaos(Plan(seed=7, faults=faults, crowd=Crowd(viewers=6)), print))
    assert outcome.broken == [], (outcome.plan.seed, outcome.timeline, outcome.broken)
    assert [name for _, name in outcome.timeline] + list(outcome.skipped) == faults
    assert outcome.counts["given up"] == 0
    assert outcome.counts["acknowledged"] > 100
    assert outcome.counts["deleted"] > 0
    plot(outcome.sights, tmp_path / "sights.png")
    assert (tmp_path / "sights.png").read_bytes().startswith(b"\x89PNG")


@needs_redis
def test_every_reaction_is_counted_once_whatever_befalls_a_worker():
    faults = [name for name, fault in FAULTS.items() if fault.workers]
    outcome = asyncio.run(run_chaos(Plan(seed=7, faults=faults, crowd=Crowd(viewers=1)), print))
    assert outcome.broken == [], (outcome.plan.seed, outcome.timeline, outcome.broken)
    assert [name for _, name in outcome.timeline] == faults
    assert outcome.counts["reactions"] > 100


def test_a_long_run_goes_on_with_rounds_of_any_faults():
    rounds = list(islice(chaos._rounds(["kill-edge", "stop-edge"], math.inf, Random(3)), 20))
    assert rounds[0] == ["kill-edge", "stop-edge"]
    assert {name for each in rounds[1:] for name in each} == {"kill-edge", "stop-edge"}
    assert {len(each) for each in rounds} == {2}
    assert len(list(chaos._rounds(["kill-edge"], 0.0, Random(3)))) == 1


@needs_redis
def test_every_round_is_judged_by_itself(monkeypatch):
    monkeypatch.setattr(chaos, "AFTER_S", 0.5)
    monkeypatch.setattr(chaos, "_rounds", lambda faults, until_s, rng: [faults, faults])
    outcome = asyncio.run(run_chaos(Plan(faults=["slow-broker"], crowd=Crowd(viewers=1)), print))
    assert outcome.broken == []
    assert [name for _, name in outcome.timeline] == ["slow-broker"] * 2
    assert outcome.counts["viewers"] == 2 * 2


@needs_redis
def test_a_broken_run_says_how_to_repeat_it(monkeypatch, tmp_path):
    monkeypatch.setattr(chaos, "broken", lambda record, history, head: ["planted"])
    file = tmp_path / "run.json"
    options = ["--faults", "slow-broker", "--seed", "3", "--viewers", "1"]
    done = CliRunner().invoke(app, ["chaos", *options, "--json", str(file)], catch_exceptions=False)
    assert done.exit_code == 1
    assert "broken: planted" in done.output
    assert "livecomments chaos --seed 3 --faults slow-broker" in done.output
    found = json.loads(file.read_text())
    assert (found["plan"]["seed"], [name for _, name in found["timeline"]]) == (3, ["slow-broker"])


@needs_redis
def test_a_run_that_is_ended_early_undoes_its_fault_and_judges_what_it_has(monkeypatch):
    begun, undone = asyncio.Event(), []

    async def endless(fleet, rng, lasts_s):
        begun.set()
        await asyncio.sleep(0.5)
        undone.append(True)

    fault = Fault(name="endless", what="for ever", lasts_s=0.5, befall=endless)
    monkeypatch.setitem(FAULTS, "endless", fault)

    async def main():
        run = asyncio.create_task(run_chaos(Plan(faults=["endless"], crowd=Crowd(viewers=1)), print))
        await begun.wait()
        run.cancel()
        return await run

    outcome = asyncio.run(main())
    assert (undone, outcome.broken, outcome.skipped) == ([True], [], {"the rest": "the run was ended early"})


def test_an_unknown_fault_is_refused_with_those_that_there_are():
    done = CliRunner().invoke(app, ["chaos", "--faults", "kill-everything"])
    assert done.exit_code == 1
    assert "kill-edge" in done.output
    assert "'kill-everything'" in done.output


def test_a_timeline_that_cannot_be_read_is_refused(tmp_path):
    (tmp_path / "no.json").write_text("{}")
    done = CliRunner().invoke(app, ["chaos", "--timeline", str(tmp_path / "no.json")])
    assert done.exit_code == 1
    assert "--json of an earlier run" in done.output


def test_without_redis_it_says_at_once_how_to_get_one(monkeypatch):
    monkeypatch.setenv("PATH", "")
    for faults, missing in (("kill-edge", "redis-server"), ("cluster-loses-master", "redis-server and redis-cli")):
        done = CliRunner().invoke(app, ["chaos", "--faults", faults])
        expected = f"livecomments: chaos needs {missing}, which is not installed (apt-get install redis-server)\n"
        assert (done.exit_code, done.output) == (1, expected)


def test_nobody_has_seen_anything_of_a_fault_without_viewers():
    seen = chaos.sight("kill-edge", Record(), 1.0, 2.0, 3.0)
    assert (seen.silence_s, seen.recovery_s, seen.gaps) == (0.0, 0.0, 0)
