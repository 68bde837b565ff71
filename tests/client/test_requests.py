"""Requests that fail: which are repeated, which are not, and what the caller is told."""

import asyncio
import json
from contextlib import aclosing

import pytest

from reference_impl.client import Client, Lost, Refused
from reference_impl.policy.retry import RetryConfig
from tests.client.conftest import answer, standing_in

QUICK = RetryConfig(base_s=0.001, cap_s=0.001, attempts_max=3)
PROBLEM = "application/problem+json"
POSTED = answer(201, json.dumps({"id": "1", "text": "hi"}))
NOTHING = b""


def problem(name: str, status: int, **more: object) -> bytes:
    return answer(status, json.dumps({"type": f"/problems/{name}", "title": name, "status": status} | more), PROBLEM)


def post(*answers: bytes) -> tuple[dict[str, object] | Exception, list[str]]:
    """What posting gave, and the requests that it took."""

    async def run():
        async with standing_in(*answers) as stand_in, Client(stand_in.url, token="t", retry=QUICK) as client:
            try:
                return await client.post("demo", "hi"), stand_in.requests
            except (Lost, Refused) as error:
                return error, stand_in.requests

    return asyncio.run(run())


def key_of(request: str) -> str:
    return next(line for line in request.split("\r\n") if line.lower().startswith("idempotency-key"))


@pytest.mark.parametrize(
    "failure",
    [NOTHING, problem("overloaded", 503), answer(502, "<p>", "text/html"), problem("internal", 500),
     problem("idempotency-in-flight", 409), answer(201, "no json"), POSTED[:-3]],
    ids=["no answer", "503", "502", "500", "in flight", "no JSON", "half an answer"],
)  # fmt: skip
def test_a_post_is_repeated_under_the_same_key_after_what_may_pass(failure: bytes) -> None:
    posted, requests = post(failure, failure, POSTED)
    assert posted == {"id": "1", "text": "hi"}
    assert len(requests) == 3
    assert len(set(map(key_of, requests))) == 1
    assert all("Authorization: Bearer t" in request for request in requests)


@pytest.mark.parametrize(("name", "status"), [("invalid-text", 422), ("rate-limited", 429), ("unauthenticated", 401)])
def test_a_refusal_is_not_repeated_and_carries_its_problem(name: str, status: int) -> None:
    error, requests = post(problem(name, status, detail="because", retry_after_s=2.5))
    assert isinstance(error, Refused)
    assert (error.status, error.kind, error.problem["detail"], error.retry_after_s) == (status, name, "because", 2.5)
    assert "because" in str(error)
    assert len(requests) == 1


def test_tries_come_to_an_end() -> None:
    error, requests = post(*[NOTHING] * 4)
    assert isinstance(error, Lost)
    assert len(requests) == 4


def test_a_server_that_is_not_there_is_lost_without_having_been_reached() -> None:
    async def ask() -> None:
        async with standing_in() as stand_in:
            url = stand_in.url
        async with Client(url, retry=RetryConfig(attempts_max=0)) as client:
            await client.head("demo")

    with pytest.raises(Lost) as caught:
        asyncio.run(ask())
    assert not caught.value.reached


@pytest.mark.parametrize("document", ["", "no json", "[1]"])
def test_a_broken_problem_document_is_none(document: str) -> None:
    error, _ = post(answer(403, document, PROBLEM))
    assert isinstance(error, Refused)
    assert (error.problem, error.kind) == ({}, "")


@pytest.mark.parametrize(
    ("value", "seconds"), [("7", 7.0), ("Wed, 21 Oct 2026 07:28:00 GMT", 0.0), ("-1", 0.0), ("nan", 0.0), ("inf", 0.0)]
)
def test_a_time_to_come_back_is_a_number_of_seconds(value: str, seconds: float) -> None:
    assert Refused(503, {}, value).retry_after_s == seconds


def test_an_answer_without_end_is_not_read() -> None:
    page = answer(201, "x")[:-1].replace(b"Content-Length: 1", b"Content-Length: 17000000") + b"x" * 17_000_000
    error, _ = post(page, page, page, page)
    assert isinstance(error, Lost)
    assert "over 16777216 bytes" in str(error)


def test_an_address_that_is_none_is_an_error_at_once() -> None:
    with pytest.raises(ValueError, match="http://"):
        Client("127.0.0.1:8080")


def test_what_stands_in_the_way_of_two_transports_lets_the_third_pass() -> None:
    portal = answer(200, "<p>log in</p>", "text/html")
    polled = {"items": [{"event": "comment", "id": "7:1", "data": {}}], "next_cursor": "7:1", "poll_after_ms": 0}
    often = RetryConfig(base_s=0.001, cap_s=0.001, attempts_max=20)

    async def follow():
        answers = [answer(426), answer(200, "{}"), portal, portal, answer(200, json.dumps(polled))]
        async with (
            standing_in(*answers) as stand_in,
            Client(stand_in.url, reconnect=often) as client,
            aclosing(client.follow("demo", "7:0")) as messages,
        ):
            return await anext(messages), [route_of(request) for request in stand_in.requests]

    message, routes = asyncio.run(follow())
    assert message.id == "7:1"
    assert routes == ["websocket", "poll", "events", "events", "poll"]


def route_of(request: str) -> str:
    return request.split()[1].partition("?")[0].rpartition("/")[2]
