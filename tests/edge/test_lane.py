"""Fan-out to real sockets: every viewer gets the same bytes in order, however fast it reads, from C or from Python."""

import asyncio
import socket

import pytest
import uvloop

from reference_impl.edge import Edge
from reference_impl.policy.backpressure import BackpressureConfig, EdgeQueues, Ending
from reference_impl.protocol.message import Frame, Message, Parting
from reference_impl.protocol.sse import SseParser
from reference_impl.transports.batch_send import load_batch_send
from reference_impl.transports.socket_viewer import KERNEL_BUFFER_BYTES, Pressure
from reference_impl.transports.sse_raw import RawSseViewer
from simulation.engines.sse_client import split_chunks

TEXT = "x" * 5_000
DEADLINE_S = 60.0

NATIVE = load_batch_send()
SENDS = [
    pytest.param(None, id="python"),
    pytest.param(NATIVE, id="c", marks=pytest.mark.skipif(NATIVE is None, reason="needs a C compiler (cc)")),
]


def frame(first, last=None):
    messages = [Message("comment", f'"{TEXT}"', f"1:{seq}", seq) for seq in range(first, (last or first) + 1)]
    return Frame(messages)


class Crowd:
    """Viewers at real sockets, of which the tests hold the other ends."""

    def __init__(self, batch_send, ending=Ending.DROP_OLDEST, queue_bytes=256 * 1024, edge_bytes=64 * 1024 * 1024):
        self.edge = Edge(batch_send)
        self.queues = EdgeQueues(edge_bytes)
        self._pressure = Pressure(BackpressureConfig(queue_bytes=queue_bytes, ending=ending), self.queues)

    async def join(self, position=0):
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        viewer = RawSseViewer(self._pressure, 1)
        await asyncio.get_running_loop().create_connection(lambda: viewer, sock=ours)
        viewer.call_at_end(lambda: self.edge.detach(viewer))
        self.edge.attach(viewer, position, position + 1)
        return viewer, theirs


def run(test):
    uvloop.run(test)


async def until(condition):
    async with asyncio.timeout(DEADLINE_S):
        while not condition():  # noqa: ASYNC110 - what is waited for is no event of the test's
            await asyncio.sleep(0)


async def read(sock, last):
    """Everything up to the event or gap that ends at ``last``: the events' numbers, and the gaps."""
    parser, rest, seqs, gaps = SseParser(), b"", [], []
    while not ({last} & {*seqs[-1:], *(gap[1] for gap in gaps)}):
        data = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(sock, 65536), DEADLINE_S)
        assert data, "the connection has ended"
        body, rest = split_chunks(rest + data)
        for event in parser.feed(body):
            number = int(event.id.split(":")[1])
            if event.event == "gap":
                gaps.append((seqs[-1] + 1 if seqs else 1, number))
            else:
                seqs.append(number)
    return seqs, gaps


@pytest.mark.parametrize("batch_send", SENDS)
def test_everybody_gets_every_frame_in_order(batch_send):
    async def test():
        crowd = Crowd(batch_send)
        peers = [(await crowd.join())[1] for _ in range(5)]
        for seq in range(1, 21):
            crowd.edge.broadcast(frame(seq))
        for peer in peers:
            assert await read(peer, 20) == (list(range(1, 21)), [])
            peer.close()

    run(test())


@pytest.mark.parametrize("batch_send", SENDS)
def test_one_that_does_not_read_is_skipped_over_and_catches_up_in_order_while_others_miss_nothing(batch_send):
    async def test():
        crowd = Crowd(batch_send)
        (stuck_viewer, stuck), (_, reader) = await crowd.join(), await crowd.join()
        reading = asyncio.create_task(read(reader, 400))
        for seq in range(1, 401):
            crowd.edge.broadcast(frame(seq))
            await asyncio.sleep(0)
        assert await reading == (list(range(1, 401)), [])
        assert stuck_viewer.behind
        seqs, gaps = await read(stuck, 400)
        # Every number is accounted for once: as an event, or within the one gap.
        ((first, last),) = gaps
        assert seqs == [*range(1, first), *range(last + 1, 401)]
        assert not stuck_viewer.behind
        assert crowd.queues.total_bytes == 0
        crowd.edge.broadcast(frame(401))
        assert (await read(stuck, 401))[0] == [401]
        for peer in (stuck, reader):
            peer.close()

    run(test())


