"""The fan-out benchmark, small: it measures real servers, loses nothing, and says what it cannot do."""

import json
import math

import pytest
from typer.testing import CliRunner

from reference_impl.compiled import NotCompiled, compiled
from simulation.bench import fanout, fanout_load
from simulation.bench.fanout_servers import NATIVE
from simulation.cli import app

KEYS = {
    "server", "transport", "viewers", "window_ms", "deliveries_per_s", "cpu_us_per_delivery", "p50_ms", "p99_ms",
    "rss_kb_per_viewer", "floor_share",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _busy_machine_allowed(monkeypatch):
    """What others do on this machine is no fault of the benchmark's."""
    monkeypatch.setattr(fanout, "IDLE_MIN", -1.0)
    monkeypatch.setattr(fanout, "OTHERS_MAX", 2.0)
    monkeypatch.setattr(fanout, "LATE_MS", math.inf)


def bench(tmp_path, *options):
    file = tmp_path / "rows.json"
    arguments = ["bench", "fanout", "--viewers", "20", "--seconds", "1", "--runs", "1", "--json", str(file)]
    done = CliRunner().invoke(app, [*arguments, *options])
    assert done.exit_code == 0, done.output
    return json.loads(file.read_text())["rows"]


def needs_compiler():
    try:
        compiled(NATIVE / "floor.c")
    except NotCompiled as error:
        pytest.skip(f"needs a C compiler: {error}")


@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("transport", ["sse", "websocket"])
def test_a_server_is_measured_beside_the_floor(tmp_path, transport):
    needs_compiler()
    picture = tmp_path / "rows.png"
    options = (
        "--server",
        "livecomments,floor",
        "--transport",
        transport,
        "--window-ms",
        "0,20",
        "--plot",
        str(picture),
    )
    rows = bench(tmp_path, *options)
    assert {(row["server"], row["window_ms"]) for row in rows} == {
        (server, window) for server in ("livecomments", "floor") for window in (0, 20)
    }
    for row in rows:
        assert row.keys() >= KEYS
        (run,) = row["runs"]
        assert (run["why_void"], run["lost"]) == ("", 0)
        assert row["cpu_us_per_delivery"] > 0
        assert row["floor_share"] > 0
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.usefixtures("patient")
def test_without_a_compiler_the_load_is_python_s(tmp_path, monkeypatch):
    def no_compiler(*_):
        raise NotCompiled("not here")

    monkeypatch.setattr(fanout_load, "compiled", no_compiler)
    (row,) = bench(tmp_path, "--server", "livecomments", "--transport", "sse", "--window-ms", "0")
    assert [run["why_void"] for run in row["runs"]] == [""]
    assert row["floor_share"] is None


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--server", "apache", "--server takes livecomments"),
        ("--transport", "carrier-pigeon", "--transport takes sse, websocket"),
        ("--viewers", "many", "--viewers takes numbers"),
        ("--viewers", "0", "from 1 to"),
        ("--window-ms", "-1", "from 0 to"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused_by_name(option, value, said):
    done = CliRunner().invoke(app, ["bench", "fanout", option, value])
    assert done.exit_code == 1
    assert said in done.output


def test_a_file_that_cannot_be_written_is_refused_before_anything_is_measured(tmp_path):
    done = CliRunner().invoke(app, ["bench", "fanout", "--json", str(tmp_path / "absent" / "rows.json")])
    assert done.exit_code == 1
    assert "cannot write" in done.output
