"""The live run: a server on four partitions, a final that gets hot and other matches that do not."""

import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from simulation.course.chat import gateway, post_all, require_read_back

if TYPE_CHECKING:
    from simulation.course.live import Stage

PARTITIONS = 4
OTHERS = [f"group-{number}" for number in range(6)]
HOT = 250  # comments of the final, as fast as they go
COLD = 10  # of each other match
SPLIT_PER_S = 20
_COUNT = "SELECT count(*) FROM events JOIN streams ON streams.id = stream_id WHERE kind = 'comment' AND name = ?"


async def run(stage: "Stage") -> str:
    with TemporaryDirectory(prefix="livecomments-partitions-") as folder:
        options = ("--partitions", PARTITIONS, "--partitioning", "hot_split", "--split-per-s", SPLIT_PER_S)
        async with stage.server(*map(str, options), "--data", folder) as url, gateway(url) as client:
            comments = [(stream, f"Kick-off {number} in {stream}") for number in range(COLD) for stream in OTHERS]
            comments += [("final", f"What a goal, number {number}!") for number in range(HOT)]
            posted = await post_all(client, comments)
            for stream in ("final", *OTHERS):
                mine = [answer for answer, (name, _) in zip(posted, comments, strict=True) if name == stream]
                await require_read_back(client, stream, mine)
        places = {stream: stored_in(Path(folder), stream) for stream in ("final", *OTHERS)}
    spread = sum(len(places[stream]) > 1 for stream in OTHERS)
    return (
        f"{len(posted)} comments acknowledged, each read once and in order; the final lies in "
        f"{len(places['final'])} of {PARTITIONS} partitions, of {len(OTHERS)} others {spread} in more than one"
    )


def stored_in(folder: Path, stream: str) -> dict[int, int]:
    """How many comments of a stream each partition has, of those that have any; the server must have ended."""
    found = {}
    for path in sorted(folder.glob("comments*.sqlite")):
        connection = sqlite3.connect(path)
        try:
            (count,) = connection.execute(_COUNT, (stream,)).fetchone()
        finally:
            connection.close()
        if count:
            found[int(path.stem.partition("-")[2] or 0)] = count
    return found
