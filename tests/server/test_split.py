"""A server whose log is split over partitions: its viewers and readers notice nothing of it."""

import sqlite3
import subprocess
import sys
import threading
from contextlib import closing

import pytest

from tests.server.conftest import DEADLINE_S, ROOT
from tests.server.sse import Follower, seqs
from tests.server.test_outages import migrate

AUTHORS = 6
EACH = 50
HOT = ("--partitions", "3", "--partitioning", "hot_split", "--split-per-s", "2")  # soon, on any machine


def post_from_many(server, stream="demo"):
    """Texts by the seq that each comment was acknowledged with."""
    acknowledged = {}

    def run(number):
        for index in range(EACH):
            status, body = server.post(f"{number}-{index}", author=f"author{number}", stream=stream)
            assert status == 201
            acknowledged[body["seq"]] = body["text"]

    threads = [threading.Thread(target=run, args=(number,)) for number in range(AUTHORS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(acknowledged) == AUTHORS * EACH
    return acknowledged


def stored_in(data, number):
    file = data / ("comments.sqlite" if number == 0 else f"comments-{number}.sqlite")
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute("SELECT count(*) FROM events WHERE kind = 'comment'").fetchone()[0]


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_a_stream_that_splits_while_it_is_watched_reaches_its_viewers_in_order(engine, start_server, request, tmp_path):
    options = HOT
    if engine == "postgres":
        url = request.getfixturevalue("new_postgres_url")
        assert migrate(url, "--partitions", "3").returncode == 0
        options = (*HOT, "--log", url)
    server = start_server(*options)
    server.request("GET", "/v1/streams/demo/comments")
    follower = Follower(server.port)
    server.watched()
    acknowledged = post_from_many(server)
    events = follower.until(max(acknowledged))
    follower.close()
    assert seqs(events) == sorted(acknowledged)
    assert "gap" not in {event.event for event in events}
    assert {each["seq"]: each["text"] for each in server.history()} == acknowledged
    if engine == "sqlite":
        assert all(stored_in(tmp_path / "data", number) for number in range(3))


@pytest.mark.slow
def test_a_log_stays_readable_when_its_strategy_changes(start_server):
    server = start_server("--partitions", "3", "--partitioning", "by_user")
    before = post_from_many(server)
    assert server.stop() == 0
    server = start_server("--partitioning", "by_comment")  # as many partitions as it has
    last = post_from_many(server)
    first, *_ = history = server.history()
    assert [each["seq"] for each in history] == sorted(before | last)
    assert server.ask("DELETE", f"/v1/streams/demo/comments/{first['id']}", user=first["author"]["id"])[0] in (200, 204)
    assert server.history()[0]["deleted"]
    reply = server.post("an answer", parent=history[1]["id"])[1]
    assert server.request("GET", f"/v1/streams/demo/comments/{history[1]['id']}/replies")[1]["items"] == [reply]


def test_a_log_in_one_piece_cannot_be_split_afterwards(start_server, tmp_path):
    assert start_server().stop() == 0
    for options, words in (
        (("--partitions", "3"), "made with partitions=1 and cannot be opened with partitions=3"),
        (("--partitioning", "by_user"), "partitioning by_user needs several partitions, and this log is in one piece"),
    ):
        done = refused(tmp_path / "data", *options)
        assert done.returncode == 1
        assert words in done.stderr
        assert "Traceback" not in done.stderr


def refused(data, *options):
    command = [sys.executable, "-m", "reference_impl", "serve", "--port", "0", "--data", str(data), *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
