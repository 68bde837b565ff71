"""Eight servers on one log, posting to one stream while two of them are killed."""

import http.client
import json
import random
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.server.conftest import DEADLINE_S, JSON
from tests.server.test_outages import migrate

pytestmark = pytest.mark.slow

SERVERS = 8
COMMENTS = {"sqlite": 10_000, "postgres": 10_000, "sqlite split": 2_000, "postgres split": 2_000}
SPLIT = ("--partitions", "3")
AUTHORS = 16
PAUSE_S = 0.01  # before another try
REPEATED = 0.05  # of acknowledged posts, sent again to another server


class Author(threading.Thread):
    """Posts its share, each with one key over all its tries, to whichever server is there."""

    def __init__(self, number, share, servers, token, seed):
        super().__init__()
        self._texts = [f"{number}-{index}" for index in range(share)]
        self._servers = servers
        self._random = random.Random(seed)
        self._headers = JSON | {"Authorization": f"Bearer {token}"}
        self._connections = {}
        self.acknowledged = {}
        self.replays = 0
        self.wrong = []

    def run(self):
        for text in self._texts:
            key = str(uuid.UUID(int=self._random.getrandbits(128)))
            self.acknowledged[text] = self._until_acknowledged(text, key)
            if self._random.random() < REPEATED:
                self.replays += 1
                again = self._until_acknowledged(text, key)
                if again != self.acknowledged[text]:
                    self.wrong.append((self.acknowledged[text], again))
        for connection in self._connections.values():
            connection.close()

    def _until_acknowledged(self, text, key):
        until = time.monotonic() + DEADLINE_S
        while time.monotonic() < until:
            status, body = self._try(self._random.choice(self._servers), text, key)
            if status == 201:
                return body["id"], body["seq"]
            if status not in (0, 409, 503):
                self.wrong.append((status, body))
                return None
            time.sleep(PAUSE_S)
        raise AssertionError(f"{text} was never acknowledged")

    def _try(self, server, text, key):
        connection = self._connections.pop(server, None)
        connection = connection or http.client.HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE_S)
        try:
            path = "/v1/streams/hot/comments"
            connection.request("POST", path, json.dumps({"text": text}), self._headers | {"Idempotency-Key": key})
            answer = connection.getresponse()
            body = json.loads(answer.read())
        except (OSError, http.client.HTTPException):
            connection.close()
            return 0, None
        self._connections[server] = connection
        return answer.status, body


@pytest.mark.parametrize("engine", list(COMMENTS))
def test_exactly_what_was_acknowledged_is_stored_once_in_one_sequence(engine, start_server, request):
    split, total = "split" in engine, COMMENTS[engine]
    options = (*SPLIT, "--partitioning", "by_comment") if split else ()
    if "postgres" in engine:
        url = request.getfixturevalue("new_postgres_url")
        assert migrate(url, *(SPLIT if split else ())).returncode == 0
        options = (*options, "--log", url)
    with ThreadPoolExecutor(SERVERS) as pool:
        servers = list(pool.map(lambda _: start_server(*options), range(SERVERS)))
    token = servers[0].token("author", "admin")
    authors = [Author(number, total // AUTHORS, list(servers), token, seed=number) for number in range(AUTHORS)]
    for author in authors:
        author.start()
    for share, victim in ((0.3, servers[3]), (0.6, servers[5])):
        while sum(len(author.acknowledged) for author in authors) < share * total:
            time.sleep(0.05)
            assert any(author.is_alive() for author in authors)
        victim.kill()
    for author in authors:
        author.join()
    assert not [wrong for author in authors for wrong in author.wrong]
    assert sum(author.replays for author in authors) > total * REPEATED / 2
    stored = {comment["text"]: (comment["id"], comment["seq"]) for comment in servers[0].history("hot")}
    acknowledged = {text: place for author in authors for text, place in author.acknowledged.items()}
    assert stored == acknowledged
    places = sorted(seq for _, seq in stored.values())
    assert len(set(places)) == total
    assert split or places == list(range(1, total + 1))
