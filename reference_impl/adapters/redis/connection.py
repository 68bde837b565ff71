"""How Redis is reached: one server, a cluster, or whatever server Sentinel says is the master now.

| address | what |
|---|---|
| `redis://[USER:PASSWORD@]HOST:PORT`, `rediss://…` (TLS), `unix:///FILE` | one server |
| `redis+cluster://[USER:PASSWORD@]HOST:PORT,HOST:PORT,…` | a cluster, found through any of these nodes |
| `redis+sentinel://[USER:PASSWORD@]HOST:PORT,HOST:PORT,…/SERVICE` | the master of a service, asked of any of these |
"""

import re
from typing import Any
from urllib.parse import unquote

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff

CONNECT_S = 2.0
ANSWER_S = 5.0

Host = tuple[str, int]

_MANY = re.compile(
    r"redis\+(?P<kind>cluster|sentinel)://(?:(?P<login>[^@/]*)@)?(?P<hosts>[^/]+)(?:/(?P<service>\w.*))?"
)
_ONE = re.compile(r"(redis|rediss|unix)://.+")
_HOST = re.compile(r"(\[[0-9a-fA-F:]+\]|[^:\[\]]+):(\d{1,5})")
ALLOWED = (
    "redis://HOST:PORT, rediss://HOST:PORT, unix:///FILE, redis+cluster://HOST:PORT,HOST:PORT "
    "or redis+sentinel://HOST:PORT,HOST:PORT/SERVICE"
)


def connect(url: str, answer_s: float | None = ANSWER_S) -> "Redis | RedisCluster":
    """Make a client, which connects when it is first used; ValueError says what is wrong with the address."""
    check(url)
    if _ONE.fullmatch(url):
        try:
            return Redis.from_url(url, **_patience(answer_s))
        except ValueError as error:
            raise ValueError(f"{without_password(url)!r}: {error}") from error
    if url.startswith("redis+cluster:"):
        nodes = [ClusterNode(host, port) for host, port in hosts_of(url)]
        # It learns where each slot has moved; else it would close all connections after a few moves, those in use too.
        return RedisCluster(
            startup_nodes=nodes, reinitialize_steps=0, **login_of(url), **_patience(answer_s, retry=False)
        )
    sentinel: Any = Sentinel(  # type: ignore[no-untyped-call]
        hosts_of(url), sentinel_kwargs=_patience(), **login_of(url), **_patience(answer_s)
    )
    client: Redis = sentinel.master_for(_parts(url)["service"])
    return client


async def close(client: "Redis | RedisCluster") -> None:
    """Close a client with all it has opened, which includes connections to the Sentinels."""
    await client.aclose()
    if isinstance(client, Redis) and isinstance(client.connection_pool, SentinelConnectionPool):
        for sentinel in client.connection_pool.sentinel_manager.sentinels:
            await sentinel.aclose()


def check(url: str) -> str:
    """Answer the address, or raise ValueError."""
    if not _ONE.fullmatch(url):
        hosts_of(url)
        if url.startswith("redis+sentinel:") and not _parts(url)["service"]:
            raise ValueError(f"redis+sentinel:// needs a /SERVICE after the hosts, got {without_password(url)!r}")
    return url


def hosts_of(url: str) -> list[Host]:
    """The nodes of a cluster, or the Sentinels, that the address names."""
    found = [_HOST.fullmatch(each) for each in _parts(url)["hosts"].split(",")]
    hosts = [(each[1].strip("[]"), int(each[2])) for each in found if each]
    if len(hosts) != len(found) or not all(0 < port < 65_536 for _, port in hosts):
        raise ValueError(f"need HOST:PORT,HOST:PORT,…, got {without_password(url)!r}")
    return hosts


def login_of(url: str) -> dict[str, Any]:
    """User and password, of which either may be missing."""
    user, _, password = (_parts(url)["login"] or "").partition(":")
    given = {"username": unquote(user), "password": unquote(password)}
    return {name: value for name, value in given.items() if value}


def without_password(url: str) -> str:
    """The address as it may be logged."""
    return re.sub(r"//[^@/]*@", "//…@", url)


def _parts(url: str) -> dict[str, Any]:
    found = _MANY.fullmatch(url)
    if found is None:
        raise ValueError(f"a Redis is reached by {ALLOWED}; got {without_password(url)!r}")
    return found.groupdict()


def _patience(answer_s: float | None = ANSWER_S, *, retry: bool = True) -> dict[str, Any]:
    """How long to wait. Trying again is for the caller; only a cluster's client has to, since slots move."""
    times: dict[str, Any] = {"socket_connect_timeout": CONNECT_S, "socket_timeout": answer_s, "protocol": 2}
    return {**times, "retry": Retry(NoBackoff(), 0)} if retry else times
