"""Who may be connected, for how long, and what those are told who may not."""

import json
import socket
import struct
from contextlib import ExitStack

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.server.conftest import DEADLINE_S, eventually

SETTINGS = "/v1/streams/demo/settings"
TIMED = {"viewers", "heartbeat"}  # come whenever it is time


@pytest.fixture
def watch():
    """Open WebSockets; all of them are closed afterwards."""
    with ExitStack() as stack:

        def open_(server, token="", **options):
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            url = f"ws://127.0.0.1:{server.port}/v1/streams/demo/websocket"
            return stack.enter_context(connect(url, additional_headers=headers, open_timeout=DEADLINE_S, **options))

        yield open_


def messages(websocket, until):
    """What comes, up to the message with that name."""
    found = []
    while until not in {message["event"] for message in found}:
        found += map(json.loads, websocket.recv(timeout=DEADLINE_S).splitlines())
    return found


def ending(websocket):
    """The last message and the close code of a connection that the server ends."""
    last = None
    try:
        while True:
            told = map(json.loads, websocket.recv(timeout=DEADLINE_S).splitlines())
            last = [each for each in told if each["event"] not in TIMED][-1:] or last
    except ConnectionClosed as closed:
        return last and last[0], closed.rcvd.code


def joining(server):
    return server.request("GET", "/health")[1]["joining"]


def test_a_full_server_says_so_and_when_to_come_back(start_server, follow, watch):
    server = start_server("--viewers-max", "2")
    first, _ = follow(server), follow(server)
    refused = follow(server)
    assert refused.status == 503
    assert "retry-after: " in refused.head
    with pytest.raises(InvalidStatus) as refusal:
        watch(server)
    assert refusal.value.response.status_code == 503
    assert json.loads(refusal.value.response.body)["type"] == "/problems/too-many-connections"
    assert server.request("GET", "/v1/streams/demo/poll")[0] == 503
    first.close()
    eventually(lambda: joining(server)["viewers"] == 1, "one has left")
    assert follow(server).status == 200


def test_an_address_may_have_so_many_connections(start_server):
    server = start_server("--address-viewers-max", "1", LIVECOMMENTS_TRUSTED_PROXIES="127.0.0.1")

    def answer(address):
        sock = socket.create_connection(("127.0.0.1", server.port), DEADLINE_S)
        request = f"GET /v1/streams/demo/events HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {address}\r\n\r\n"
        sock.sendall(request.encode())
        return sock, int(sock.recv(4096).split()[1])

    (one, first), (two, second), (three, third) = (answer(f"203.0.113.{each}") for each in (5, 5, 6))
    assert (first, second, third) == (200, 503, 200)
    for sock in (one, two, three):
        sock.close()


def test_so_many_may_join_in_a_second_and_asking_in_passing_is_no_joining(start_server, follow):
    server = start_server("--joins-per-s", "1")
    assert {follow(server).status for _ in range(20)} == {200, 503}
    assert {server.request("GET", "/v1/streams/demo/poll")[0] for _ in range(20)} == {200}


def test_a_crowd_is_turned_away_at_the_door_and_counted(start_server, follow):
    server = start_server("--viewers-max", "1")
    assert follow(server).status == 200
    refused = [server.request("GET", "/v1/streams/demo/events") for _ in range(4)]
    for status, problem, headers in refused:
        assert (status, problem["type"]) == (503, "/problems/too-many-connections")
        assert int(headers["retry-after"]) >= problem["retry_after_s"] >= 10
        assert headers["content-type"] == "application/problem+json"
    assert len({problem["retry_after_s"] for _, problem, _ in refused}) > 1
    assert joining(server) == {"viewers": 1, "joined": 1, "refused": 4}


def test_a_token_that_ends_ends_the_connections_that_it_opened(start_server, follow, watch):
    server = start_server()
    grant = {"user": "ada", "lifetime_s": 1}
    token = server.request("POST", "/v1/dev/tokens", grant, {"Content-Type": "application/json"})[1]["token"]
    follower, websocket, nobody = follow(server, token=token), watch(server, token), follow(server)
    assert ending(websocket) == ({"event": "end", "data": {"reason": "token_expired"}}, 4401)
    events = list(follower)
    assert (events[-1].event, json.loads(events[-1].data)) == ("end", {"reason": "token_expired"})
    assert follower.ended
    eventually(lambda: server.viewers() == 1, "only the one without a token is left")
    assert nobody.status == 200


def test_a_new_token_in_time_keeps_the_connection(start_server, follow, watch):
    server = start_server()
    grant, later = {"user": "ada", "lifetime_s": 10}, server.token("ada")
    token = server.request("POST", "/v1/dev/tokens", grant, {"Content-Type": "application/json"})[1]["token"]
    follower = follow(server, token=token)
    websocket = watch(server, token)
    websocket.send(json.dumps({"type": "auth", "ref": "1", "token": later}))
    answer = messages(websocket, "answer")[-1]["data"]
    assert (answer["ref"], answer["status"], answer["body"]["user"]) == ("1", 200, "ada")
    list(follower)  # until the server has ended the one that had no new token
    server.post("still there?", author="bo")
    assert messages(websocket, "comment")[-1]["data"]["text"] == "still there?"


