"""Who may do what: tokens, capabilities, standing, origins, and what development gives away."""

import json
import subprocess
import sys
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.server.conftest import DEADLINE_S, JSON, ServerProcess

POSTS = "/v1/streams/demo/comments"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    started = ServerProcess(tmp_path_factory.mktemp("auth") / "data", "--rate-burst", "100000")
    yield started
    started.end()


def bearer(token):
    return JSON | {"Authorization": f"Bearer {token}"}


def test_reading_a_public_stream_takes_no_token(server):
    assert server.request("GET", POSTS)[0] == 200
    assert server.request("GET", "/v1/streams/demo")[0] == 200


def test_writing_without_a_token_says_what_to_send(server):
    status, problem, headers = server.request("POST", POSTS, {"text": "x"}, JSON)
    assert (status, problem["type"]) == (401, "/problems/unauthenticated")
    assert "Authorization: Bearer" in problem["detail"]
    assert headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("token", "words"),
    [("x.y.z", "not valid"), ("", "Authorization"), ("x" * 9000, "at most 8192"), ("é", "not valid")],
)
def test_a_token_that_is_none_is_refused(server, token, words):
    headers = JSON | {"Authorization": f"Bearer {token}".encode("latin-1")}
    status, problem, _ = server.request("POST", POSTS, {"text": "x"}, headers)
    assert status == 401
    assert words in problem["detail"]
    assert token[:100] not in problem["detail"] or not token


def test_a_token_in_the_address_is_not_taken(server):
    token = server.token("ann")
    status, problem, _ = server.request("POST", f"{POSTS}?access_token={token}", {"text": "x"}, JSON)
    assert (status, "header" in problem["detail"]) == (401, True)
    assert server.request("POST", POSTS, {"text": "x"}, JSON | {"Authorization": "Basic YTpi"})[0] == 401


def test_an_expired_token_is_refused(server):
    secret = (server.data / "development-secret").read_text()
    now = int(time.time())
    claims = {"sub": "ann", "aud": "livecomments", "caps": [{"streams": ["*"], "allow": ["post"]}]}
    old = jwt.encode(claims | {"iat": now - 120, "exp": now - 60}, secret, "HS256")
    new = jwt.encode(claims | {"iat": now, "exp": now + 60}, secret, "HS256")
    status, problem, _ = server.request("POST", POSTS, {"text": "old"}, bearer(old))
    assert (status, "expired" in problem["detail"]) == (401, True)
    assert server.request("POST", POSTS, {"text": "new"}, bearer(new))[0] == 201


@pytest.mark.parametrize(
    ("allow", "method", "path", "body", "status"),
    [
        ("read", "POST", POSTS, {"text": "x"}, 403),
        ("post", "PATCH", "/v1/streams/demo/settings", {"slow_mode_s": 0}, 403),
        ("moderate", "PATCH", "/v1/streams/demo/settings", {"slow_mode_s": 0}, 200),
        ("moderate", "PATCH", "/v1/streams/demo", {"title": "x"}, 403),
        ("admin", "PATCH", "/v1/streams/demo", {"title": "Demo"}, 200),
        ("moderate", "POST", POSTS, {"text": "x", "author": {"id": "bo"}}, 403),
        ("moderate", "POST", f"{POSTS}:batch", {"comments": [{"text": "x"}], "trusted": True}, 403),
        ("post", "GET", "/v1/streams/demo/held", None, 403),
        ("post", "GET", "/v1/streams/demo/reports", None, 403),
        ("moderate", "POST", "/v1/streams", {"name": "other"}, 403),
    ],
)
def test_each_capability_includes_the_lesser_ones_and_no_more(server, allow, method, path, body, status):
    seen, problem, _ = server.ask(method, path, body, user="ann", allow=(allow,))
    assert seen == status, problem


def test_a_capability_is_for_the_streams_it_names(server):
    token = server.token("ann", "admin", streams=("mine",))
    assert server.request("POST", "/v1/streams/mine/comments", {"text": "x"}, bearer(token))[0] == 201
    assert server.request("POST", POSTS, {"text": "x"}, bearer(token))[0] == 403


def test_a_private_stream_is_read_with_a_grant_and_a_vip_one_with_the_role(server):
    for visibility, role in (("private", ()), ("vip", ("vip",))):
        name = f"{visibility}-stream"
        new = {"name": name, "settings": {"visibility": visibility}}
        assert server.ask("POST", "/v1/streams", new, allow=("admin",))[0] == 201
        path = f"/v1/streams/{name}/comments"
        granted = bearer(server.token("ann", "read", streams=(name,), roles=role))
        elsewhere = bearer(server.token("bo", "read", streams=("demo",), roles=("vip",)))
        assert [server.request("GET", path, headers=each)[0] for each in (granted, elsewhere, {})] == [200, 403, 401]
        cookie = {"Cookie": f"livecomments_token={granted['Authorization'].removeprefix('Bearer ')}"}
        assert server.request("GET", path, headers=cookie)[0] == 200
        listed = [each["name"] for each in server.request("GET", "/v1/streams")[1]["items"]]
        assert name not in listed
    plain = bearer(server.token("cy", "read", streams=("vip-stream",)))
    assert server.request("GET", "/v1/streams/vip-stream/comments", headers=plain)[0] == 403


