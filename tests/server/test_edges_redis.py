"""Edges that Redis tells what happens: at once, and while the API that they ask is away."""

import os
import shutil
import socket
import subprocess

import pytest

from tests.server.conftest import eventually
from tests.server.sse import Follower, seqs


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory):
    """The Redis of the environment, or one of our own on a free port."""
    if url := os.environ.get("LIVECOMMENTS_TEST_REDIS_URL"):
        yield url
        return
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("needs a Redis: apt install redis-server, or set LIVECOMMENTS_TEST_REDIS_URL")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("redis")
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
    process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
    try:
        eventually(lambda: _listens(port), "Redis listens")
        yield f"redis://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def follow():
    opened = []

    def open_(process, **options):
        opened.append(Follower(process.port, **options))
        return opened[-1]

    yield open_
    for each in opened:
        each.close()


def test_what_is_posted_at_any_process_is_at_the_viewers_of_every_edge_once(
    start_server, start_edge, follow, redis_url, stream
):
    servers = [start_server("--broker", redis_url) for _ in range(2)]
    edges = [start_edge(*servers, options=("--broker", redis_url)) for _ in range(2)]
    followers = [follow(edge, stream=stream) for edge in edges]
    for edge in edges:
        eventually(lambda edge=edge: edge.viewers() == 1, "the viewer has joined")
    for number, process in enumerate((*servers, *edges) * 10):
        assert process.post(f"{number}", stream=stream, author=f"u{number}")[0] == 201
    for follower in followers:
        assert seqs(follower.until(40)) == list(range(1, 41))


def test_while_the_api_is_away_viewers_get_what_redis_brings_and_a_gap_waits(
    start_server, start_edge, follow, redis_url, stream
):
    known, other = (start_server("--broker", redis_url) for _ in range(2))
    edge = start_edge(known, options=("--broker", redis_url))
    follower = follow(edge, stream=stream)
    eventually(lambda: edge.viewers() == 1, "the viewer has joined")
    assert other.post("one", stream=stream)[0] == 201
    assert seqs(follower.until(1)) == [1]
    known.kill()
    assert edge.request("GET", "/readyz")[0] == 503
    assert other.post("two", stream=stream)[0] == 201
    assert seqs(follower.until(2)) == [2]
    silent = start_server()  # on the same log, without Redis: nobody tells the edge of its comments
    assert silent.post("three", stream=stream)[0] == 201
    assert other.post("four", stream=stream)[0] == 201
    known.start()
    assert seqs(follower.until(4)) == [3, 4]
