"""Write the merge: one page of a stream whose places lie in several partitions, with a cursor to go on from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import strategies as st

from simulation.course.exercise import Check, Exercise, Misconception, every

if TYPE_CHECKING:
    from simulation.course.live import Stage

LIMIT = 10  # of a page in the check of what it costs
MANY = 3_000  # places of the stream there
SKEW_MS = 40_000  # by which the clocks of two machines may differ
CASES = 100

Run = tuple[int, int, bool]
"""A range's length, its partition, and whether it is full."""
Runs = list[Run]


class Range(NamedTuple):
    first: int
    last: int
    partition: int
    full: bool


class Comment(NamedTuple):
    seq: int
    at_ms: int
    text: str


@dataclass
class Partition:
    """Its comments by `seq`; ``asked`` counts questions, ``taken`` the comments that were answered."""

    comments: dict[int, Comment] = field(default_factory=dict)
    asked: int = 0
    taken: int = 0

    def read(self, first: int, last: int, limit: int) -> list[Comment]:
        found = [self.comments[seq] for seq in sorted(self.comments) if first <= seq <= last][: max(0, limit)]
        self.asked += 1
        self.taken += len(found)
        return found


@dataclass
class Stream:
    """Ranges over three partitions, and what is in them."""

    ranges: list[Range]
    partitions: list[Partition]

    @classmethod
    def of(cls, runs: Iterable[Run], bare: frozenset[int] = frozenset()) -> "Stream":
        """``bare`` places have no comment."""
        stream, first = cls([], [Partition() for _ in range(3)]), 1
        for length, partition, full in runs:
            stream.ranges.append(Range(first, first + length - 1, partition, full))
            for seq in range(first, first + length) if full else ():
                if seq not in bare:
                    at_ms = 1_000 * seq - SKEW_MS * partition
                    stream.partitions[partition].comments[seq] = Comment(seq, at_ms, f"comment {seq}")
            first += length
        return stream

    @property
    def watermark(self) -> int:
        """Everything up to here is full."""
        return next((each.first - 1 for each in self.ranges if not each.full), self.ranges[-1].last)

    def comments(self, after: int, upto: int) -> list[Comment]:
        """Those that are there, by `seq`."""
        found = [each for one in self.partitions for each in one.comments.values() if after < each.seq <= upto]
        return sorted(found)

    def in_words(self) -> str:
        told = [
            f"{each.first}-{each.last} in partition {each.partition}{'' if each.full else ' (not full)'}"
            for each in self.ranges
        ]
        return "places " + ", ".join(told)


def read(answer: ModuleType, stream: Stream, after: int, limit: int) -> tuple[list[Comment], int]:
    """A page, which is one that may be shown."""
    ranges = list(stream.ranges)
    shown, cursor = answer.page(ranges, stream.partitions, after, limit)
    if ranges != stream.ranges:
        raise Misconception("it has changed the ranges that it was given. They are the caller's, who needs them again.")
    seqs = [each.seq for each in shown]
    if not isinstance(cursor, int):
        raise Misconception(
            f"the cursor of {stream.in_words()} after {after} is {cursor!r}. It is a place, always: everything up "
            "to it has been shown. At the end it stays where it was, and comments that are posted later come "
            "behind it."
        )
    asked = f"of {stream.in_words()} the page after {after} with a limit of {limit} has {seqs}, and cursor {cursor}"
    if seqs != sorted(seqs):
        by_time = [each.at_ms for each in shown] == sorted(each.at_ms for each in shown)
        raise Misconception(
            f"{asked}. "
            + (
                "That is the order of `at_ms`. Clocks of two machines differ, by 40 s here, so time says little "
                "about which came first, and answers stand before their questions. `seq` is the order."
                if by_time
                else "One partition's comments stand behind another's. Each partition is in order by itself; together "
                "they have to be merged by `seq`, always the lowest next."
            )
        )
    if len(set(seqs)) < len(seqs):
        raise Misconception(f"{asked}: a comment twice. Each stretch is one partition's, and is asked for once.")
    if len(shown) > limit:
        raise Misconception(f"{asked}: more than were asked for. The limit is of the page, not of each partition.")
    if beyond := [seq for seq in seqs if seq > stream.watermark]:
        raise Misconception(
            f"{asked}. Comment {beyond[0]} stands beyond a range that is not full. Whoever has seen it goes on from "
            "there, and never sees what fills the range a moment later: numbers that commit out of order are the "
            "classic lost comment. A page ends before the first range that is not full, whatever is behind it."
        )
    _require_cursor(asked, stream, seqs, after, cursor)
    if left_out := sorted({each.seq for each in stream.comments(after, cursor)} - set(seqs)):
        raise Misconception(_gap(asked, stream, left_out[0], after, cursor, len(seqs)))
    if not seqs and (waiting := stream.comments(after, stream.watermark)):
        told = f"{asked}, though comment {waiting[0].seq} is there to be read. "
        raise Misconception(
            told + _COUNTED
            if waiting[0].seq <= after + limit
            else told + "An empty page says that there is nothing more, and its reader stops there. Where the places "
            "between have no comment, or a range is used up, look further."
        )
    return shown, cursor