def test_a_cookie_never_authorises_a_change(server):
    cookie = {"Cookie": f"livecomments_token={server.token('ann')}"}
    assert server.request("POST", POSTS, {"text": "x"}, JSON | cookie)[0] == 401


@pytest.mark.parametrize(("mode", "role"), [("members_only", "member"), ("followers_only", "follower")])
def test_a_mode_asks_for_standing_and_moderators_have_it(server, mode, role):
    path = f"/v1/streams/{role}s/comments"
    server.ask("PATCH", f"/v1/streams/{role}s/settings", {mode: True}, allow=("moderate",))
    without, with_ = bearer(server.token("ann")), bearer(server.token("ann", roles=(role,)))
    status, problem, _ = server.request("POST", path, {"text": "1"}, without)
    assert (status, problem["type"]) == (403, "/problems/chat-mode")
    assert server.request("POST", path, {"text": "2"}, with_)[0] == 201
    assert server.ask("POST", path, {"text": "3"}, user="mod", allow=("moderate",))[0] == 201


@pytest.mark.parametrize(("origin", "status"), [("https://evil.example", 403), ("http://{address}", 201), (None, 201)])
def test_pages_of_other_sites_may_not_write(server, origin, status):
    address = f"127.0.0.1:{server.port}"
    fields = {"Origin": origin.format(address=address)} if origin else {}
    seen, problem, _ = server.ask("POST", POSTS, {"text": f"from {origin}"}, user=f"o{origin}"[:20], **fields)
    assert seen == status, problem
    tokens = server.request("POST", "/v1/dev/tokens", {"user": "x"}, JSON | fields)
    assert tokens[0] == status


def test_a_named_site_may_write(start_server):
    server = start_server("--cors-origin", "https://friend.example")
    assert server.ask("POST", POSTS, {"text": "x"}, Origin="https://friend.example")[0] == 201


def test_tokens_outlive_a_restart(start_server):
    server = start_server()
    token = server.token("ann")
    server.stop()
    server.start()
    assert server.request("POST", POSTS, {"text": "x"}, bearer(token))[0] == 201


def test_production_believes_only_the_published_keys(start_server, tmp_path):
    key = Ed25519PrivateKey.generate()
    public = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(key.public_key())) | {"kid": "k1"}
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [public]}))
    server = start_server("--mode", "production", "--jwks", str(tmp_path / "keys.json"))
    now = int(time.time())
    claims = {"sub": "ann", "aud": "livecomments", "iat": now, "exp": now + 300}
    claims["caps"] = [{"streams": ["final"], "allow": ["admin"]}]
    good = jwt.encode(claims, key, "EdDSA", headers={"kid": "k1"})
    stranger = jwt.encode(claims, Ed25519PrivateKey.generate(), "EdDSA", headers={"kid": "k1"})
    assert server.request("POST", "/v1/dev/tokens", {"user": "ann"}, JSON)[0] == 404
    assert server.request("GET", "/v1/streams/final")[0] == 404, "in production streams are made by those who may"
    assert server.request("POST", "/v1/streams", {"name": "final"}, bearer(stranger))[0] == 401
    assert server.request("POST", "/v1/streams", {"name": "final"}, bearer(good))[0] == 201
    assert server.request("POST", "/v1/streams/final/comments", {"text": "x"}, bearer(good))[0] == 201
    document = server.request("GET", "/openapi.json")[1]
    assert "/v1/dev/tokens" not in document["paths"]


def test_keys_that_cannot_be_had_are_a_503_and_not_a_401(start_server, tmp_path):
    server = start_server("--mode", "production", "--jwks", str(tmp_path / "none.json"))
    key = Ed25519PrivateKey.generate()
    token = jwt.encode({"sub": "ann"}, key, "EdDSA", headers={"kid": "k1"})
    status, problem, headers = server.request("POST", "/v1/streams", {"name": "final"}, bearer(token))
    assert (status, problem["type"]) == (503, "/problems/keys-unavailable")
    assert int(headers["retry-after"]) >= 1


@pytest.mark.parametrize(
    ("options", "words"),
    [(["--mode", "production"], "needs --jwks"), (["--host", "0.0.0.0"], "lets others in")],
)
def test_a_server_that_would_let_anybody_in_does_not_start(options, words, tmp_path):
    command = [
        sys.executable,
        "-m",
        "reference_impl",
        "serve",
        "--data",
        str(tmp_path / "data"),
        "--port",
        "0",
        *options,
    ]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S)
    assert ended.returncode == 1
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr
