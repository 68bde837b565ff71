"""Viewers that do not read: what they miss is named by gaps, and with what they get it makes up the whole log."""

import asyncio

import pytest

from reference_impl.client import Lost, Message
from tests.server.conftest import ServerProcess, eventually
from tests.transports.cutting_proxy import stalling_proxy
from tests.transports.observing import client_of, collect, collect_through_losses, requests, run, seqs

TOTAL = 1_600
BATCH = 100
LONG = "🎉" * 480  # four bytes each: kernels may hold megabytes for a connection


def covered(messages: list[Message]) -> list[int]:
    """The events that were told or named as left out, in order."""
    seqs = []
    for message in messages:
        if message.event == "gap":
            assert message.data["reason"] == "slow"
            assert message.cursor.seq == message.data["to"]
            seqs.extend(range(message.data["from"], message.data["to"] + 1))
        else:
            seqs.append(message.cursor.seq)
    return seqs


@pytest.fixture(scope="module", params=["raw", "plain"])
def server(request, tmp_path_factory):
    data = tmp_path_factory.mktemp("slow") / "data"
    started = ServerProcess(data, "--rate-burst", "100000", "--queue-bytes", "98304", "--delivery", request.param)
    yield started
    started.end()


@pytest.mark.parametrize("ending", ["drop_oldest", "skip_to_head", "disconnect"])
@pytest.mark.parametrize("transport", ["sse", "websocket"])
def test_one_who_stops_reading_knows_what_it_missed(server, stream, transport, ending):
    settings = {"name": stream, "settings": {"slow_viewers": ending}}
    assert server.ask("POST", "/v1/streams", settings, allow=("admin",))[0] == 201

    async def stall():
        going_on = asyncio.Event()
        async with client_of(server) as client, stalling_proxy(server.port, going_on) as url, requests(url) as http:
            start = await client.head(stream)
            got = []
            reading = asyncio.create_task(collect(http, transport, stream, start, TOTAL, got))
            await asyncio.to_thread(eventually, lambda: server.viewers() == 1, "it has joined")
            await asyncio.to_thread(_import, server, stream)
            going_on.set()
            if ending != "disconnect":
                return await reading
            with pytest.raises(Lost):
                await reading
            place = got[-1].cursor if got else start
            return got + await collect_through_losses(http, transport, stream, place, TOTAL)

    messages = run(stall())
    assert covered(messages) == list(range(1, TOTAL + 1))
    assert any(message.event == "gap" for message in messages) == (ending != "disconnect")
    eventually(lambda: server.viewers() == 0, "it has been forgotten")


def test_one_who_comes_back_after_more_than_its_queue_holds_gets_it_all(case, stream):
    """800 comments take a multiple of 256 KiB, and are few enough to be read from the log for one viewer."""

    async def read():
        async with client_of(case.server) as client, requests(case.server.url) as http:
            start = await client.head(stream)
            await asyncio.to_thread(_import, case.server, stream, 800)
            return await collect(http, case.transport, stream, start, 800)

    assert seqs(run(read())) == list(range(1, 801))


def _import(server, stream, total=TOTAL):
    path = f"/v1/streams/{stream}/comments:batch"
    for first in range(0, total, BATCH):
        comments = [{"text": f"{LONG}{number}"} for number in range(first, first + BATCH)]
        status, answer, _ = server.ask("POST", path, {"trusted": True, "comments": comments}, allow=("admin", "post"))
        assert {each["status"] for each in answer["results"]} == {201}, (status, answer)
