"""Every transport refuses the same things, with the same problem document, before anything of the stream is sent."""

import json
from contextlib import closing

import pytest

from tests.server.conftest import JSON, eventually
from tests.server.sse import Follower

UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
ROUTES = {"sse": ("events", "", {}), "websocket": ("websocket", "", UPGRADE), "poll": ("poll", "", {}),
          "polling": ("poll", "wait_s=0&", {})}  # fmt: skip


def refused_alike(server, stream, query="", token=None, **fields):
    """The status and the problem that all transports give; what comes after a refusal is nothing."""
    answers = {}
    bearer = {"Authorization": f"Bearer {token}"} if token else {}
    for name, (route, given, upgrade) in ROUTES.items():
        path = f"/v1/streams/{stream}/{route}?{given}{query}"
        status, problem, headers = server.request("GET", path, headers=bearer | upgrade | fields)
        assert headers["content-type"] == "application/problem+json", (name, status, problem)
        answers[name] = status, problem, headers.get("retry-after") is not None, headers.get("www-authenticate")
    first = answers["sse"]
    assert answers == dict.fromkeys(answers, first)
    return first[0], first[1]["type"].removeprefix("/problems/")


@pytest.fixture(scope="session")
def private(raw_server):
    body = {"name": "private", "settings": {"visibility": "private"}}
    assert raw_server.ask("POST", "/v1/streams", body, user="Owner", allow=("admin",))[0] == 201
    return "private"


def test_a_private_stream_needs_a_token_that_allows_it(raw_server, private):
    assert refused_alike(raw_server, private) == (401, "unauthenticated")
    elsewhere = raw_server.token("Bo", "read", streams=("demo",))
    assert refused_alike(raw_server, private, token=elsewhere) == (403, "forbidden")


def test_a_token_that_is_none_is_refused_on_a_public_stream_too(raw_server, stream):
    assert refused_alike(raw_server, stream, token="x.y.z") == (401, "unauthenticated")


def test_a_token_in_the_address_is_refused(raw_server, stream):
    token = raw_server.token("Bo")
    assert refused_alike(raw_server, stream, f"access_token={token}") == (401, "unauthenticated")


def test_a_banned_user_is_refused(raw_server, stream):
    path = f"/v1/streams/{stream}/bans/Cy"
    assert raw_server.ask("PUT", path, {}, allow=("read", "moderate"))[0] == 200
    assert refused_alike(raw_server, stream, token=raw_server.token("Cy")) == (403, "banned")


@pytest.mark.parametrize("cursor", ["x", "1", "1:", "1:-1", "1:2:3", "%F0", "1795000000:9999999999999999", "1: 2"])
def test_a_cursor_that_is_none_is_refused(raw_server, stream, cursor):
    assert refused_alike(raw_server, stream, f"cursor={cursor.replace(' ', '%20')}") == (400, "invalid-cursor")


@pytest.mark.parametrize("name", ["no%20stream", "x" * 65, "%C3%A9"])
def test_a_name_that_no_stream_can_have_is_refused(raw_server, name):
    assert refused_alike(raw_server, name) == (400, "invalid-request")


def test_an_unknown_stream_is_not_found(start_server, tmp_path):
    (tmp_path / "keys.json").write_text(json.dumps({"keys": []}))
    server = start_server("--mode", "production", "--jwks", str(tmp_path / "keys.json"))
    assert refused_alike(server, "final") == (404, "not-found")


def test_a_full_server_says_when_to_come_back(start_server, stream):
    server = start_server("--viewers-max", "1")
    with server_full(server, stream):
        for name, (route, given, upgrade) in ROUTES.items():
            path = f"/v1/streams/{stream}/{route}?{given}"
            status, problem, headers = server.request("GET", path, headers=upgrade)
            assert (status, problem["type"]) == (503, "/problems/too-many-connections"), name
            assert 1 <= int(headers["retry-after"]) <= 60


def server_full(server, stream):
    follower = closing(Follower(server.port, stream=stream))
    eventually(lambda: server.viewers() == 1, "the viewer has joined")
    return follower


def test_nothing_but_get_is_taken(raw_server, stream):
    for route in ("events", "poll", "websocket"):
        status, problem, _ = raw_server.request("POST", f"/v1/streams/{stream}/{route}", {}, JSON)
        assert (status, problem["type"]) == (405, "/problems/method-not-allowed")
