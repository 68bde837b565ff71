"""What stands before the routes, called as a server calls it: other machines' addresses cannot be had in a test."""

import asyncio
import json

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from reference_impl.api import body
from reference_impl.api.limits import AddressRate, WriteGuard, is_loopback
from reference_impl.policy.rate import RateConfig
from reference_impl.protocol import problem
from reference_impl.protocol.problem import Problem


class Front:
    """A guard before an application that says yes, and a clock."""

    def __init__(self, burst: int) -> None:
        self.now = 0.0
        self.guard = WriteGuard(
            PlainTextResponse("yes"),
            ["https://friend.example"],
            AddressRate(RateConfig(burst=burst, period_s=30.0), lambda: self.now),
        )

    def ask(self, method: str = "POST", address: str = "203.0.113.5", **fields: str) -> tuple[int, dict[str, str]]:
        headers = [(name.encode(), value.encode()) for name, value in fields.items()]
        scope = {"type": "http", "method": method, "path": "/", "headers": headers, "client": (address, 1)}
        sent = []

        async def send(message):
            sent.append(message)

        asyncio.run(self.guard(scope, None, send))
        return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}


def test_an_address_that_sends_too_many_changes_is_told_when_to_come_back() -> None:
    front = Front(burst=3)
    assert [front.ask()[0] for _ in range(4)] == [200, 200, 200, 429]
    assert front.ask()[1]["retry-after"] == "10"
    assert front.ask(address="203.0.113.6")[0] == 200
    front.now = 10.0
    assert front.ask()[0] == 200


def test_reading_and_loopback_have_no_such_limit() -> None:
    front = Front(burst=1)
    assert {front.ask("GET")[0] for _ in range(5)} == {200}
    assert {front.ask(address="127.0.0.1")[0] for _ in range(5)} == {200}


@pytest.mark.parametrize(
    ("address", "loopback"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("10.0.0.1", False), ("unix", False)],
)
def test_loopback_is_this_machine_only(address: str, loopback: bool) -> None:
    assert is_loopback(address) is loopback


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://friend.example", 200),
        ("http://chat.example:8080", 200),
        ("https://friend.example.evil.example", 403),
        ("null", 403),
    ],
)
def test_only_its_own_pages_and_named_sites_may_write(origin: str, status: int) -> None:
    assert Front(burst=9).ask(origin=origin, host="chat.example:8080")[0] == status


def test_a_body_that_does_not_arrive_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "ARRIVAL_MAX_S", 0.01)

    async def receive():
        await asyncio.Event().wait()

    scope = {"type": "http", "headers": [(b"content-type", b"application/json")]}
    with pytest.raises(Problem) as refusal:
        asyncio.run(body.read_body(Request(scope, receive), body.Body))
    assert refusal.value.kind is problem.TIMEOUT


def test_a_body_that_comes_in_pieces_is_put_together() -> None:
    pieces = [{"type": "http.request", "body": part, "more_body": True} for part in (b"{", b"}")]
    pieces.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive():
        return pieces.pop(0)

    scope = {"type": "http", "headers": [(b"content-type", b"application/json; charset=utf-8")]}
    assert json.loads(asyncio.run(body.read_body(Request(scope, receive), body.Body)).model_dump_json()) == {}
