"""A server with a cache of newest comments: pages are the same, and stay when the cache dies."""

import pytest

from tests.server.conftest import eventually
from tests.server.test_breakers import health, states

pytestmark = pytest.mark.slow


@pytest.fixture
def redis(redis_of):
    return redis_of()


def nine_of_ten_hit(server, expected):
    """On a busy machine a cache may be too slow for a page: it is not waited for, and the log is read."""
    before = health(server)["recent"].get("hit", 0)
    for _ in range(10):
        assert server.history() == expected
    return health(server)["recent"].get("hit", 0) >= before + 9


def texts(server):
    return [each["text"] for each in server.history()]


KINDS = {
    "write-through": [],
    "write-behind": ["--recent-writes", "behind"],
    "split": ["--partitions", "3", "--partitioning", "by_comment"],
    "hot-first": ["--log-mode", "hot-first", "--hot"],
}


@pytest.mark.parametrize("kind", list(KINDS))
def test_pages_come_from_the_cache_and_say_what_the_log_says(redis, start_server, kind):
    options = [*KINDS[kind], *([redis.url] if kind == "hot-first" else [])]
    server, other = (start_server(*options, "--recent", redis.url) for _ in range(2))
    ids = [server.post(f"comment {number}")[1]["id"] for number in range(30)]
    eventually(lambda: len(server.history()) == 30, "all are there")
    server.ask("PATCH", f"/v1/streams/demo/comments/{ids[3]}", {"text": "edited"})
    server.ask("DELETE", f"/v1/streams/demo/comments/{ids[4]}")
    alone = start_server(*options)
    expected = alone.history()
    for each in (server, other):
        eventually(lambda each=each: each.history() == expected, "it is the same page")
    eventually(lambda: nine_of_ten_hit(server, expected), "pages come from the cache")
    assert 0 < health(server)["recent"]["hit_rate"] <= 1


def test_when_the_cache_dies_pages_come_from_the_log_until_it_is_back(redis, start_server):
    server = start_server("--recent", redis.url)
    expected = [f"comment {number}" for number in range(5)]
    for text in expected:
        server.post(text)
    assert texts(server) == expected
    redis.kill()

    def left_alone():
        assert texts(server) == expected
        return states(server)["recent_comments"] == "open"

    eventually(left_alone, "the cache is left alone")
    expected.append("while it is away")
    status, _ = server.post(expected[-1])
    assert status == 201
    assert texts(server) == expected
    redis.start()

    def back():
        assert texts(server)[:5] == expected[:5]
        return states(server)["recent_comments"] == "closed" and texts(server) == expected

    eventually(back, "the cache is used again, and knows what it missed")
