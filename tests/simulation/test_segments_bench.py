"""The segments benchmark, small, with a real nginx and the configuration that the project ships."""

import json

import pytest
from typer.testing import CliRunner

from simulation.cli import app
from simulation.engines.nginx import MISSING, program

NGINX = program()


@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.skipif(NGINX is None, reason=MISSING)
@pytest.mark.usefixtures("patient")
def test_a_crowd_of_pollers_misses_nothing_and_mostly_asks_the_cache(tmp_path):
    file, picture = tmp_path / "run.json", tmp_path / "run.png"
    options = ["--pollers", "10,40", "--seconds", "8", "--json", str(file), "--plot", str(picture)]
    done = CliRunner().invoke(app, ["bench", "segments", *options])
    assert done.exit_code == 0, done.output
    assert picture.read_bytes().startswith(b"\x89PNG")
    few, many = json.loads(file.read_text())["rows"]
    assert (few["missed"], many["missed"]) == (0, 0)
    assert many["requests_per_s"] > 2 * few["requests_per_s"]
    assert many["origin_per_s"] < 2 * few["origin_per_s"]
    assert 0 < few["gone_p50_ms"] <= few["gone_p99_ms"]
    assert many["hit_ratio"] > few["hit_ratio"] > 0.5
