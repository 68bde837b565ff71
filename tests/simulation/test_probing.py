"""What a request costs by the idle gap before it: a curve of ascending gaps, of all that is asked for by turns."""

import asyncio
from collections import Counter

import pytest

from simulation.experiments.push_vs_pull import probing
from simulation.experiments.push_vs_pull.probing import HOT_S, Curve, Target, costs_by_gap

EMPTY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


async def probed(each_s: float) -> tuple[Curve, Counter[str]]:
    """The costs of a server that says of each request that it took so long, and what it was asked for."""
    asked, serving = Counter[str](), list[asyncio.Task[None] | None]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(asyncio.current_task())
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                asked[head.split()[1].decode()] += 1
                writer.write(EMPTY)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
            await asyncio.wait_for(writer.wait_closed(), 5.0)

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        target = Target(host, port, "/list", lambda: asked.total() * each_s, second="/piece")
        curve, _ = await costs_by_gap(target)
        await asyncio.gather(*filter(None, serving))
    return curve, asked


@pytest.mark.parametrize("each_s", [1e-6, 4e-3])
def test_gaps_ascend_from_none_and_both_questions_are_asked(monkeypatch: pytest.MonkeyPatch, each_s: float) -> None:
    monkeypatch.setattr(probing, "CLOSED_S", 0.05)
    monkeypatch.setattr(probing, "OPEN_S", 0.1)
    monkeypatch.setattr(probing, "CONNECTIONS", 4)
    curve, asked = asyncio.run(probed(each_s))
    gaps_s = [gap_s for gap_s, _ in curve]
    assert gaps_s[0] == HOT_S
    assert gaps_s == sorted(set(gaps_s))
    assert asked["/list"] > asked["/piece"] > asked.total() / 4
    assert all(cost_s == pytest.approx(each_s) for _, cost_s in curve)
    assert gaps_s[-1] == pytest.approx(1 / min(probing.RATES_PER_S) - each_s)