def test_a_ban_ends_the_user_s_connections_at_once_and_keeps_him_out(start_server, follow, watch):
    server = start_server()
    token = server.token("troll")
    follower, websocket, other = follow(server, token=token), watch(server, token), watch(server, server.token("ada"))
    server.watched(3)
    status, event, _ = server.ask("PUT", "/v1/streams/demo/bans/troll", {}, allow=("moderate",))
    assert (status, event["user"], event["until_ms"]) == (200, "troll", None)
    assert ending(websocket) == ({"event": "end", "data": {"reason": "forbidden"}}, 4403)
    assert list(follower)[-1].event == "end"
    assert messages(other, "ban")[-1]["data"]["user"] == "troll"
    assert follow(server, token=token).status == 403
    status, problem = server.post("let me in", author="troll")
    assert (status, problem["type"]) == (403, "/problems/banned")
    assert server.ask("DELETE", "/v1/streams/demo/bans/troll", allow=("moderate",))[0] == 200
    assert server.post("thanks", author="troll")[0] == 201
    assert server.ask("DELETE", "/v1/streams/demo/bans/troll", allow=("moderate",))[0] == 404


def test_only_moderators_ban(start_server):
    server = start_server()
    assert server.ask("PUT", "/v1/streams/demo/bans/troll", {}, user="bo")[0] == 403


def test_a_stream_that_turns_private_keeps_only_those_who_may_read_it(start_server, follow, watch):
    server = start_server()
    anybody, member = follow(server), watch(server, server.token("ada", "read"))
    server.watched(2)
    assert server.ask("PATCH", SETTINGS, {"visibility": "private"}, allow=("moderate",))[0] == 200
    assert json.loads(list(anybody)[-1].data) == {"reason": "forbidden"}
    assert messages(member, "settings")[-1]["data"]["visibility"] == "private"
    assert follow(server).status == 401


def test_a_page_of_another_site_opens_no_websocket(start_server, watch):
    server = start_server()
    with pytest.raises(InvalidStatus) as refusal:
        watch(server, origin="https://evil.example")
    assert refusal.value.response.status_code == 403
    assert messages(watch(server, origin=f"http://127.0.0.1:{server.port}"), "hello")


def test_a_peer_that_does_not_answer_pings_is_let_go(start_server, watch):
    server = start_server("--heartbeat-s", "5")  # in which even a busy machine answers
    handshake = (
        "GET /v1/streams/demo/websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    answering = watch(server)
    with socket.create_connection(("127.0.0.1", server.port), DEADLINE_S) as silent:
        silent.sendall(handshake.encode())
        # How many are there may be asked too late to see both of them.
        eventually(lambda: joining(server)["joined"] == 2, "both have joined")
        eventually(lambda: server.viewers() == 1, "the silent one is gone")
        server.post("are you there?")
        assert messages(answering, "comment")


def test_a_viewer_that_breaks_off_hard_is_forgotten(start_server, follow):
    server = start_server()
    follower = follow(server)
    eventually(lambda: server.viewers() == 1, "it has joined")
    follower.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset, no farewell
    follower.close()
    eventually(lambda: server.viewers() == 0, "it is forgotten")


def test_viewers_are_told_about_how_many_they_are_and_who_is_typing(start_server, follow, watch):
    server = start_server()
    follower, writer = follow(server), watch(server, server.token("ada"))
    server.watched(2)
    writer.send(json.dumps({"type": "typing"}))
    told = {}
    for event in follower:  # either may come first, and how many they were before both had joined
        told[event.event] = json.loads(event.data)
        if "typing" in told and told.get("viewers", {}).get("count") == 2:
            break
    assert told["typing"] == {"users": 1, "names": ["ada"]}
    assert told["viewers"] == {"count": 2, "error": 0.0}


def test_a_drain_tells_everybody_when_to_come_back_and_lets_them_go_in_that_order(start_server, follow, watch):
    server = start_server("--drain-per-s", "1")  # so that there is time to ask it how it is
    followers = [follow(server) for _ in range(10)]
    server.watched(10)  # they have the first places
    websocket = watch(server)
    server.watched(11)
    server.process.terminate()
    slots = sorted(_slot(follower) for follower in followers)
    assert slots == [1000 * rank for rank in range(10)]
    status, problem, headers = server.request("GET", "/readyz")
    assert (status, problem["type"]) == (503, "/problems/draining")
    assert int(headers["retry-after"]) >= 1
    assert follow(server).status == 503
    assert server.request("GET", "/livez")[0] == 200
    last, code = ending(websocket)
    assert (last, code) == ({"event": "reconnect", "data": {"after_ms": 10_000}}, 1012)
    for follower in followers:
        assert {event.event for event in follower} <= TIMED
        assert follower.ended
    assert server.wait() == 0


def _slot(follower):
    return json.loads(next(event for event in follower if event.event == "reconnect").data)["after_ms"]
