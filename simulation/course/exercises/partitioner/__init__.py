"""Write the partitioner: a stable home for each stream, few moves when partitions are added, a hot stream spread."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import pairwise
from types import ModuleType
from typing import TYPE_CHECKING, Any

from simulation.course.exercise import Check, Exercise, Misconception, Place

if TYPE_CHECKING:
    from simulation.course.live import Stage

STREAMS = [f"match-{number}" for number in range(4_000)]
SKEW_MAX = 1.4  # of homes; a ring with a hundred points for each partition stays below 1.3
SPREAD_MAX = 1.35  # of a hot stream's comments
SPLIT_PER_S, MERGE_PER_S, CALM_S = 100.0, 50.0, 10.0
NOTICED_S = 3.0  # by then a stream past the threshold is spread
REPEATED = 20  # every so many comments of a hot stream
LOOKED_AT = 24  # comments in a row that show whether a stream is spread: all at one of 4 by chance once in 4 ** 23
ELSEWHERE = """
import json, runpy, sys
made = runpy.run_path(sys.argv[1])["Partitioner"](8, 100.0, 50.0, 10.0)
places = [made.place(f"match-{number}", f"id-{number}", float(number)) for number in range(200)]
print("\\n" + json.dumps(places))  # on a line of its own, whatever the answer prints
"""


def made(answer: ModuleType, partitions: int) -> Any:
    return answer.Partitioner(partitions, SPLIT_PER_S, MERGE_PER_S, CALM_S)


def homes(answer: ModuleType, partitions: int) -> list[int]:
    """Of all streams, each of which has one comment."""
    partitioner = made(answer, partitions)
    found = [partitioner.place(stream, f"{stream}/0", float(number)) for number, stream in enumerate(STREAMS)]
    if wrong := [each for each in found if each not in range(partitions)]:
        raise Misconception(f"of {partitions} partitions place() named number {wrong[0]}; they are counted from 0.")
    return found


def skew(places: Iterable[int], partitions: int) -> float:
    """The fullest partition over the mean."""
    counts = Counter(places)
    return max(counts.values()) * partitions / counts.total()


def same_everywhere(answer: ModuleType) -> str:
    homes(answer, 8)  # what fails in any process is told with its line here
    here, there = (_elsewhere(answer, seed) for seed in ("1", "2"))
    if apart := [number for number, pair in enumerate(zip(here, there, strict=True)) if pair[0] != pair[1]]:
        number = apart[0]
        raise Misconception(
            f"two servers that were started apart put match-{number} into partitions {here[number]} and "
            f"{there[number]}. Python's hash() of a text is salted anew in each process, and random numbers are not "
            "the same in two: after a restart nobody finds anything. Take a hash that is written down, such as "
            "hashlib.blake2b."
        )
    return f"{len(here)} streams"


def _elsewhere(answer: ModuleType, seed: str) -> list[int]:
    """Where a process of its own puts the first 200 streams."""
    told = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, str(answer.__file__)],
        env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if told.returncode:
        raise RuntimeError(f"in a process of its own: {told.stderr.strip()[-300:] or f'status {told.returncode}'}")
    found: list[int] = json.loads(told.stdout.splitlines()[-1])
    return found


def spread_evenly(answer: ModuleType) -> str:
    found = skew(homes(answer, 8), 8)
    if found > SKEW_MAX:
        raise Misconception(
            f"of {len(STREAMS):,} streams over 8 partitions the fullest has {found:.1f} times the mean. A ring with "
            "one point for each partition cuts itself into very unequal arcs, and a hash of few values (a length, "
            "a first letter) collides: take a hundred points for each, or the highest of a hash for each pair "
            "(rendezvous)."
        )
    return f"the fullest of 8 has {found:.2f} times the mean"


def few_moves(answer: ModuleType) -> str:
    before, after = homes(answer, 8), homes(answer, 9)
    moved = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    share = len(moved) / len(STREAMS)
    if share > SKEW_MAX / 9:
        raise Misconception(
            f"a ninth partition moved {share:.0%} of all streams; its share is {1 / 9:.0%}. `hash % partitions` "
            "deals everything anew when the number changes, and all of it has to be copied while people write: use "
            "consistent hashing, where only what the new one takes moves."
        )
    if astray := [new for _, new in moved if new != 8]:
        raise Misconception(
            f"a ninth partition came, and {len(astray)} streams moved between the old ones, such as to number "
            f"{astray[0]}. That is work for nothing: what moves has to move to the new one."
        )
    return f"a ninth partition moves {share:.1%}"


Rate = Callable[[float], float]


def lived(answer: ModuleType, per_s: Rate, until_s: float, stream: str = "final") -> list[tuple[float, int]]:
    """When each comment of a stream came whose rate is told, and its place."""
    partitioner, now, found = made(answer, 4), 0.0, list[tuple[float, int]]()
    while now < until_s:
        comment = f"{stream}/{len(found)}"
        found.append((now, partitioner.place(stream, comment, now)))
        if len(found) % REPEATED == 0 and per_s(now) > 2 * SPLIT_PER_S and now > NOTICED_S:
            _repeat(partitioner, stream, comment, found[-1])
        now += 1 / per_s(now)
    return found


def _repeat(partitioner: Any, stream: str, comment: str, first: tuple[float, int]) -> None:
    """An author repeats what was not answered, in the middle of the heat."""
    if (again := partitioner.place(stream, comment, first[0])) != first[1]:
        raise Misconception(
            f"comment {comment} goes to partition {first[1]}, and when its author repeats it, since the answer was "
            f"lost, to partition {again}. Where it has been stored it is not looked for, and it is there twice; a "
            "reader cannot find it by its id either. Spread by what the comment has itself: a hash of its id, no "
            "random number and no turn-taking."
        )


def layouts(found: list[tuple[float, int]]) -> list[tuple[float, bool]]:
    """When the stream was seen together (False) or spread (True), and each time that changed."""
    seen: list[tuple[float, bool]] = []
    for at in range(0, len(found) - LOOKED_AT, LOOKED_AT):
        spread = len({place for _, place in found[at : at + LOOKED_AT]}) > 1
        if not seen or seen[-1][1] != spread:
            seen.append((found[at][0], spread))
    return seen


def hot_is_split(answer: ModuleType) -> str:
    calm = lived(answer, lambda _: 15.0, 20.0, "quarter-final")
    if len({place for _, place in calm}) > 1:
        raise Misconception(
            "a stream with 15 comments a second was spread, though it is split at 100. Each of its pages now asks "
            "every partition, and so do those of all quiet streams: only the hot one is worth that."
        )
    _each_by_its_own_rate(answer)
    hot = [place for at, place in lived(answer, lambda _: 300.0, 12.0) if at >= NOTICED_S]
    if (found := skew(hot, 4)) > SPREAD_MAX:
        raise Misconception(
            "three seconds after a stream had got 300 comments a second, where 100 are the threshold, one "
            f"partition still took {found:.1f} times the mean of 4: its writer is the end of all growth. A hash of "
            "the stream alone cannot spread it, however good it is; hash the comment's id once the stream is hot, "
            "and measure its rate over a second or so, not since the beginning."
        )
    return f"a hot stream's fullest partition has {skew(hot, 4):.2f} times the mean"


def _each_by_its_own_rate(answer: ModuleType) -> None:
    """A quiet stream beside a hot one."""
    partitioner = made(answer, 4)
    quiet = set()
    for number in range(12 * 300):
        partitioner.place("final", f"final/{number}", number / 300)
        if number % 20 == 0:
            quiet.add(partitioner.place("semi-final", f"semi-final/{number}", number / 300))
    if len(quiet) > 1:
        raise Misconception(
            "a stream with 15 comments a second was spread while another one had 300: a rate is a stream's own, "
            "and one count for all lets a hot stream spread the quiet ones."
        )


def no_flapping(answer: ModuleType) -> str:
    def rate(now: float) -> float:
        """Calm; hot, with pauses as after each goal; around the threshold; calm for good, but for a flicker."""
        if now < 10 or now >= 80:
            return 80.0 if 110 <= now < 112 else 15.0
        if now < 40:
            return 20.0 if now % 10 >= 7 else 300.0
        return 130.0 if now % 6 < 3 else 70.0

    found = layouts(lived(answer, rate, 140.0))
    if found[0][1]:
        raise Misconception(
            "a new partitioner spreads a stream from its first comments on, as if it knew of another one's heat: "
            "what is kept in the class or the module is everybody's. Make it in __init__."
        )
    changes = [(before[1], at) for before, (at, _) in pairwise(found)]
    if len(changes) > 2:
        told = ", ".join(f"{'together' if was else 'spread'} at {at:.0f} s" for was, at in changes[:6])
        raise Misconception(
            f"a stream with pauses of three seconds, then 70 to 130 comments a second, was {told} and so on, "
            f"{len(changes)} changes in all. One threshold for both ways flaps, and so does a pause taken for calm: "
            "each change costs readers another layout. Split above one rate, merge below a lower one, and only after "
            f"{CALM_S:g} s below it without a break."
        )
    if not changes or found[-1][1]:
        raise Misconception(
            "a minute after a stream had become calm its layout is that of its heat: every page of it asks all "
            "partitions for ever. A rate must decay or be counted anew; what was hot in the final is a rerun "
            "tomorrow."
        )
    return f"spread at {changes[0][1]:.0f} s, together again at {changes[1][1]:.0f} s"


def _dressed(answer: ModuleType) -> Any:
    """Built as the server builds its `HotSplit`, and asked as that is."""

    class Strategy:
        def __init__(self, partitions: int, config: Any) -> None:
            self.partitions = partitions
            self._answer = answer.Partitioner(partitions, config.split_per_s, config.merge_per_s, config.calm_s)

        def place(self, stream: str, author: str, comment_id: str, at_s: float) -> int:
            return int(self._answer.place(stream, comment_id, at_s))

    return Strategy


async def live(answer: ModuleType, stage: "Stage") -> str:
    from simulation.course.exercises.partitioner.watched import run

    return await run(stage)


EXERCISE = Exercise(
    lesson="05",
    place=1,
    name="partitioner",
    title="A place for each comment, and a hot stream spread",
    kind="policy",
    wants=("Partitioner",),
    checks=(
        Check("every process gives a comment the same place", same_everywhere),
        Check("homes are spread evenly", spread_evenly),
        Check("one more partition takes its share, and nothing else moves", few_moves),
        Check("a hot stream is spread, each comment by itself, and no other", hot_is_split),
        Check("the layout changes when a stream gets hot and when it has been calm", no_flapping),
    ),
    places=(Place("reference_impl.storage", "HotSplit", _dressed),),
    live=live,
)
