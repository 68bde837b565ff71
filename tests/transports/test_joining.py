"""Joining a stream while it is posted to: every event after the place one joined at, once, in order."""

import asyncio
import itertools

from reference_impl.protocol.cursor import Cursor
from tests.transports.observing import Posting, client_of, collect, requests, rng_of, run, seqs

TOTAL = 240
JOINS = 24


def test_one_who_joins_at_any_moment_from_any_place_gets_the_rest_of_the_log(case, stream):
    rng = rng_of(case)
    moments = sorted(rng.randrange(1, TOTAL - 20) for _ in range(JOINS))

    async def join_while_posting():
        joined = []
        async with client_of(case.server) as client, requests(case.server.url) as http:
            start = await client.head(stream)

            def join_when_due(stored):
                while len(joined) < JOINS and stored >= moments[len(joined)]:
                    place = start._replace(seq=rng.randrange(stored + 1))
                    reading = collect(http, case.transport, stream, place, TOTAL)
                    joined.append((place.seq, asyncio.ensure_future(reading)))

            await Posting(client, stream, TOTAL, join_when_due).run()
            log = [message.data async for message in client.history(stream)]
            return log, [(place, await reading) for place, reading in joined]

    log, told = run(join_while_posting())
    assert [comment["seq"] for comment in log] == list(range(1, TOTAL + 1))
    assert len(told) == JOINS
    for place, messages in told:
        assert [message.data for message in messages] == log[place:]


def test_one_who_joins_from_now_on_misses_nothing_after_the_first(case, stream):
    async def join_while_posting():
        joined = []
        async with client_of(case.server) as client, requests(case.server.url) as http:

            def join_now_and_then(stored):
                if stored % 20 == 0 and stored < TOTAL - 20:
                    reading = collect(http, case.transport, stream, None, TOTAL)
                    joined.append(asyncio.ensure_future(reading))

            await Posting(client, stream, TOTAL, join_now_and_then).run()
            late = itertools.count()
            while not all(reading.done() for reading in joined):
                await client.post(stream, f"for those who came very late {next(late)}")
                await asyncio.wait(joined, timeout=0.2)
            return [await reading for reading in joined]

    told = run(join_while_posting())
    assert len(told) == TOTAL // 20 - 2
    for messages in told:
        first = messages[0].cursor.seq
        assert seqs(messages) == list(range(first, first + len(messages)))
        assert seqs(messages)[-1] >= TOTAL


def test_a_position_that_history_gave_joins_the_present_without_a_seam(case, stream):
    async def page_then_follow():
        seen = []
        async with client_of(case.server) as client, requests(case.server.url) as http:

            def read_then_follow(stored):
                if stored % 30 == 0 and stored < TOTAL:
                    seen.append(asyncio.ensure_future(page_and_rest()))

            async def page_and_rest():
                page = [message async for message in client.history(stream)]
                return page + await collect(http, case.transport, stream, page[-1].cursor, TOTAL)

            await Posting(client, stream, TOTAL, read_then_follow).run()
            return [await each for each in seen]

    told = run(page_then_follow())
    assert len(told) == TOTAL // 30 - 1
    for messages in told:
        assert seqs(messages) == list(range(1, TOTAL + 1))


def test_a_viewer_that_is_ahead_of_a_window_gets_the_window_once(start_server, stream):
    """A wide window: those who join in it have read some of it from the ring before it is sent."""
    server = start_server("--window-ms", "150")

    async def join_within_the_window():
        async with client_of(server) as client, requests(server.url) as http:
            start = await client.head(stream)
            readings = []

            def join(stored):
                works = [collect(http, transport, stream, start, 30) for transport in ("sse", "websocket", "poll")]
                readings.extend(map(asyncio.ensure_future, works))

            await Posting(client, stream, 30, join).run()
            return await asyncio.gather(*readings)

    for messages in run(join_within_the_window()):
        assert seqs(messages) == list(range(1, 31))


def test_positions_are_those_of_the_answers(case, stream):
    async def post_and_follow():
        async with client_of(case.server) as client, requests(case.server.url) as http:
            start = await client.head(stream)
            posting = Posting(client, stream, 5)
            await posting.run()
            return posting.stored, await collect(http, case.transport, stream, start, 5)

    stored, messages = run(post_and_follow())
    cursors = sorted(Cursor.parse(comment["cursor"]) for comment in stored)
    assert [message.cursor for message in messages] == cursors
