"""A burst of readers at a real server whose cache is away, so that every page comes from the log."""

import asyncio
from typing import Any

import aiohttp

from simulation.course.chat import gateway, post_each
from simulation.course.exercise import Misconception

NOWHERE = "redis://127.0.0.1:9"  # the port of the discard protocol: no Redis is there
STREAM = "final"
TEXTS = [f"comment {number}" for number in range(50)]
READERS = 300
LIMITS = (50, 20)  # two different pages of the same stream


async def burst(url: str) -> str:
    """All of them at once; Misconception if one gets another page than it asked for, or if each has read the log."""
    async with gateway(url, STREAM) as client:
        await post_each(client, STREAM, TEXTS)
    async with aiohttp.ClientSession(url, connector=aiohttp.TCPConnector(limit=0)) as session:
        before = await _log_reads(session)
        pages = await asyncio.gather(*(_page(session, LIMITS[number % 2]) for number in range(READERS)))
        readings = await _log_reads(session) - before
    for number, texts in enumerate(pages):
        wanted = TEXTS[-LIMITS[number % 2] :]
        if sorted(texts) != sorted(wanted):
            raise Misconception(
                f"at a real server one who asked for the newest {len(wanted)} comments got {len(texts)}, which are "
                "not these: are two questions taken for one?"
            )
    if readings >= READERS:
        raise Misconception(
            f"{READERS} pages of a real server took {readings} readings of its log: no reading was shared"
        )
    return f"{READERS} pages, all right, of {readings} readings of the log"


async def _page(session: aiohttp.ClientSession, limit: int) -> list[str]:
    async with session.get(f"/v1/streams/{STREAM}/comments", params={"limit": f"{limit}"}) as answer:
        answer.raise_for_status()
        return [each["text"] for each in (await answer.json())["items"]]


async def _log_reads(session: aiohttp.ClientSession) -> int:
    async with session.get("/health") as answer:
        found: dict[str, Any] = (await answer.json())["recent"]
    return int(found.get("log_reads", 0))
