"""kill -9 in the middle of posting: what was acknowledged is there afterwards, once, in one contiguous sequence."""

import http.client
import random
import signal
import threading
import time
import uuid

import pytest

from tests.server.conftest import eventually

AUTHORS = 8
EACH = 150
KILLS = 3
SEED = 7
PAUSE_S = 0.02  # while the server is away, which needs a core to come back


class Authors:
    """Posts from several threads, each comment under a key of its own, repeated until it is answered."""

    def __init__(self, server):
        self._server = server
        self.acknowledged: dict[str, dict] = {}
        self.stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(AUTHORS)]
        for thread in self._threads:
            thread.start()

    def _run(self, number):
        for index in range(EACH):
            key = str(uuid.uuid4())
            while key not in self.acknowledged and not self.stop.is_set():
                try:
                    status, body = self._server.post(f"{number}-{index}", author=f"author{number}", key=key)
                except (OSError, http.client.HTTPException):
                    time.sleep(PAUSE_S)
                    continue  # not definite: only a repeat with the same key can tell
                if status == 201:
                    self.acknowledged[key] = body

    def join(self):
        for thread in self._threads:
            thread.join()


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("--partitions", "3", "--partitioning", "by_comment")], ids=["whole", "split"])
def test_a_killed_server_keeps_every_acknowledged_comment_once(options, start_server):
    server = start_server(*options)
    authors = Authors(server)
    rng = random.Random(SEED)
    total = AUTHORS * EACH
    for kill in range(KILLS):
        wanted = total * (kill + 1) // (KILLS + 2) + rng.randrange(20)
        eventually(lambda wanted=wanted: len(authors.acknowledged) >= wanted, f"{wanted} acknowledged")
        server.kill()
        server.start()
    authors.join()
    history = server.history()
    places = [comment["seq"] for comment in history]
    assert places == (sorted(set(places)) if options else list(range(1, len(places) + 1)))  # a split log has voids
    assert sorted(comment["text"] for comment in history) == sorted(
        f"{number}-{index}" for number in range(AUTHORS) for index in range(EACH)
    )
    stored = {comment["id"]: comment for comment in history}
    assert all(stored[body["id"]] == body for body in authors.acknowledged.values())


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_server_ends_well_and_keeps_what_it_acknowledged(start_server, number):
    server = start_server()
    authors = Authors(server)
    eventually(lambda: len(authors.acknowledged) >= 100, "100 acknowledged")
    assert server.stop(number) == 0
    authors.stop.set()
    authors.join()
    server.start()
    stored = {comment["id"] for comment in server.history()}
    assert {body["id"] for body in authors.acknowledged.values()} <= stored
