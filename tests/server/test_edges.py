"""Edges beside an API: viewers get the same wherever they are, and any one process may die."""

import json
import time

import pytest

from reference_impl.auth.development import sign_token
from tests.server.conftest import JSON, EdgeProcess, eventually
from tests.server.sse import seqs
from tests.transports.raw_websocket import TEXT, RawWebSocket, frame

MODERATE = ("read", "post", "moderate", "admin")


@pytest.fixture
def server(start_server):
    return start_server()


@pytest.fixture
def edges(server, start_edge):
    return [start_edge(server) for _ in range(2)]


def test_a_comment_is_at_the_viewers_of_both_edges_in_order_and_once(server, edges, follow):
    followers = [follow(edge) for edge in edges]
    for edge in edges:
        edge.watched()
    for number in range(50):
        assert server.post(f"{number}")[0] == 201
    for follower in followers:
        assert seqs(follower.until(50)) == list(range(1, 51))


def test_a_killed_edges_viewer_goes_on_at_the_other_and_misses_nothing(server, edges, follow):
    first = follow(edges[0])
    edges[0].watched()
    for number in range(10):
        assert server.post(f"{number}")[0] == 201
    seen = first.until(7)
    edges[0].kill()
    for number in range(10, 20):
        assert server.post(f"{number}")[0] == 201
    second = follow(edges[1], last_event_id=seen[-1].id)
    assert seqs([*seen, *second.until(20)]) == list(range(1, 21))


def test_viewers_stay_while_the_api_is_away_and_get_the_rest_when_it_is_back(server, start_edge, follow):
    edge = start_edge(server)
    follower = follow(edge)
    edge.watched()
    server.post("before")
    assert seqs(follower.until(1)) == [1]
    server.kill()
    status, problem, headers = edge.request("GET", "/readyz")
    assert (status, problem["type"]) == (503, "/problems/log-unavailable")
    assert edge.request("GET", "/livez")[0] == 200
    assert edge.request("GET", "/health")[1] == {
        "rung": "full",
        "level": 0,
        "refused": 0,
        "breakers": {},
        "broker": {},
        "recent": {},
        "joining": {"viewers": 1, "joined": 1, "refused": 0},
        "queued_bytes": 0,
    }  # its own, not the API's
    status, problem, headers = edge.request("POST", "/v1/streams/demo/comments", {"text": "x"}, JSON)
    assert (status, problem["definite"], int(headers["retry-after"]) >= 1) == (503, False, True)
    assert follow(edge, stream="another").status == 503
    server.start()
    assert server.post("after")[0] == 201
    assert seqs(follower.until(2)) == [2]
    eventually(lambda: edge.request("GET", "/readyz")[0] == 200, "it is ready again")


def test_an_edge_that_is_there_before_the_api_is_ready_when_that_comes(start_server, start_edge, follow):
    server = start_server()
    server.kill()
    edge = start_edge(server)
    assert edge.request("GET", "/readyz")[0] == 503
    server.start()
    eventually(lambda: edge.request("GET", "/readyz")[0] == 200, "it is ready")
    follower = follow(edge)
    edge.watched()
    server.post("a")
    assert seqs(follower.until(1)) == [1]


def test_of_two_api_processes_either_may_die(start_server, start_edge, follow):
    servers = [start_server(), start_server()]
    edge = start_edge(*servers)
    follower = follow(edge)
    edge.watched()
    assert edge.post("one")[0] == 201
    servers[0].kill()
    assert servers[1].post("two")[0] == 201
    assert seqs(follower.until(2)) == [1, 2]
    assert edge.post("three", key="3")[0] == 201
    servers[0].start()
    servers[1].kill()
    eventually(lambda: edge.post("four", key="4")[0] == 201, "the first one is asked again")
    assert seqs(follower.until(4)) == [3, 4]


def test_a_ban_ends_the_connection_at_the_edge_and_keeps_the_user_out(server, start_edge, follow):
    edge = start_edge(server)
    token = server.token("troll")
    banned, other = follow(edge, token=token), follow(edge)
    edge.watched(2)
    server.ask("PUT", "/v1/streams/demo/bans/troll", {}, user="Mo", allow=MODERATE)
    assert [event.event for event in banned][-1] == "end"
    other.until(1)
    eventually(lambda: follow(edge, token=token).status == 403, "what it remembers is no older than a second")
    edge.watched()


def test_a_private_stream_needs_a_token_at_the_edge(server, start_edge, follow):
    edge = start_edge(server)
    body = {"name": "club", "settings": {"visibility": "private"}}
    assert edge.ask("POST", "/v1/streams", body, user="Owner", allow=("admin",))[0] == 201
    assert follow(edge, stream="club").status == 401
    assert follow(edge, stream="club", token=server.token("Bo", streams=("demo",))).status == 403
    assert follow(edge, stream="club", token=server.token("Bo", streams=("club",))).status == 200


