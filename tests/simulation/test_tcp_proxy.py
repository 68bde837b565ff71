"""The bad network: what goes through it, how late, and what does not."""

import asyncio
from contextlib import asynccontextmanager

from simulation.engines.tcp_proxy import TcpProxy


@asynccontextmanager
async def echo():
    """A server that answers with what it gets, and the ends of its connections."""

    async def serve(reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with TcpProxy("127.0.0.1", server.sockets[0].getsockname()[1]).running() as proxy:
        yield proxy
    server.close()


def test_bytes_come_through_in_order_and_the_end_too():
    async def main():
        async with echo() as proxy:
            reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
            sent = b"".join(b"%d," % number for number in range(100_000))
            writer.write(sent)
            writer.write_eof()
            assert await reader.read() == sent
            writer.close()

    asyncio.run(main())


def test_a_delay_holds_for_every_piece_and_keeps_the_order():
    async def main():
        async with echo() as proxy:
            proxy.delay_s, proxy.jitter_s = 0.02, 0.02
            reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
            loop = asyncio.get_running_loop()
            for number in range(5):
                start_s = loop.time()
                writer.write(b"%d" % number)
                assert await reader.readexactly(1) == b"%d" % number
                assert loop.time() - start_s >= 0.04  # there and back
            writer.close()

    asyncio.run(main())


def test_what_is_cut_off_arrives_when_the_network_is_back():
    async def main():
        async with echo() as proxy:
            reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
            proxy.cut_off = True
            writer.write(b"late")
            answer = asyncio.create_task(reader.readexactly(4))
            done, _ = await asyncio.wait([answer], timeout=0.1)
            assert not done
            proxy.cut_off = False
            assert await answer == b"late"
            writer.close()

    asyncio.run(main())


def test_a_cut_ends_every_connection():
    async def main():
        async with echo() as proxy:
            reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
            writer.write(b"x")
            await reader.readexactly(1)
            proxy.cut()
            assert await reader.read() == b""
            writer.close()

    asyncio.run(main())


def test_a_reader_that_stops_stops_the_writer():
    async def main():
        async with echo() as proxy:
            _, writer = await asyncio.open_connection("127.0.0.1", proxy.port, limit=1024)
            piece = b"x" * 1_000_000

            async def send():
                for _ in range(200):
                    writer.write(piece)
                    await writer.drain()

            sending = asyncio.create_task(send())
            done, _ = await asyncio.wait([sending], timeout=0.5)
            assert not done  # 200 MB would otherwise lie in the proxy
            sending.cancel()
            await asyncio.wait([sending])
            writer.transport.abort()

    asyncio.run(main())
