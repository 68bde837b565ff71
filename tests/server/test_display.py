"""A crowded stream over real connections: what is shown, what is accounted for, and who is shown more."""

import asyncio
from contextlib import aclosing

import pytest

from reference_impl.client.long_poll import long_poll
from reference_impl.client.segments import segments
from reference_impl.client.sse import sse
from reference_impl.client.websocket import websocket
from tests.server.conftest import eventually
from tests.transports.observing import client_of, requests, run

POSTED = 400
SOURCES = {"sse": sse, "websocket": websocket, "poll": long_poll, "segments": segments}
LIVE = ("sse", "websocket")


@pytest.fixture
def crowd(start_server):
    """A server whose new streams are crowded, and its posts in the name of many."""
    return start_server(LIVECOMMENTS_DISPLAY="crowd")


def flood(server, stream, count=POSTED):
    path = f"/v1/streams/{stream}/comments:batch"
    for first in range(0, count, 100):
        comments = [{"text": f"c{number}", "author": {"id": f"u{number}"}} for number in range(first, first + 100)]
        assert server.ask("POST", path, {"trusted": True, "comments": comments}, allow=("admin", "post"))[0] == 200


def accounted(messages, start=0):
    """The seqs that were shown; every other one must be in a shed's range that counts it."""
    position, shown, waiting = start, [], []
    for message in messages:
        if message.event == "shed":
            data = message.data
            assert (data["from"], data["to"], data["shown"]) == (position + 1, message.cursor.seq, len(waiting))
            assert data["dropped"] == data["to"] - position - len(waiting)
            position, waiting = data["to"], []
        else:
            shown.append(message.data["seq"])
            waiting.append(message.data["seq"])
            if message.cursor is not None:
                assert waiting == [position + 1]
                position, waiting = message.cursor.seq, []
    return shown, position


async def everything(server, stream, transport, token=None):
    """What one connection is told from the beginning of the stream to its end."""
    async with requests(server.url, token) as http, client_of(server) as client:
        head = await client.head(stream)
        return await listen(SOURCES[transport](http, stream, head._replace(seq=0)), head.seq)


async def listen(source, last):
    """What has a place in the log, up to the event ``last``."""
    got = []
    async with aclosing(source) as batches:
        async for batch in batches:
            got += [message for message in batch if message.place is not None]
            if got and got[-1].cursor is not None and got[-1].cursor.seq >= last:
                return got
    raise AssertionError("the connection ended")


@pytest.mark.parametrize("transport", LIVE)
def test_those_who_watch_a_crowd_are_shown_a_sample_and_told_of_the_rest(crowd, transport):
    async def watch():
        async with requests(crowd.url) as http, client_of(crowd) as client:
            start = await client.head("final")
            listening = asyncio.create_task(listen(SOURCES[transport](http, "final", start), POSTED))
            await asyncio.to_thread(eventually, lambda: crowd.viewers() == 1, "it has joined")
            await asyncio.to_thread(flood, crowd, "final")
            return await listening

    shown, position = accounted(run(watch()))
    assert position == POSTED
    assert 0 < len(shown) < POSTED / 2


@pytest.mark.parametrize("transport", SOURCES)
def test_who_comes_late_is_shown_a_sample_too(crowd, transport):
    flood(crowd, "final")
    shown, position = accounted(run(everything(crowd, "final", transport)))
    assert position == POSTED
    assert 0 < len(shown) < POSTED / 2


def test_an_author_and_whoever_is_mentioned_are_shown_what_is_theirs(crowd):
    flood(crowd, "final", 300)
    seqs = [crowd.ask("POST", "/v1/streams/final/comments", {"text": "me too"}, user="ada")[1]["seq"]]
    seqs.append(crowd.ask("POST", "/v1/streams/final/comments", {"text": "hello @ada"}, user="bo")[1]["seq"])
    flood(crowd, "final", 300)
    shown, position = accounted(run(everything(crowd, "final", "sse", crowd.token("ada"))))
    assert position == 602
    assert set(seqs) <= set(shown)


def test_moderators_are_shown_everything_and_theirs_is_shown_to_everybody(crowd):
    flood(crowd, "final", 300)
    status, said, _ = crowd.ask("POST", "/v1/streams/final/comments", {"text": "calm"}, user="mod", allow=("moderate",))
    assert (status, said["role"]) == (201, "moderator")
    flood(crowd, "final", 100)
    shown, _ = accounted(run(everything(crowd, "final", "sse")))
    assert said["seq"] in shown
    moderator = crowd.token("mod", "moderate")
    assert accounted(run(everything(crowd, "final", "sse", moderator)))[0] == list(range(1, 402))


def test_a_stream_may_ask_for_more_or_for_all(crowd):
    path = "/v1/streams/final/settings"
    assert crowd.ask("PATCH", path, {"display": "all"}, allow=("moderate",))[0] == 200
    flood(crowd, "final")
    shown, position = accounted(run(everything(crowd, "final", "sse")))
    assert shown == list(range(1, position + 1))
