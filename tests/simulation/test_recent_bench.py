"""The benchmark of the cache of newest comments, small: every way is measured, and the cache is what answers."""

import json

import pytest
from typer.testing import CliRunner

from simulation.bench.recent import WAYS
from simulation.cli import app
from tests.redises import redis_servers


@pytest.mark.slow
@pytest.mark.usefixtures("patient")
def test_pages_are_measured_with_and_without_a_cache(tmp_path, monkeypatch):
    # A cache that a slow machine has made late once is not left alone, or too many of so few pages come from the log.
    monkeypatch.setenv("LIVECOMMENTS_RECENT_WITHOUT", '["breaker"]')
    with redis_servers():  # skips where there is none
        file = tmp_path / "run.json"
        options = ["--seconds", "1", "--runs", "1", "--pages", "50", "--posts", "50", "--json", str(file)]
        done = CliRunner().invoke(app, ["bench", "recent", *options], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    rows = {row["pages_from"]: row for row in json.loads(file.read_text())["rows"]}
    assert set(rows) == set(WAYS)
    assert rows["log"]["hits"] is None
    assert rows["write-through"]["hits"] > 0.5
    assert all(row["most_per_s"] > 0 for row in rows.values())


def test_numbers_out_of_bounds_are_refused():
    done = CliRunner().invoke(app, ["bench", "recent", "--runs", "0"])
    assert done.exit_code == 2
    assert "--runs" in done.output
