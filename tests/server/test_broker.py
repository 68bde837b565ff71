"""Two servers on one log, joined by Redis: the viewers of both see the same, with Redis or without."""

import itertools
import json
import subprocess
import sys

import pytest

from simulation.engines.ports import free_port
from tests.redises import RedisServer
from tests.server.conftest import DEADLINE_S, ROOT, eventually
from tests.server.sse import seqs
from tests.server.test_outages import migrate

pytestmark = pytest.mark.slow


@pytest.fixture
def redis_server(redis_of):
    return redis_of()


@pytest.fixture(params=["sqlite", "postgres"])
def two(request, start_server, redis_server):
    """Two servers on one log and one Redis."""
    options = ["--broker", redis_server.url]
    if request.param == "postgres":
        url = request.getfixturevalue("new_postgres_url")
        assert migrate(url).returncode == 0
        options += ["--log", url]
    return start_server(*options), start_server(*options)


def post(server, first, last):
    for number in range(first, last + 1):
        assert server.post(str(number))[0] == 201


def joined(servers, redis: RedisServer, stream="demo"):
    """Both servers have a viewer, and Redis knows it."""
    for server in servers:
        server.watched()
    channel = f"lc:{{{stream}}}"
    eventually(lambda: dict(redis.ask("PUBSUB NUMSUB", channel))[channel.encode()] == 2, "both follow the stream")


def written(server):
    """Redis has taken a message from this server: one that finds its connection broken may be lost over it."""

    def sent():
        return server.request("GET", "/health")[1]["broker"]["sent"]

    before, number = sent(), itertools.count()
    eventually(lambda: server.post(f"try {before} {next(number)}")[0] == 201 and sent() > before, "it writes")


def test_a_comment_posted_at_one_is_seen_at_both_whatever_becomes_of_redis(two, redis_server, follow):
    here, there = two
    followers = [follow(server) for server in two]
    joined(two, redis_server)
    post(here, 1, 5)
    post(there, 6, 10)
    told = [follower.until(10) for follower in followers]

    assert here.request("GET", "/health")[1]["broker"]["state"] == "up"
    redis_server.kill()
    eventually(lambda: here.request("GET", "/health")[1]["broker"]["state"] == "away", "its health tells")
    for number in range(11, 21):
        post(two[number % 2], number, number)
    for events, follower in zip(told, followers, strict=True):
        events += follower.until(20)

    redis_server.start()
    joined(two, redis_server)
    post(here, 21, 25)
    for events, follower in zip(told, followers, strict=True):
        events += follower.until(25)
        assert seqs(events) == list(range(1, 26))
    eventually(lambda: any("the broker is away" in line for line in here.said), "it has said so")
    eventually(lambda: any("the broker is back" in line for line in here.said), "it says so")


def test_reactions_of_one_server_reach_the_viewers_of_the_other(start_server, redis_server, follow):
    """They are in no log, so that this is the broker's doing; and again when Redis has been away."""
    here, there = (start_server("--broker", redis_server.url) for _ in range(2))
    followers = [follow(here), follow(there)]
    for emoji in ("\N{FIRE}", "\N{PARTY POPPER}"):
        joined((here, there), redis_server)
        written(here)
        assert here.ask("POST", "/v1/streams/demo/reactions", {"emoji": emoji})[0] == 202
        told = next(event for event in followers[1] if event.event == "reactions")
        assert json.loads(told.data)["counts"][0]["emoji"] == emoji
        redis_server.kill()
        redis_server.start()


def test_a_server_starts_without_its_redis_and_says_so(start_server, follow):
    url = f"redis://127.0.0.1:{free_port()}"
    server = start_server("--broker", url)
    follower = follow(server)
    server.watched()
    post(server, 1, 3)
    assert seqs(follower.until(3)) == [1, 2, 3]
    eventually(lambda: any("the broker is away" in line and url in line for line in server.said), "it says so")
    assert server.stop() == 0


@pytest.mark.parametrize("url", ["kafka://x:1", "redis+sentinel://x:1"])
def test_an_address_that_nobody_understands_ends_the_start(url, tmp_path):
    command = [sys.executable, "-m", "reference_impl", "serve", "--port", "0", "--data", str(tmp_path)]
    ended = subprocess.run([*command, "--broker", url], cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE_S)
    assert ended.returncode == 1
    assert url in ended.stderr
    assert "Traceback" not in ended.stderr
