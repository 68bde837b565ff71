"""Edges that Redis tells what happens: at once, and while the API that they ask is away."""

import redis

from tests.server.conftest import eventually
from tests.server.sse import seqs


def listened_to(url, stream):
    """The edge has said to Redis what it wants to hear, and Redis knows it."""
    channel = f"lc:{{{stream}}}"
    with redis.Redis.from_url(url) as client:
        eventually(lambda: dict(client.pubsub_numsub(channel))[channel.encode()] == 1, "the edge listens")


def test_what_is_posted_at_any_process_is_at_the_viewers_of_every_edge_once(
    start_server, start_edge, follow, redis_url, stream
):
    servers = [start_server("--broker", redis_url) for _ in range(2)]
    edges = [start_edge(*servers, options=("--broker", redis_url)) for _ in range(2)]
    followers = [follow(edge, stream=stream) for edge in edges]
    for edge in edges:
        edge.watched()
    for number, process in enumerate((*servers, *edges) * 10):
        assert process.post(f"{number}", stream=stream, author=f"u{number}")[0] == 201
    for follower in followers:
        assert seqs(follower.until(40)) == list(range(1, 41))


def test_while_the_api_is_away_viewers_get_what_redis_brings_and_a_gap_waits(
    start_server, start_edge, follow, redis_url, stream
):
    known, other = (start_server("--broker", redis_url) for _ in range(2))
    edge = start_edge(known, options=("--broker", redis_url))
    follower = follow(edge, stream=stream)
    edge.watched()
    listened_to(redis_url, stream)
    assert other.post("one", stream=stream)[0] == 201
    assert seqs(follower.until(1)) == [1]
    known.kill()
    assert edge.request("GET", "/readyz")[0] == 503
    assert other.post("two", stream=stream)[0] == 201
    assert seqs(follower.until(2)) == [2]
    silent = start_server()  # on the same log, without Redis: nobody tells the edge of its comments
    assert silent.post("three", stream=stream)[0] == 201
    assert other.post("four", stream=stream)[0] == 201
    known.start()
    assert seqs(follower.until(4)) == [3, 4]
