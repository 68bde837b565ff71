"""The benchmark of the model's tiers, small: each is measured, and the number of workers makes no difference."""

import json

import pytest
from typer.testing import CliRunner

from simulation.bench.sim import SPEED
from simulation.cli import app


@pytest.mark.slow
def test_every_tier_is_measured_and_the_digest_is_one(tmp_path):
    file = tmp_path / "run.json"
    options = ["bench", "sim", "--runs", "1", "--replications", "6", "--json", str(file)]
    done = CliRunner().invoke(app, options, catch_exceptions=False)
    found = json.loads(file.read_text())
    assert {row["tier"] for row in found["speeds"]} == set(SPEED), done.output
    assert all(row["deliveries_per_s"] > 0 for row in found["speeds"])
    assert len(set(found["digests"].values())) == 1
    assert {each["tier"] for each in found["agreements"]} == {"hybrid", "batch"}


def test_numbers_out_of_bounds_are_refused():
    done = CliRunner().invoke(app, ["bench", "sim", "--replications", "1"])
    assert done.exit_code == 2
    assert "--replications" in done.output
