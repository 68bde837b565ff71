"""More than a server holds: who is turned away comes back, and what then comes of a run is void, with its reason."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from random import Random

import numpy as np
import pytest
import simpy

from reference_impl.protocol.cursor import Cursor
from simulation.engines import processes
from simulation.engines.processes import ProcessError
from simulation.engines.sse_client import Piece
from simulation.experiments.push_vs_pull import asking
from simulation.experiments.push_vs_pull.asking import Counts, Place, Poller
from simulation.experiments.push_vs_pull.live import why_void
from simulation.experiments.push_vs_pull.measured import Run
from simulation.model.event_loop import EventLoop
from simulation.model.poller import Pollers

ITEMS = b'{"items":[{"event":"comment","id":"1:7","data":{"seq":7}}],"next_cursor":"1:7","poll_after_ms":1000}'
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(ITEMS), ITEMS)
UNAVAILABLE = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
CLOSES = b""


async def polled(*answers: bytes) -> tuple[Counts, list[Piece]]:
    """What becomes of one poller at a server that has these answers, until it has had them all."""
    left: Iterator[bytes] = iter(answers)
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n") and (answer := next(left)) is not CLOSES:
                writer.write(answer)
        except (StopIteration, asyncio.IncompleteReadError):
            over.set()
        finally:
            writer.close()

    counts, pieces = Counts(), list[Piece]()
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        poller = Poller(Place(host, port, "demo", Cursor(1, 0)), counts, pieces.append, Random(1))
        await poller.open()
        task = asyncio.create_task(poller.run(0.0, 0.001))
        await asyncio.wait([task, asyncio.ensure_future(over.wait())], return_when=asyncio.FIRST_COMPLETED)
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            await task
    return counts, pieces


def test_one_who_is_turned_away_comes_back_and_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "AGAIN_S", 0.0)
    counts, pieces = asyncio.run(polled(UNAVAILABLE, UNAVAILABLE, WHOLE))
    assert (counts.refused, counts.answers) == (2, 1)
    assert [piece.seqs for piece in pieces] == [(7,)]


def test_a_connection_that_was_closed_is_opened_once_more_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "AGAIN_S", 0.0)
    once, _ = asyncio.run(polled(CLOSES, WHOLE))
    assert (once.refused, once.answers) == (0, 1)
    twice, _ = asyncio.run(polled(CLOSES, CLOSES, WHOLE))
    assert (twice.refused, twice.answers) == (1, 1)


def test_an_answer_that_nobody_expects_ends_the_run() -> None:
    with pytest.raises(ConnectionError, match="was answered with 404"):
        asyncio.run(polled(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"))


def test_a_run_that_was_too_much_is_void_for_all_its_reasons() -> None:
    assert why_void(0.7, 0, 0) == ""
    assert why_void(0.704, 0, 0) == "the load generator used 70.4% of its core"
    assert (
        why_void(0.1, 2, 10_000) == "the server did not take 2 posts, and the server turned viewers away 10,000 times"
    )


@pytest.mark.parametrize(("server_s", "cache_s", "full"), [(3.0, 0.5, False), (3.0, 0.9, True), (3.9, 0.0, True)])
def test_freshness_at_a_full_core_tells_nothing(server_s: float, cache_s: float, full: bool) -> None:
    run = Run(
        viewers=1, seconds=4.0, latencies_s=np.array([1.0]), requests=1, answers=1, empty=0, server_s=server_s,
        cache_s=cache_s, wire_bytes=1, processes=1,
    )  # fmt: skip
    assert ("core was full" in run.why_full()) == full


def test_in_the_model_too_they_ask_until_they_have_what_was_posted() -> None:
    env, published = simpy.Environment(), list[int]()
    late = Pollers(env, EventLoop(env), published, lambda gap_s, comments: 0.0)
    late.run(2, 1.0, until_s=3.0, wanted=lambda: 1)

    def post() -> Iterator[simpy.Event]:
        yield env.timeout(9.5)
        published.append(1)

    env.process(post())
    env.run()
    assert [(each.last, each.received_s) for each in late.answers] == [(1, 9.5), (1, 10.0)]


async def told_twice(process: asyncio.subprocess.Process) -> None:
    for _ in range(2):  # the first line may go into a pipe whose end has not been heard of
        await processes.tell(process, "mark")


def test_what_is_told_to_a_process_that_has_ended_raises_its_last_words() -> None:
    async def main() -> None:
        code = "import sys; sys.exit('it is gone')"
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdin=PIPE, stdout=PIPE, stderr=PIPE)
        await process.wait()
        with pytest.raises(ProcessError, match="it is gone"):
            await told_twice(process)
        assert process.stdin is not None
        process.stdin.close()

    asyncio.run(main())
