"""The segments benchmark, small, with a real nginx and the configuration that the project ships."""

import asyncio
import json
import shutil

import aiohttp
import pytest
from typer.testing import CliRunner

from simulation.bench.fanout_servers import free_port
from simulation.cli import app
from simulation.engines.nginx import CONFIGURATION, configured, nginx
from tests.server.conftest import eventually, start_server

__all__ = ["start_server"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")), reason="apt-get install nginx"
    ),
]


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
    assert many["hit_ratio"] > few["hit_ratio"] > 0.5


@pytest.fixture
def server(start_server):
    return start_server()


def test_the_cache_answers_segments_and_passes_on_everything_else(server, tmp_path):
    async def through_the_cache():
        async with nginx(server.url, free_port(), tmp_path, None) as cache, aiohttp.ClientSession(cache.url) as session:
            server.post("hello", stream="s")
            path = "/v1/streams/s/segments"
            await asyncio.to_thread(eventually, lambda: server.request("GET", path)[1]["segments"], "it is listed")
            listed = server.request("GET", path)[1]["segments"][0]
            address = f"{path}/{listed['offset']}/{listed['revision']}"
            told = []
            for token in ("", "Bearer nonsense"):
                async with session.get(address, headers={"Authorization": token}) as answer:
                    told.append((answer.status, answer.headers["X-Cache"], (await answer.json())["first"]))
            async with session.get("/v1/streams/s/comments") as answer:
                return told, "X-Cache" in answer.headers, (await answer.json())["items"][0]["text"]

    told, cached, text = asyncio.run(through_the_cache())
    assert told == [(200, "MISS", 1), (200, "HIT", 1)]
    assert (cached, text) == (False, "hello")


def test_a_configuration_that_has_changed_is_not_taken_for_another(monkeypatch, tmp_path):
    changed = tmp_path / "nginx.conf"
    changed.write_text(CONFIGURATION.read_text().replace("127.0.0.1:8080", "10.0.0.1:80"))
    monkeypatch.setattr("simulation.engines.nginx.CONFIGURATION", changed)
    with pytest.raises(ValueError, match=r"nginx.conf has no '127.0.0.1:8080'"):
        configured(1, 2)
