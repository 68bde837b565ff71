"""What stalls or is away: posts are refused fast or mind nothing, viewers stay, and it all comes back by itself."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import count

import pytest

from tests.engines import private_postgres
from tests.redises import redis_servers
from tests.server.conftest import eventually
from tests.server.sse import Follower, seqs
from tests.server.test_outages import IMPATIENT, migrate, post_many

pytestmark = pytest.mark.slow

REFUSALS = 50
PROBED_MAX = 5  # on a machine so slow that the breaker's time is over several times meanwhile


def well(server):
    return set(states(server).values()) == {"closed"}


def health(server):
    return server.request("GET", "/health")[1]


def states(server):
    return {name: each["state"] for name, each in health(server)["breakers"].items()}


@contextmanager
def following(server):
    """A viewer who has joined, and is still there in the end."""
    with closing(Follower(server.port)) as viewer:
        eventually(lambda: server.viewers() == 1, "the viewer has joined")
        yield viewer
        assert not viewer.ended


@contextmanager
def locked(path):
    """Another process's transaction that does not end."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def refuse_until_open(server, breaker):
    """Several users post, again and again, until the breaker opens; what they get meanwhile is a refusal."""
    with ThreadPoolExecutor(4) as pool:

        def posts():
            answers = list(pool.map(lambda user: server.post("in vain", author=f"u{user}"), range(4)))
            assert {status for status, _ in answers} == {503}
            return states(server)[breaker] == "open"

        eventually(posts, f"{breaker} opens")


def refuse_fast(server):
    """The log is not even asked for most: only probes are, few at a time."""
    answers = [server.ask("POST", "/v1/streams/demo/comments", {"text": "in vain"}) for _ in range(REFUSALS)]
    for status, problem, headers in answers:
        assert (status, problem["type"]) == (503, "/problems/log-unavailable")
        assert int(headers["retry-after"]) >= 1
    asked = sum("did not answer within" in problem["detail"] for _, problem, _ in answers)
    assert asked <= PROBED_MAX


def back_to_normal(server, viewer, posted):
    """Posting works, viewers get what is posted, and nothing is left out any more."""
    answer = eventually(lambda: (got := server.post("after the stall"))[0] == 201 and got[1], "it recovers")
    shown = seqs(viewer.until(answer["seq"]))
    assert shown == list(range(posted + 1, answer["seq"] + 1)), "the viewer has stayed, and has missed nothing"
    more = count()
    eventually(lambda: server.post(f"more {next(more)}")[0] == 201 and well(server), "the breakers close")
    eventually(lambda: health(server)["rung"] == "full", "the ladder comes down")
    assert any("event=breaker" in line and "now=open" in line for line in server.said), "it was logged"


def test_a_database_that_stalls(start_server):
    with private_postgres() as database:
        assert migrate(database.url).returncode == 0
        server = start_server("--log", database.url, **IMPATIENT)
        post_many(server, 0, 5)
        with following(server) as viewer:
            with database.stalled():
                refuse_until_open(server, "log_reads")
                refuse_fast(server)
                assert server.request("GET", "/readyz")[0] == 503
                assert server.request("GET", "/livez")[0] == 200
            back_to_normal(server, viewer, 5)
        assert server.request("GET", "/readyz")[0] == 200


def test_a_locked_file_takes_no_comments_and_is_still_read(start_server, tmp_path):
    server = start_server(**IMPATIENT)
    post_many(server, 0, 5)
    with following(server) as viewer:
        with locked(tmp_path / "data" / "comments.sqlite"):
            refuse_until_open(server, "log_writes")
            refuse_fast(server)
            assert states(server)["log_reads"] == "closed"
            assert len(server.history()) == 5
        back_to_normal(server, viewer, 5)


def test_a_broker_that_is_away_is_left_alone_and_posts_do_not_mind(start_server):
    with redis_servers() as start:
        redis = start()
        server = start_server("--broker", redis.url)
        eventually(lambda: health(server)["broker"]["state"] == "up", "the broker is there")
        assert states(server)["broker"] == "closed"
        redis.kill()
        number = count()

        def refused():
            assert server.post(f"all the same {next(number)}")[0] == 201
            told = health(server)["breakers"]["broker"]
            return told["opened"] and told["refused"]

        eventually(refused, "it is left alone, and so are messages for it")
        assert {state for name, state in states(server).items() if name != "broker"} == {"closed"}
        assert health(server)["rung"] == "full"
        redis.start()
        eventually(lambda: well(server), "it is used again")
        eventually(lambda: health(server)["broker"]["state"] == "up", "its health tells")


def test_a_server_that_is_well_leaves_out_nothing(start_server):
    server = start_server()
    post_many(server, 0, 5)
    found = health(server)
    assert (found["rung"], found["level"]) == ("full", 0)
    assert states(server) == {"log_reads": "closed", "log_writes": "closed"}
    assert well(server)
    assert found["breakers"]["log_writes"]["calls"] >= 5
