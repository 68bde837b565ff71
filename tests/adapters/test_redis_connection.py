"""Addresses of Redis: which are understood, and what is said of the others."""

import asyncio

import pytest
from redis.asyncio import Redis, RedisCluster
from redis.exceptions import RedisError

from reference_impl.adapters.redis.connection import check, close, connect, hosts_of, login_of, without_password
from reference_impl.adapters.redis.scripting import answering
from reference_impl.ports import LogUnavailable


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("redis://127.0.0.1:6379", Redis),
        ("rediss://user:word@example.org:6380/0", Redis),
        ("unix:///run/redis.sock", Redis),
        ("redis+cluster://127.0.0.1:7000,127.0.0.1:7001", RedisCluster),
        ("redis+cluster://user:word@node:7000", RedisCluster),
        ("redis+sentinel://127.0.0.1:26379,[::1]:26380/comments", Redis),
    ],
)
def test_an_address_gives_its_client(url, kind):
    async def main():
        client = connect(url)
        assert isinstance(client, kind)
        await close(client)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("kafka://x:1", "redis+cluster://HOST:PORT"),
        ("redis+cluster://", "reached by"),
        ("redis+cluster://node", "HOST:PORT"),
        ("redis+cluster://node:0", "HOST:PORT"),
        ("redis+cluster://node:70000", "HOST:PORT"),
        ("redis+sentinel://node:1", "/SERVICE"),
        ("redis://host:port", "redis://host:port"),
    ],
)
def test_another_address_is_refused_with_what_would_do(url, said):
    with pytest.raises(ValueError, match="redis") as refused:
        connect(url)
    assert said in str(refused.value)


@pytest.mark.parametrize("url", ["redis+cluster://me:secret@node", "redis://me:secret@host:port", "x://me:secret@y"])
def test_a_password_is_not_repeated_in_what_is_said(url):
    with pytest.raises(ValueError, match="redis") as refused:
        connect(url)
    assert "secret" not in str(refused.value)
    assert "secret" not in without_password(url)


def test_hosts_and_login_are_read():
    url = check("redis+cluster://me:a%40b@one:1,[::1]:2")
    assert hosts_of(url) == [("one", 1), ("::1", 2)]
    assert login_of(url) == {"username": "me", "password": "a@b"}
    assert login_of("redis+cluster://:word@one:1") == {"password": "word"}


def test_a_client_reaches_its_server(redis_url):
    async def main():
        client = connect(redis_url)
        assert await client.ping()
        await close(client)

    asyncio.run(main())


@pytest.mark.parametrize("error", [RedisError, OSError, TimeoutError, AttributeError, TypeError, RuntimeError])
def test_whatever_a_connection_that_breaks_raises_says_that_redis_does_not_answer(error):
    with pytest.raises(LogUnavailable, match="Redis did not answer: the handler is closed"), answering():
        raise error("the handler is closed")
