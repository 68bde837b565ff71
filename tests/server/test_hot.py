"""Hot-first servers: comments are acknowledged by Redis, whoever is killed, and archived in SQL."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from tests.server.conftest import eventually
from tests.server.sse import Follower, seqs

pytestmark = pytest.mark.slow

SYNCED = ("--appendonly", "yes", "--appendfsync", "always")


def hot_first(url):
    return ["--log-mode", "hot-first", "--hot", url, "--broker", url]


def post(server, first, last):
    for number in range(first, last + 1):
        assert server.post(str(number), key=f"k{number}")[0] == 201


def archived(data) -> int:
    with closing(sqlite3.connect(data / "comments.sqlite")) as database:
        return database.execute("SELECT head FROM streams WHERE name = 'demo'").fetchone()[0]


def test_the_viewers_of_two_servers_see_every_comment_and_what_is_done_to_it(start_server, redis_of, follow):
    url = redis_of(*SYNCED).url
    here, there = start_server(*hot_first(url)), start_server(*hot_first(url))
    followers = [follow(here), follow(there)]
    for server in (here, there):
        server.watched()
    post(here, 1, 5)
    post(there, 6, 10)
    _, comment = here.post("a reply", parent=here.history()[0]["id"])
    assert there.ask("DELETE", f"/v1/streams/demo/comments/{comment['id']}")[0] == 200
    post(here, 12, 15)
    for follower in followers:
        assert seqs(follower.until(16)) == [*range(1, 12), *range(13, 17)]  # the deletion is the twelfth
    for server in (here, there):
        assert [each["text"] for each in server.history()][:10] == [str(number) for number in range(1, 11)]
        assert [each["seq"] for each in server.history() if each.get("deleted")] == [11]


def test_what_a_killed_server_has_acknowledged_the_other_archives(start_server, redis_of):
    server = redis_of(*SYNCED)
    here, there = start_server(*hot_first(server.url)), start_server(*hot_first(server.url))
    post(here, 1, 20)
    here.kill()
    eventually(lambda: archived(there.data) == 20, "the other has archived everything")
    assert [each["text"] for each in there.history()] == [str(number) for number in range(1, 21)]
    post(there, 20, 25)  # the twentieth is the first server's


def test_a_redis_that_syncs_every_write_loses_nothing_when_it_is_killed(start_server, redis_of, follow):
    redis = redis_of(*SYNCED)
    server = start_server(*hot_first(redis.url))
    follower = follow(server)
    server.watched()
    post(server, 1, 5)
    cursor = server.history()[0]["cursor"]
    redis.kill()
    status, problem = server.post("now")
    assert (status, problem["type"].rsplit("/", 1)[1]) == (503, "log-unavailable")
    redis.start()
    eventually(lambda: server.post("6", key="k6")[0] == 201, "the server takes comments again")
    assert server.history()[0]["cursor"] == cursor
    assert seqs(follower.until(6)) == list(range(1, 7))


def test_viewers_are_told_of_what_redis_has_lost(start_server, redis_of, follow):
    redis = redis_of()
    server = start_server(*hot_first(redis.url))
    assert any("may lose all that is not archived" in line for line in server.said)
    follower = follow(server)
    server.watched()
    post(server, 1, 5)
    follower.until(5)
    eventually(lambda: archived(server.data) == 5, "everything is archived")
    before = server.history()[0]["cursor"].split(":")[0]
    redis.kill()
    redis.start()
    eventually(lambda: server.post("6", key="k6")[0] == 201, "the server takes comments again")
    eventually(lambda: server.request("GET", "/v1/streams/demo/comments")[0] == 200, "it answers")
    after = server.history()
    assert [each["text"] for each in after] == [str(number) for number in range(1, 7)]
    assert int(after[0]["cursor"].split(":")[0]) > int(before)
    gaps = eventually(
        lambda: [each for each in reconnected(server, f"{before}:5") if each.event == "gap"], "it is told"
    )
    assert json.loads(gaps[0].data)["reason"] == "epoch"


def reconnected(server, cursor):
    """The first that somebody is told who comes back with a cursor."""
    with closing(Follower(server.port, last_event_id=cursor)) as follower:
        return follower.until(6)


def test_a_log_first_server_takes_over_what_is_in_sql_and_nothing_else(start_server, redis_of):
    redis = redis_of(*SYNCED)
    server = start_server(*hot_first(redis.url))
    post(server, 1, 5)
    server.kill()
    refused = subprocess.run(
        [sys.executable, "-m", "reference_impl", "serve", "--port", "0", "--data", str(server.data)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert refused.returncode == 1
    assert "the newest comments of demo are in Redis" in refused.stderr
    again = start_server(*hot_first(redis.url))
    assert again.stop() == 0
    after = start_server()
    assert [each["text"] for each in after.history()] == [str(number) for number in range(1, 6)]
    assert after.post("6")[1]["seq"] == 6


def test_hot_first_needs_to_know_its_redis(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "reference_impl", "serve", "--log-mode", "hot-first", "--data", str(tmp_path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "--hot" in done.stderr
