"""A real nginx in front: who is answered from its copies, and that what was deleted is not among them."""

import http.client
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from simulation.engines.nginx import NoNginx, nginx
from simulation.engines.ports import free_port
from tests.server.conftest import DEADLINE_S, ServerProcess, eventually


class Front:
    """A server with nginx in front."""

    def __init__(self, server, port):
        self.server = server
        self.port = port

    def get(self, path, source=None, **headers):
        """(status, body, what the cache had to say)"""
        address = (source, 0) if source else None
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_S, source_address=address)
        try:
            connection.request("GET", path, headers={name.replace("_", "-"): text for name, text in headers.items()})
            answer = connection.getresponse()
            raw = answer.read()
            return answer.status, json.loads(raw) if raw else None, answer.headers
        finally:
            connection.close()

    def listed(self, stream, count=1):
        """The paths of a stream's segments, once they have that many events between them."""

        def enough():
            found = self.get(f"/v1/streams/{stream}/segments")[1]["segments"]
            return found if sum(each["count"] for each in found) >= count else None

        entries = eventually(enough, f"{count} events in the manifest")
        return [f"/v1/streams/{stream}/segments/{each['offset']}/{each['revision']}" for each in entries]


@pytest.fixture(scope="module")
def front(tmp_path_factory):
    port = free_port()
    data = tmp_path_factory.mktemp("nginx") / "data"
    server = ServerProcess(data, "--rate-burst", "100000", "--cache", f"http://127.0.0.1:{port}")
    try:
        with nginx(port, server.port):
            yield Front(server, port)
    except NoNginx as error:
        pytest.skip(str(error))
    finally:
        server.end()


def test_a_crowd_is_answered_from_one_copy(front, stream):
    front.server.post("hello", stream=stream)
    (address,) = front.listed(stream)
    with ThreadPoolExecutor(8) as crowd:
        answers = list(crowd.map(lambda _: front.get(address), range(200)))
    said = [headers["X-Cache-Status"] for _, _, headers in answers]
    assert sorted(set(said)) == ["HIT", "MISS"]
    assert said.count("MISS") == 1
    assert all(body == answers[0][1] for _, body, _ in answers)


@pytest.mark.parametrize("change", ["delete", "edit"])
def test_what_was_changed_is_gone_from_the_copies(front, stream, change):
    comment = front.server.post("regrettable", stream=stream)[1]["id"]
    (old,) = front.listed(stream)
    assert front.get(old)[1]["items"][0]["data"]["text"] == "regrettable"
    address = f"/v1/streams/{stream}/comments/{comment}"
    if change == "delete":
        front.server.ask("DELETE", address)
    else:
        front.server.ask("PATCH", address, {"text": "better"})
    status, body, _ = eventually(lambda: _gone(front.get(old)), "the old address is gone from the cache")
    assert (status, body["type"]) == (410, "/problems/segment-gone")
    assert front.get(old)[2]["X-Cache-Status"] == "HIT"
    new = eventually(lambda: _without(front.listed(stream), old), "the manifest names the new revision")
    assert "regrettable" not in json.dumps([front.get(each)[1] for each in new])


def _gone(answer):
    return answer if answer[0] == 410 else None


def _without(listed, old):
    return listed if old not in listed else None


def test_only_the_server_can_purge(front, stream):
    front.server.post("hello", stream=stream)
    (address,) = front.listed(stream)
    front.get(address)
    purge = {"X_Livecomments_Purge": "1"}
    assert front.get(address, "127.0.0.2", **purge)[2]["X-Cache-Status"] == "HIT"
    assert front.get(address, "127.0.0.1", **purge)[2]["X-Cache-Status"] == "BYPASS"


def test_who_asks_changes_nothing_about_the_copy(front, stream):
    front.server.post("hello", stream=stream)
    (address,) = front.listed(stream)
    front.get(address)
    headers = {"Authorization": "Bearer nonsense", "Cookie": "livecomments_token=x", "Origin": "https://example.org"}
    status, _, said = front.get(address, **headers)
    assert (status, said["X-Cache-Status"], said["Access-Control-Allow-Origin"]) == (200, "HIT", "*")


def test_what_a_client_has_is_not_sent_again(front, stream):
    front.server.post("hello", stream=stream)
    (address,) = front.listed(stream)
    tag = front.get(address)[2]["ETag"]
    assert front.get(address, If_None_Match=tag)[0] == 304


def test_everything_else_passes_through(front, stream):
    front.server.post("hello", stream=stream)
    status, page, headers = front.get(f"/v1/streams/{stream}/comments")
    assert (status, page["items"][0]["text"]) == (200, "hello")
    assert "X-Cache-Status" not in headers