def test_a_deleted_comment_does_not_come_back_by_any_edge(server, edges, follow):
    live = follow(edges[0])
    edges[0].watched()
    start = server.post("keep")[1]["cursor"].replace(":1", ":0")
    secret = server.post("secret")[1]["id"]
    live.until(2)
    assert edges[1].ask("DELETE", f"/v1/streams/demo/comments/{secret}")[0] == 200
    assert live.until(3)[-1].event == "delete"
    for edge in edges:  # one has it in its ring, the other reads it from the API
        told = follow(edge, last_event_id=start).until(3)
        assert "keep" in str(told)
        assert "secret" not in str(told)


def test_everything_that_an_edge_does_not_serve_is_passed_on_to_the_api(server, start_edge):
    edge = start_edge(server)
    status, comment, _ = edge.ask("POST", "/v1/streams/demo/comments", {"text": "é"}, Idempotency_Key="k")
    again, same, headers = edge.ask("POST", "/v1/streams/demo/comments", {"text": "é"}, Idempotency_Key="k")
    assert (status, again, same, headers["idempotent-replayed"]) == (201, 201, comment, "true")
    assert edge.history() == server.history() == [comment]
    assert edge.request("GET", "/openapi.json")[1] == server.request("GET", "/openapi.json")[1]
    status, problem, headers = edge.request("POST", "/v1/streams/demo/comments", {"text": "x"}, JSON)
    assert (status, problem["type"]) == (401, "/problems/unauthenticated")
    assert headers["www-authenticate"].startswith("Bearer")


def test_pages_of_foreign_sites_may_not_write_through_an_edge(server, start_edge):
    edge = start_edge(server)
    headers = JSON | {"Authorization": f"Bearer {server.token('Ada')}", "Origin": "https://elsewhere.example"}
    status, problem, _ = edge.request("POST", "/v1/streams/demo/comments", {"text": "x"}, headers)
    assert (status, problem["type"]) == (403, "/problems/origin-not-allowed")


def test_an_edges_own_token_is_not_lent_to_clients(server, start_edge):
    edge = start_edge(server)
    assert edge.request("GET", "/v1/streams/demo/standing")[0] == 401
    assert edge.ask("GET", "/v1/streams/demo/log?first=1&last=1", user="Root", allow=("admin",))[0] == 403


def test_a_websocket_at_an_edge_posts_and_reacts_with_the_viewers_own_token(server, start_edge):
    edge = start_edge(server)
    socket = RawWebSocket(edge.port, "demo")
    try:

        def say(**message):
            socket.send(frame(TEXT, json.dumps(message | {"ref": message["type"]}).encode()))
            return socket.answer()

        assert say(type="post", data={"text": "x"})["status"] == 401
        assert say(type="auth", token=server.token("Ada"))["status"] == 200
        posted = say(type="post", data={"text": "hello"}, idempotency_key="k")
        assert (posted["status"], posted["body"]["author"]["id"]) == (201, "Ada")
        assert say(type="react", data={"emoji": "👍"}) == {"ref": "react", "status": 202, "body": {}}
        assert server.history() == [posted["body"]]
    finally:
        socket.close()


def test_another_log_behind_the_api_is_told_as_a_gap(server, start_edge, follow, tmp_path):
    edge = start_edge(server)
    follower = follow(edge)
    edge.watched()
    server.post("old")
    last = follower.until(1)[-1].id
    server.kill()
    for file in (tmp_path / "data").glob("comments.sqlite*"):
        file.unlink()
    server.start()
    list(follower)  # to its end: the edge lets everybody go
    back = follow(edge, last_event_id=last)
    gap = next(event for event in back if event.event == "gap")
    assert json.loads(gap.data)["reason"] == "epoch"
    server.post("new")
    assert back.until(1)[-1].event == "comment"


def test_an_edge_that_ends_tells_its_viewers_when_to_come_back(server, start_edge, follow):
    edge = start_edge(server)
    follower = follow(edge)
    edge.watched()
    assert edge.stop() == 0
    assert "reconnect" in [event.event for event in follower]
    assert follower.ended


def test_in_production_the_token_comes_from_a_file_and_a_wrong_one_is_said(start_server, tmp_path):
    server = start_server()
    secret = (tmp_path / "data" / "development-secret").read_text()
    file = tmp_path / "token"
    edge = None
    try:
        file.write_text(_signed(secret, roles=[]))
        edge = EdgeProcess(tmp_path / "data", "--api", server.url, "--token-file", str(file))
        status, problem, _ = edge.request("GET", "/readyz")
        assert (status, "has no grant with the role 'edge'" in problem["detail"]) == (503, True)
        file.write_text(_signed(secret, roles=["edge"]))
        eventually(lambda: edge.request("GET", "/readyz")[0] == 200, "it reads the file again")
    finally:
        if edge is not None:
            edge.end()


def _signed(secret, roles):
    caps = [{"streams": ["*"], "allow": ["read"], "roles": roles}]
    return sign_token(secret, "edge-1", None, caps, 600, time.time(), "livecomments")
