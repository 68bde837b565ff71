"""Published keys: read from an address or a file, renewed, and never weaker than they should be."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from reference_impl.auth.keys import (
    AGAIN_S,
    FRESH_S,
    SET_MAX,
    JwksKeys,
    KeysUnavailable,
    SharedSecret,
    UnknownKey,
    _bounded,
)


def published(*key_ids: str) -> list[dict[str, str]]:
    keys = [jwt.algorithms.OKPAlgorithm.to_jwk(Ed25519PrivateKey.generate().public_key()) for _ in key_ids]
    return [json.loads(key) | {"kid": key_id} for key, key_id in zip(keys, key_ids, strict=True)]


class Publisher:
    """A real server with a key set that can change, and a clock that the reader of it goes by."""

    def __init__(self) -> None:
        self.keys: list[dict[str, str]] | None = published("one")
        self.status, self.asked, self.now = 200, 0, 0.0
        self.cut_short = False
        publisher = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                publisher.asked += 1
                if publisher.cut_short:
                    self.wfile.write(b"this is not HTTP\r\n\r\n")
                    return
                body = json.dumps({"keys": publisher.keys}).encode()
                self.send_response(publisher.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def reader(self) -> JwksKeys:
        return JwksKeys(f"http://127.0.0.1:{self.server.server_port}/keys", lambda: self.now)


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    made = Publisher()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_keys_are_read_once_and_for_all_who_ask_at_once(publisher: Publisher) -> None:
    keys = publisher.reader()

    async def ask() -> None:
        found = await asyncio.gather(*(keys.key("one", "EdDSA") for _ in range(10)))
        assert len(set(map(id, found))) == 1

    asyncio.run(ask())
    assert publisher.asked == 1


def test_an_unknown_key_is_looked_for_again_but_not_for_everybody_who_makes_one_up(publisher: Publisher) -> None:
    keys = publisher.reader()
    asyncio.run(keys.key("one", "EdDSA"))
    publisher.keys += published("two")
    publisher.now = AGAIN_S - 0.1
    for _ in range(3):
        with pytest.raises(UnknownKey, match="'two'"):
            asyncio.run(keys.key("two", "EdDSA"))
    publisher.now = AGAIN_S
    assert asyncio.run(keys.key("two", "EdDSA"))
    assert publisher.asked == 2


def test_a_key_that_is_withdrawn_ends_with_the_next_reading(publisher: Publisher) -> None:
    keys = publisher.reader()
    asyncio.run(keys.key("one", "EdDSA"))
    publisher.keys = published("two")
    publisher.now = FRESH_S - 0.1
    assert asyncio.run(keys.key("one", "EdDSA"))
    publisher.now = FRESH_S
    with pytest.raises(UnknownKey):
        asyncio.run(keys.key("one", "EdDSA"))


@pytest.mark.parametrize("broken", ["status", "empty", "huge", "null", "not HTTP"])
def test_the_old_keys_go_on_when_the_new_ones_cannot_be_read(publisher: Publisher, broken: str) -> None:
    keys = publisher.reader()
    asyncio.run(keys.key("one", "EdDSA"))
    publisher.status = 500 if broken == "status" else 200
    publisher.cut_short = broken == "not HTTP"
    publisher.keys = {"empty": [], "huge": [{"x": "y" * 2_000_000}], "null": None}.get(broken, published("two"))
    publisher.now = FRESH_S + 1
    assert asyncio.run(keys.key("one", "EdDSA"))


def test_keys_that_were_never_read_are_unavailable(tmp_path: Path) -> None:
    with pytest.raises(KeysUnavailable):
        asyncio.run(JwksKeys(str(tmp_path / "none.json"), lambda: 0.0).key("one", "EdDSA"))


def test_only_public_keys_of_the_two_kinds_are_taken(tmp_path: Path) -> None:
    rsa = generate_private_key(65537, 2048)
    secret = {"kty": "oct", "k": "c2VjcmV0", "kid": "secret"}
    private = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(rsa)) | {"kid": "private"}
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(rsa.public_key())) | {"kid": "rsa"}
    broken = {"kty": "OKP", "crv": "Ed25519", "x": "!", "kid": "broken"}
    small = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(generate_private_key(65537, 1024).public_key()))
    others = [
        small | {"kid": "small"},
        public | {"kid": "enc", "use": "enc"},
        public | {"kid": ["a list"]},
        broken | {"crv": ["a list"]},
    ]
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [secret, private, broken, *others, public]}))
    keys = JwksKeys(str(tmp_path / "keys.json"), lambda: 0.0)
    assert asyncio.run(keys.key("rsa", "RS256"))
    for kid in ("secret", "private", "broken", "small", "enc"):
        with pytest.raises(UnknownKey):
            asyncio.run(keys.key(kid, "RS256"))


def test_a_key_is_taken_for_its_own_algorithm_only(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text(json.dumps({"keys": published("one")}))
    with pytest.raises(UnknownKey, match="is for EdDSA, it is signed with 'RS256'"):
        asyncio.run(JwksKeys(str(tmp_path / "keys.json"), lambda: 0.0).key("one", "RS256"))


def test_a_file_over_the_bound_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text(json.dumps({"keys": published("one"), "padding": "x" * SET_MAX}))
    with pytest.raises(KeysUnavailable):
        asyncio.run(JwksKeys(str(tmp_path / "keys.json"), lambda: 0.0).key("one", "EdDSA"))


def test_a_server_that_sends_byte_after_byte_is_given_up() -> None:
    with pytest.raises(TimeoutError):
        _bounded(lambda size: b"x", ends=time.monotonic())


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 32 bytes, got 31"):
        SharedSecret("x" * 31)
