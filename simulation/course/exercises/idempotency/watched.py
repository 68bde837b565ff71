"""The live run: every comment is sent twice at once and again, to a server that has no keys but the answer's."""

import asyncio
from typing import TYPE_CHECKING, Any

from reference_impl.client import Client, Refused
from simulation.course.chat import gateway
from simulation.course.exercise import Misconception

if TYPE_CHECKING:
    from simulation.course.live import Stage

STREAM = "final"
COMMENTS = 60


async def run(stage: "Stage") -> str:
    async with stage.server() as url, gateway(url) as client:
        answers = await asyncio.gather(*(_insist(client, number) for number in range(COMMENTS)))
        meant = sorted(each["id"] for pair in answers for each in pair)
        stored = sorted([each.data["id"] async for each in client.history(STREAM)])
    if stored != meant:
        raise Misconception(
            f"{len(meant)} comments were posted to the real server, each several times with its key, and its log has "
            f"{len(stored)}."
        )
    return f"{len(stored)} comments sent three times each: each is in the log once, and other bodies were refused"


async def _insist(client: Client, number: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """A comment sent twice at once and then again, another one with its key, and another author's with the same key."""
    key, text, author = f"key-{number}", f"Number {number}, what a goal!", {"id": f"author-{number}"}

    async def post(text: str, author: dict[str, str]) -> dict[str, Any]:
        return await client.post(STREAM, text, key=key, author=author)

    told = [*await asyncio.gather(post(text, author), post(text, author)), await post(text, author)]
    if len(ids := {each["id"] for each in told}) > 1:
        raise Misconception(
            f"comment {number} was sent three times to the real server with one key, and is {len(ids)}."
        )
    try:
        await post(f"{text} No!", author)
    except Refused as refused:
        if refused.kind != "idempotency-key-reused":
            raise
    else:
        raise Misconception("the real server took a second comment with the key of another one, and dropped it.")
    other = await post(text + " Yes!", {"id": f"neighbour-{number}"})
    if other["id"] in ids:
        raise Misconception("in the real server a neighbour with the same key was told somebody else's answer.")
    return told[0], other
