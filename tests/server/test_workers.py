"""Workers on a server's reactions: counts are exact, whichever worker dies, or stands still and comes back."""

import signal
import subprocess
import sys

import pytest

from tests.redises import free_port, redis_servers
from tests.server.conftest import ROOT, ServerProcess, eventually

pytestmark = pytest.mark.slow

LEASE_S = "0.5"


class WorkerProcess(ServerProcess):
    """`python -m reference_impl worker`; it has no port, and is ready when it says so."""

    command = "worker"
    listens = False
    ready = "event=working"


@pytest.fixture
def redis_url():
    with redis_servers() as start:
        yield start().url


@pytest.fixture
def workers(redis_url, start_server):
    """A server, and two workers for it."""
    server = start_server("--workers", redis_url, "--broker", redis_url)
    options = ["--workers", redis_url, "--broker", redis_url, "--lease-s", LEASE_S]
    found = [WorkerProcess(server.data, *options) for _ in range(2)]
    yield server, *found
    for worker in found:
        worker.end()


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
    one.process.send_signal(signal.SIGSTOP)
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


def refused(*options):
    command = [sys.executable, "-m", "reference_impl", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    return done.stderr


def test_what_workers_cannot_do_is_refused(tmp_path):
    here = ["--data", str(tmp_path)]
    redis = "redis://127.0.0.1:1"
    assert "--hot or --workers" in refused(
        "serve", *here, "--log-mode", "hot-first", "--hot", redis, "--workers", redis, "--port", "0"
    )
    split = refused("serve", *here, "--partitions", "2", "--partitioning", "by_user", "--workers", redis, "--port", "0")
    assert "this log is split" in split
    assert "--workers redis://" in refused("worker", *here)
    assert "a Redis is reached by" in refused("worker", *here, "--workers", "nowhere")


def test_a_worker_says_that_its_redis_is_away_and_waits_for_it(tmp_path, start_server):
    server = start_server()
    worker = WorkerProcess(server.data, "--workers", f"redis://127.0.0.1:{free_port()}")
    try:
        eventually(lambda: any("Redis did not answer" in line for line in worker.said), "it says so")
        assert worker.stop() == 0
    finally:
        worker.end()
