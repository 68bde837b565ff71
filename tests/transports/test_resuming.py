"""Connections that end at any moment, and servers too: whoever goes on after its last message has everything, once."""

import asyncio
import random

import pytest

from reference_impl.client import Client
from reference_impl.protocol.cursor import Cursor
from tests.transports.cutting_proxy import cutting_proxy
from tests.transports.observing import (
    PROMPT,
    QUICK,
    TRANSPORTS,
    Posting,
    client_of,
    collect,
    collect_through_losses,
    follow_until,
    requests,
    rng_of,
    run,
    seqs,
)

TOTAL = 200
prompt = pytest.mark.parametrize("case", PROMPT, indirect=True, ids="-".join)


def test_one_who_leaves_at_any_moment_and_comes_back_has_everything_once(case, stream):
    rng = rng_of(case)

    async def come_and_go():
        async with client_of(case.server) as client, requests(case.server.url) as http:
            posting = Posting(client, stream, TOTAL)
            start = await client.head(stream)
            following = asyncio.create_task(
                collect_through_losses(http, case.transport, stream, start, TOTAL, lambda: rng.randrange(1, 20))
            )
            await posting.run()
            return await following

    assert seqs(run(come_and_go())) == list(range(1, TOTAL + 1))


def test_a_connection_that_is_cut_at_any_byte_is_resumed(case, stream):
    rng = rng_of(case)
    cuts = []

    def budget_bytes():
        # One in four is enough for all that a poll may answer with: it comes whole or not at all.
        cuts.append(300_000 if len(cuts) % 4 == 3 else rng.randrange(12_000))
        return cuts[-1]

    async def follow():
        async with client_of(case.server) as client, cutting_proxy(case.server.port, budget_bytes) as url:
            start = await client.head(stream)
            async with requests(url) as http:
                following = asyncio.create_task(collect_through_losses(http, case.transport, stream, start, TOTAL))
                await Posting(client, stream, TOTAL).run()
                return await following

    assert seqs(run(follow())) == list(range(1, TOTAL + 1))
    assert len(cuts) > 3


@pytest.mark.slow
@pytest.mark.parametrize(("delivery", "transports"), [("raw", TRANSPORTS), ("plain", ("sse",))])
def test_a_killed_server_that_comes_back_goes_on_where_it_was(start_server, stream, delivery, transports):
    server = start_server("--delivery", delivery)

    async def follow():
        async with client_of(server) as client, requests(server.url) as http:
            start = await client.head(stream)
            followers = [
                asyncio.create_task(collect_through_losses(http, each, stream, start, TOTAL)) for each in transports
            ]
            kill_at = asyncio.Event()
            posting = Posting(client, stream, TOTAL, lambda stored: kill_at.set() if stored == TOTAL // 2 else None)
            posted = asyncio.create_task(posting.run())
            await kill_at.wait()
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
            await posted
            log = [message.data async for message in client.history(stream)]
            return log, [await follower for follower in followers]

    log, told = run(follow())
    assert [comment["seq"] for comment in log] == list(range(1, TOTAL + 1))
    for messages in told:
        assert [message.data for message in messages] == log


def test_a_drained_server_tells_all_when_to_come_back_and_they_miss_nothing(start_server, stream):
    server = start_server("--drain-per-s", "40")

    async def restart():
        async with client_of(server) as client:
            start = await client.head(stream)
            followers = [
                asyncio.create_task(follow_until(client, stream, start, each, TOTAL))
                for each in ("sse", "websocket", "poll") * 4
            ]
            await Posting(client, stream, TOTAL // 2).run()
            assert await asyncio.to_thread(server.stop) == 0
            await asyncio.to_thread(server.start)
            await Posting(client, stream, TOTAL // 2).run()
            return [await follower for follower in followers]

    for messages in run(restart()):
        assert seqs(messages) == list(range(1, TOTAL + 1))


def test_a_position_in_another_log_gets_a_gap_over_everything_and_then_the_present(case, stream):
    async def follow(cursor):
        async with client_of(case.server) as client, requests(case.server.url) as http:
            await Posting(client, stream, 3).run()
            following = asyncio.create_task(collect(http, case.transport, stream, cursor, 4, most=2))
            gap = asyncio.create_task(collect(http, case.transport, stream, cursor, 3, most=1))
            assert len(await gap) == 1
            await client.post(stream, "now")
            return await following

    gap, *rest = run(follow(Cursor(1, 2)))
    assert (gap.event, gap.data) == (
        "gap",
        {"from": 1, "to": gap.cursor.seq, "count": gap.cursor.seq, "reason": "epoch"},
    )
    assert gap.cursor.seq in (range(5) if case.cached else (3, 4))
    assert seqs(rest) == ([gap.cursor.seq + 1] if gap.cursor.seq < 4 else [])


@prompt
def test_a_position_past_the_end_of_the_log_is_one_in_another_log(case, stream):
    async def follow():
        async with client_of(case.server) as client, requests(case.server.url) as http:
            await Posting(client, stream, 3).run()
            beyond = (await client.head(stream))._replace(seq=99)
            return await collect(http, case.transport, stream, beyond, 3)

    (gap,) = run(follow())
    assert (gap.event, gap.data["reason"], gap.cursor.seq) == ("gap", "epoch", 3)


@prompt
def test_a_position_far_behind_gets_a_gap_that_history_fills(case, stream):
    head = 1_200
    _import(case.server, stream, head)

    async def follow():
        async with client_of(case.server) as client, requests(case.server.url) as http:
            start = (await client.head(stream))._replace(seq=0)
            (gap,) = await collect(http, case.transport, stream, start, head)
            near = await collect(http, case.transport, stream, start._replace(seq=head - 700), head)
            return gap, near, await follow_until(client, stream, start, case.transport, head, fill_gaps=True)

    gap, near, filled = run(follow())
    assert (gap.event, gap.data) == ("gap", {"from": 1, "to": head, "count": head, "reason": "too_old"})
    assert gap.cursor.seq == head
    assert seqs(near) == list(range(head - 699, head + 1))
    assert {message.event for message in filled} == {"comment"}
    assert seqs(filled) == list(range(1, head + 1))


def _import(server, stream, count):
    path = f"/v1/streams/{stream}/comments:batch"
    for first in range(0, count, 400):
        body = {"trusted": True, "comments": [{"text": f"{number}"} for number in range(first, first + 400)]}
        status, answer, _ = server.ask("POST", path, body, allow=("read", "post", "admin"))
        assert {each["status"] for each in answer["results"]} == {201}, (status, answer)


def test_the_client_goes_on_through_cuts_by_itself(raw_server, stream):
    rng = random.Random(1)

    def budget_bytes():
        return rng.randrange(3_000, 60_000)  # a frame of those who catch up has some 40,000 bytes, and comes whole

    async def follow():
        async with client_of(raw_server) as client, cutting_proxy(raw_server.port, budget_bytes) as url:
            start = await client.head(stream)
            async with Client(url, reconnect=QUICK, seed=2) as follower:
                following = asyncio.create_task(follow_until(follower, stream, start, "auto", TOTAL))
                await Posting(client, stream, TOTAL).run()
                return await following

    assert seqs(run(follow())) == list(range(1, TOTAL + 1))