def _require_cursor(asked: str, stream: Stream, seqs: Sequence[int], after: int, cursor: int) -> None:
    if cursor > max(stream.ranges[-1].last, after):
        raise Misconception(
            f"{asked}. Place {cursor} has not been given out yet, and what takes it is never read: the cursor is "
            "the last place that was seen, and not the next one."
        )
    if cursor > max(stream.watermark, after):
        raise Misconception(
            f"{asked}. The cursor has passed a range that is not full: the page shows nothing wrong, and the next "
            f"one leaves out what fills it. No cursor goes beyond place {stream.watermark}."
        )
    if repeated := [seq for seq in seqs if seq <= after]:
        raise Misconception(f"{asked}: {repeated[0]} has been shown before. `after` is the last place that was seen.")
    if seqs and cursor < seqs[-1]:
        raise Misconception(f"{asked}: the next page begins with {cursor + 1}, and shows {seqs[-1]} again.")
    if cursor < after:
        raise Misconception(
            f"{asked}. That cursor lies before the last one: a reader who has come to the end begins anew, and is "
            "shown everything again. Where nothing is to be shown the cursor stays where it was."
        )


_COUNTED = (
    "A cursor is a place, and no count: where places have no comment, or one is deleted meanwhile, counting (OFFSET) "
    "begins somewhere else."
)


def _gap(asked: str, stream: Stream, seq: int, after: int, cursor: int, shown: int) -> str:
    held = sum(len(each.comments) for each in stream.partitions)
    told = f"{asked}. Comment {seq} is before that cursor and in no page: a gap, which nobody will ever fill. "
    if cursor == after + shown and held < stream.ranges[-1].last:
        return told + _COUNTED
    return told + (
        "What was read from one partition and did not fit into the page must be read again, so the cursor is the "
        "place of the last comment that is *shown*; and who has not asked a partition does not know what it has "
        "before that."
    )


RUNS = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 2), st.just(True)), min_size=1, max_size=12)
OPEN_RUNS = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 2), st.booleans()), min_size=1, max_size=8)
LIMITS = st.integers(1, 5)


def in_order(answer: ModuleType) -> str:
    def holds(runs: Runs) -> None:
        stream = Stream.of(runs)
        read(answer, stream, 0, stream.watermark)

    return every(RUNS, holds, CASES)


def below_the_watermark(answer: ModuleType) -> str:
    def holds(case: tuple[Runs, int]) -> None:
        stream, after = Stream.of(case[0]), 0
        for _ in range(40):
            shown, cursor = read(answer, stream, after, case[1])
            if not shown:
                return
            after = cursor

    return every(st.tuples(OPEN_RUNS, LIMITS), holds, CASES)


def page_after_page(answer: ModuleType) -> str:
    def holds(case: tuple[Runs, int]) -> None:
        walk(answer, Stream.of(case[0]), case[1], Random(0), deletes=False)

    return every(st.tuples(RUNS, LIMITS), holds, CASES)


def past_bare_places(answer: ModuleType) -> str:
    def holds(case: tuple[Runs, int, frozenset[int], int]) -> None:
        runs, limit, bare, seed = case
        walk(answer, Stream.of(runs, bare), limit, Random(seed), deletes=True)

    return every(
        st.tuples(RUNS, LIMITS, st.frozensets(st.integers(1, 40), max_size=20), st.integers(0, 3)), holds, CASES
    )


def walk(answer: ModuleType, stream: Stream, limit: int, rng: Random, *, deletes: bool) -> None:
    """Read a stream from its beginning to its end, while comments that have been seen are deleted."""
    after = 0
    while stream.comments(after, stream.watermark):
        shown, cursor = read(answer, stream, after, limit)
        if deletes and shown and rng.random() < 0.5:
            gone = rng.choice(shown)
            stream.partitions[_holder(stream.ranges, gone.seq)].comments.pop(gone.seq)
        after = cursor


def _holder(ranges: Sequence[Range], seq: int) -> int:
    return next(each.partition for each in ranges if each.first <= seq <= each.last)


def asks_for_little(answer: ModuleType) -> str:
    stream = Stream.of([(1, number % 2, True) for number in range(MANY)])
    cursor = MANY // 2
    for each in stream.partitions:
        each.asked = each.taken = 0
    read(answer, stream, cursor, LIMIT)
    taken = sum(each.taken for each in stream.partitions)
    if taken > 4 * LIMIT:
        raise Misconception(
            f"to show {LIMIT} comments from the middle of {MANY:,}, {taken:,} were read. Reading from the beginning "
            "and leaving out what was seen (OFFSET) costs more with every page, and a reader who scrolls reads the "
            "stream squared: each partition finds a place in its index, so ask from there, for no more than "
            "the page takes, and only until it is full."
        )
    if stream.partitions[2].asked:
        raise Misconception(
            "partition 2 has no place of the stream and was asked all the same. The ranges say who has a stretch: "
            "whoever asks everybody waits for the slowest of everybody."
        )
    return f"{taken} comments read for a page of {LIMIT} in the middle of {MANY:,}"


async def live(answer: ModuleType, stage: "Stage") -> str:
    from simulation.course.exercises.merge_pages.watched import run

    return await run(answer, stage)


EXERCISE = Exercise(
    lesson="05",
    place=2,
    name="merge_pages",
    title="One page of history out of several partitions",
    kind="protocol",
    wants=("page",),
    checks=(
        Check("a page is in the order of seq", in_order),
        Check("nothing beyond a range that is not full is shown or passed", below_the_watermark),
        Check("page after page, each within its limit, every comment is read once", page_after_page),
        Check("so it is where places have no comment, and where comments are deleted", past_bare_places),
        Check("a page asks the partitions that have it, for little more than it shows", asks_for_little),
    ),
    live=live,
)
