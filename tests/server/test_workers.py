"""Workers of a server: reactions are exact and comments archived, whichever dies, or stands still and comes back."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing

import pytest

from simulation.engines.ports import free_port
from tests.server.conftest import DEADLINE_S, ROOT, ServerProcess, eventually

pytestmark = pytest.mark.slow

LEASE_S = "1"


class WorkerProcess(ServerProcess):
    """`python -m reference_impl worker`; it has no port, and is ready when it says so."""

    command = "worker"
    listens = False
    ready = "event=working"


@pytest.fixture
def redis(redis_of):
    return redis_of("--appendonly", "yes", "--appendfsync", "always")


@pytest.fixture
def start_worker():
    """Start workers; all of them are ended afterwards."""
    started = []

    def start(server, redis, *options):
        at = ["--workers", redis.url, "--broker", redis.url, "--lease-s", LEASE_S]
        started.append(WorkerProcess(server.data, *at, *options))
        return started[-1]

    yield start
    for worker in started:
        worker.end()


def hot_first(redis):
    return ["--log-mode", "hot-first", "--hot", redis.url, "--workers", redis.url, "--broker", redis.url]


@pytest.fixture(params=["log-first", "hot-first"])
def workers(request, redis, start_server, start_worker):
    """A server, and two workers for it."""
    if request.param == "log-first":
        server, options = start_server("--workers", redis.url, "--broker", redis.url), []
    else:
        server, options = start_server(*hot_first(redis)), ["--hot", redis.url]
    return server, *(start_worker(server, redis, *options) for _ in range(2))


def react(server, comment, users, given=True):
    path = f"/v1/streams/demo/reactions{'' if given else ':withdraw'}"
    for user in users:
        status, answer, _ = server.ask("POST", path, {"emoji": "🔥", "comment_id": comment}, user=f"user {user}")
        assert status == 202, answer


def counted(server, number):
    def as_shown():
        (comment,) = server.history()
        return comment["reactions"] == ({"🔥": number} if number else {})

    eventually(as_shown, f"{number} are counted")


def stand_still(worker):
    """Stop it outside of a transaction, whose lock on the file would let nobody else write."""
    file = worker.data / "comments.sqlite"
    with closing(sqlite3.connect(file, timeout=DEADLINE_S, isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        worker.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, worker.process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)


def test_reactions_are_counted_once_whichever_worker_is_killed(workers):
    server, one, other = workers
    _, comment = server.post("what a goal")
    react(server, comment["id"], range(20))
    one.kill()
    react(server, comment["id"], range(40))
    react(server, comment["id"], range(10), given=False)
    counted(server, 30)
    react(server, comment["id"], range(5), given=False)  # they had none any more
    react(server, comment["id"], range(40, 45))
    counted(server, 35)
    assert other.process.poll() is None


def test_a_worker_that_stood_still_beyond_its_lease_does_no_harm(workers):
    server, one, _ = workers
    _, comment = server.post("what a goal")
    react(server, comment["id"], range(10))
    stand_still(one)
    react(server, comment["id"], range(10, 30))
    counted(server, 30)
    react(server, comment["id"], range(10), given=False)
    counted(server, 20)
    one.process.send_signal(signal.SIGCONT)
    react(server, comment["id"], range(30, 40))
    counted(server, 30)


def test_a_changed_name_is_brought_into_earlier_comments_by_the_worker_that_is_left(workers):
    server, one, _ = workers
    server.post("before", author="cy")
    one.kill()
    status, user, _ = server.ask("PATCH", "/v1/users/cy", {"name": "Cyra"}, user="cy")
    assert (status, user["name"]) == (200, "Cyra")
    eventually(lambda: server.history()[0]["author"]["name"] == "Cyra", "the earlier comment has the new name")


def test_workers_end_in_order(workers):
    server, one, other = workers
    assert one.stop() == 0
    _, comment = server.post("what a goal")
    react(server, comment["id"], range(10))
    counted(server, 10)
    assert other.stop() == 0


class Flow(threading.Thread):
    """One comment after another until it is stopped, each of them acknowledged."""

    def __init__(self, server):
        super().__init__()
        self._server = server
        self._over = threading.Event()
        self.acknowledged = []

    def run(self):
        while not self._over.is_set():
            status, comment = self._server.post(f"go {len(self.acknowledged)}", key=f"k{len(self.acknowledged)}")
            assert status == 201, comment
            self.acknowledged.append((comment["seq"], comment["id"]))

    def stop(self):
        self._over.set()
        self.join()


def archived(server):
    """What SQL has of the stream, in order."""
    query = "SELECT seq, events.id FROM events JOIN streams ON streams.id = stream_id WHERE name = 'demo' ORDER BY seq"
    with closing(sqlite3.connect(server.data / "comments.sqlite")) as database:
        return database.execute(query).fetchall()


def window(redis):
    return redis.ask("XLEN", "lc:{demo}:window")


def test_hot_first_servers_leave_archiving_to_workers_whichever_is_killed_or_stands_still(
    redis, start_server, start_worker
):
    server = start_server(*hot_first(redis))
    for number in range(20):
        assert server.post(f"waits {number}", key=f"w{number}")[0] == 201
    assert (window(redis), archived(server)) == (20, [])
    one, other = (start_worker(server, redis, "--hot", redis.url) for _ in range(2))
    eventually(lambda: len(archived(server)) == 20, "workers archive what was there before them")
    flow = Flow(server)
    flow.start()

    def goes_on(who):
        before = len(archived(server))
        eventually(lambda: len(archived(server)) > before + 20, f"{who} archives what is placed")

    goes_on("one or the other")
    stand_still(one)
    goes_on("the one that is left")
    other.kill()
    one.process.send_signal(signal.SIGCONT)
    goes_on("the one that stood still")
    flow.stop()
    eventually(lambda: window(redis) == 0, "the window is trimmed")
    stored = archived(server)
    assert [seq for seq, _ in stored] == list(range(1, len(stored) + 1))
    assert stored[20:] == flow.acknowledged


def refused(*options):
    command = [sys.executable, "-m", "reference_impl", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    return done.stderr


def test_what_workers_cannot_do_is_refused(tmp_path):
    here = ["--data", str(tmp_path)]
    redis = "redis://127.0.0.1:1"
    split = refused("serve", *here, "--partitions", "2", "--partitioning", "by_user", "--workers", redis, "--port", "0")
    assert "this log is split" in split
    assert "--workers redis://" in refused("worker", *here)
    assert "a Redis is reached by" in refused("worker", *here, "--workers", "nowhere")


def test_a_worker_that_is_not_told_of_the_window_is_refused_when_there_is_one(redis, start_server):
    server = start_server(*hot_first(redis))
    assert server.post("hot")[0] == 201
    assert "say --hot" in refused("worker", "--data", str(server.data), "--workers", redis.url)


def test_a_worker_says_that_its_redis_is_away_and_waits_for_it(tmp_path, start_server):
    server = start_server()
    worker = WorkerProcess(server.data, "--workers", f"redis://127.0.0.1:{free_port()}")
    try:
        eventually(lambda: any("Redis did not answer" in line for line in worker.said), "it says so")
        assert worker.stop() == 0
    finally:
        worker.end()