@pytest.mark.parametrize("batch_send", SENDS)
def test_a_viewer_that_does_not_read_costs_no_more_than_its_bound(batch_send):
    async def test():
        crowd = Crowd(batch_send, queue_bytes=50_000)
        _, stuck = await crowd.join()
        for seq in range(1, 400):
            crowd.edge.broadcast(frame(seq))
            assert crowd.queues.total_bytes <= 50_000
        assert crowd.queues.total_bytes > 40_000
        stuck.close()

    run(test())


@pytest.mark.parametrize("batch_send", SENDS)
def test_disconnect_ends_the_slow_one_only(batch_send):
    async def test():
        crowd = Crowd(batch_send, ending=Ending.DISCONNECT, queue_bytes=50_000)
        (slow_viewer, slow), (_, reader) = await crowd.join(), await crowd.join()
        reading = asyncio.create_task(read(reader, 300))
        for seq in range(1, 301):
            crowd.edge.broadcast(frame(seq))
            await asyncio.sleep(0)
        assert await reading == (list(range(1, 301)), [])
        assert slow_viewer.closed
        assert len(crowd.edge) == 1
        for peer in (slow, reader):
            peer.close()

    run(test())


def test_skip_to_head_brings_the_present_after_a_counted_gap():
    async def test():
        crowd = Crowd(NATIVE, ending=Ending.SKIP_TO_HEAD, queue_bytes=50_000)
        _, slow = await crowd.join()
        for seq in range(1, 401):
            crowd.edge.broadcast(frame(seq))
        seqs, gaps = await read(slow, 400)
        assert len(gaps) == 1
        assert len([seq for seq in seqs if seq > gaps[0][1]]) <= 10  # the newest, and at most what fitted after it
        slow.close()

    run(test())


def test_all_queues_of_an_edge_together_are_bounded_and_the_longest_is_dealt_with_first():
    async def test():
        crowd = Crowd(NATIVE, queue_bytes=256 * 1024, edge_bytes=300_000)
        early = [(await crowd.join())[1] for _ in range(2)]
        for seq in range(1, 200):
            crowd.edge.broadcast(frame(seq))
            assert crowd.queues.total_bytes <= 300_000 + len(frame(1).payload(RawSseViewer.encode))
        for peer in early:
            peer.close()

    run(test())


def test_a_socket_that_gets_a_dead_one_s_number_gets_nothing_meant_for_it():
    """Viewers come and go while frames are sent; descriptors are used again at once."""

    async def test():
        crowd = Crowd(NATIVE)
        for round_ in range(1, 200):
            viewer, peer = await crowd.join(round_ - 1)
            crowd.edge.broadcast(frame(round_))
            assert (await read(peer, round_))[0] == [round_]
            peer.close() if round_ % 2 else viewer.abort()
            bystander, other = socket.socketpair()  # may well be given the number
            crowd.edge.broadcast(frame(round_ + 1))
            other.setblocking(False)
            with pytest.raises(BlockingIOError):
                other.recv(1)
            for each in (bystander, other, peer):
                each.close()
            await until(lambda: not len(crowd.edge))

    run(test())


def test_a_frame_larger_than_the_kernel_s_buffer_arrives_whole():
    """A burst in one write is no reason to call a viewer slow for good: limits are above one burst."""

    async def test():
        crowd = Crowd(NATIVE, ending=Ending.DISCONNECT)
        viewer, peer = await crowd.join()
        last = 3 * KERNEL_BUFFER_BYTES // len(TEXT)
        crowd.edge.broadcast(frame(1, last))
        assert (await read(peer, last))[0] == list(range(1, last + 1))
        await until(lambda: not viewer.behind)
        peer.close()

    run(test())


def test_a_viewer_that_is_let_go_gets_nothing_after_the_end():
    async def test():
        crowd = Crowd(NATIVE)
        viewer, peer = await crowd.join()
        crowd.edge.broadcast(frame(1))
        viewer.close(Parting.SHUTDOWN)
        crowd.edge.broadcast(frame(2))
        data = b""
        while more := await asyncio.get_running_loop().sock_recv(peer, 65536):
            data += more
        assert data.endswith(b"\r\n0\r\n\r\n")
        assert b"id: 1:2" not in data
        peer.close()

    run(test())
