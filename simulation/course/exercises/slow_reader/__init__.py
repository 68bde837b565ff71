"""Write the bounded queue of one viewer who does not keep up: drop the oldest, and say exactly what is missing."""

import queue
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from hypothesis import strategies as st

from simulation.course.exercise import Check, Exercise, Misconception, Place, every
from simulation.course.exercises.slow_reader.server import dressed, live
from simulation.course.waiting import never_waits

BOUND_BYTES = 1_000
FRAMES = st.tuples(st.integers(1, 3), st.integers(50, 700))  # comments in it, bytes
STEPS = st.lists(st.one_of(FRAMES, st.none()), min_size=1, max_size=40)  # None: the socket takes something
Step = tuple[int, int] | None
CASES = 100
AT_ONCE = "a viewer who does not read must cost the others nothing. Keep what fits, let the oldest go, and answer."
STALL_S, PER_S, COMMENT_BYTES, LARGE_BYTES = 30, 100, 2_300, 128 * 1024


@dataclass
class Played:
    """What became of frames: what went to the socket, as ("gap" or "frame", first, last); what waited at the end."""

    told: list[tuple[str, int, int]] = field(default_factory=list)
    offered: list[tuple[int, int, int]] = field(default_factory=list)  # first, last, bytes
    waited: list[tuple[int, int, int]] = field(default_factory=list)
    said_bytes: int = 0

    @property
    def waited_bytes(self) -> int:
        return sum(size for _, _, size in self.waited)


def played(answer: ModuleType, steps: Sequence[Step], bound_bytes: int = BOUND_BYTES) -> Played:
    """Frames come and the socket takes some, in this order; in the end it takes all that is left."""
    found, waiting, seq = Played(), answer.Queue(bound_bytes), 1
    with never_waits(AT_ONCE):
        for step in steps:
            if step is None:
                _take(waiting, found)
                continue
            comments, size_bytes = step
            frame = (seq, seq + comments - 1, size_bytes)
            found.offered.append(frame)
            seq += comments
            _offer(waiting, frame)
        found.said_bytes = waiting.queued_bytes
        while _take(waiting, found, at_end=True):
            if len(found.waited) > len(found.offered):
                raise Misconception("it hands out more frames than it was offered: what is taken must leave the queue.")
    return found


def _offer(waiting: Any, frame: tuple[int, int, int]) -> None:
    first, last, size_bytes = frame
    try:
        waiting.offer(frame, first, last, size_bytes)
    except (queue.Full, BufferError) as error:
        raise Misconception(
            f"a full queue raises {type(error).__name__}: the edge is in the middle of a loop over all viewers, and "
            "this one's trouble would end it for the others. A full queue has an ending of its own, and no exception."
        ) from error
    except IndexError as error:
        raise Misconception(
            f"a frame of {size_bytes} bytes was offered and the queue raised IndexError ({error}): a frame that is "
            "larger than the whole bound leaves nothing more to drop but itself. It joins the gap."
        ) from error


def _take(waiting: Any, found: Played, *, at_end: bool = False) -> bool:
    gap, frame = waiting.take()
    if gap is not None:
        found.told.append(("gap", *gap))
    if frame is not None:
        found.told.append(("frame", frame[0], frame[1]))
        if at_end:
            found.waited.append(frame)
    return frame is not None


def answers_at_once(answer: ModuleType) -> str:
    played(answer, [(1, 400)] * 20)
    return ""


def bounded_in_bytes(answer: ModuleType) -> str:
    small = played(answer, [(1, 100)] * 90, 10_000)
    if len(small.waited) < 90:
        raise Misconception(
            f"of 90 frames of 100 bytes, {90 - len(small.waited)} were dropped with a bound of 10,000 bytes: a bound "
            "that counts frames is none. They are 100 bytes on a quiet stream and 20,000 on a busy one; memory is "
            "bytes."
        )
    for size_bytes in (100, 2_300):
        found = played(answer, [(1, size_bytes)] * 1_000, 10_000)
        if len(found.waited) == 1_000:
            raise Misconception(
                f"1,000 frames of {size_bytes} bytes all wait, with a bound of 10,000 bytes: there is no bound at "
                "all. A queue grows by (arrivals - departures) x time, and a viewer who never reads has no "
                "departures."
            )
        if found.waited_bytes > 10_000:
            raise Misconception(
                f"{len(found.waited)} frames of {size_bytes} bytes wait, {found.waited_bytes:,} bytes with a bound "
                "of 10,000: a bound that counts frames is none. Memory is bytes."
            )

    def holds(steps: list[Step]) -> None:
        found = played(answer, steps)
        if found.waited_bytes > BOUND_BYTES:
            raise Misconception(f"after {steps}, {found.waited_bytes} bytes wait with a bound of {BOUND_BYTES}.")
        if found.said_bytes != found.waited_bytes:
            raise Misconception(
                f"after {steps}, `queued_bytes` says {found.said_bytes} and {found.waited_bytes} bytes wait: the "
                "edge adds these up for all viewers, and whoever is counted wrongly is let go for it. It goes down "
                "with what is taken, and with what is dropped."
            )

    return every(STEPS, holds, CASES)


def everything_accounted_for(answer: ModuleType) -> str:
    def holds(steps: list[Step]) -> None:
        found, due = played(answer, steps), 1
        seen = f"with a bound of {BOUND_BYTES} bytes, after {steps} the viewer was told {found.told}"
        for kind, first, last in found.told:
            if first < due:
                raise Misconception(
                    f"{seen}: comment {first} for the second time. A gap is told once, and the next one begins anew; "
                    "two ranges that overlap make a viewer read from history what it has."
                )
            if first > due:
                later = [each for each in found.told if each[1] <= due <= each[2]]
                if later:
                    raise Misconception(
                        f"{seen}: {later[0]} came after comment {first}. The gap is told before what comes behind "
                        "it, or a viewer that resumes at its last position never asks for what it lacks."
                    )
                raise Misconception(_silent(seen, due, first - 1))
            if kind == "gap" and last < first:
                raise Misconception(f"{seen}: a gap that ends before it begins.")
            due = last + 1
        if found.offered and due <= found.offered[-1][1]:
            raise Misconception(_silent(seen, due, found.offered[-1][1]))

    return every(STEPS, holds, CASES)


def _silent(seen: str, first: int, last: int) -> str:
    return (
        f"{seen}: comments {first} to {last} were neither written nor named. What a viewer is not told of it cannot "
        "read from history; that is not backpressure but loss."
    )


def oldest_go(answer: ModuleType) -> str:
    def holds(steps: list[Step]) -> None:
        found, kept = played(answer, steps), _kept(steps)
        if found.waited == kept:
            return
        seen = f"with a bound of {BOUND_BYTES} bytes, after {steps} {_spoken(found.waited)} wait, not {_spoken(kept)}"
        if kept and (not found.waited or found.waited[-1] != kept[-1]):
            raise Misconception(
                f"{seen}: the newest was dropped. That is tail drop: when this viewer reads again it is shown the "
                "past, and the longer it slept the older. Of a live event the newest is worth the most."
            )
        if len(found.waited) > len(kept):
            raise Misconception(
                f"{seen}: more waits than the bound allows. One large frame may take the place of several small "
                "ones: drop while it does not fit, and not only if."
            )
        raise Misconception(
            f"{seen}: more was dropped than had to be. To drop all that waits is skip to head: an ending too, but "
            "one with another name, and the operator has chosen drop oldest."
        )

    full = played(answer, [(1, BOUND_BYTES // 2)] * 2)
    if len(full.waited) < 2:
        raise Misconception(
            f"two frames of {BOUND_BYTES // 2} bytes just fill a bound of {BOUND_BYTES}, and one was dropped: at "
            "most that much may wait, so compare with >."
        )
    return every(STEPS, holds, CASES)


def _kept(steps: Sequence[Step]) -> list[tuple[int, int, int]]:
    """What waits at the end of these steps when just as many of the oldest go as must."""
    waiting: list[tuple[int, int, int]] = []
    seq = 1
    for step in steps:
        if step is None:
            waiting = waiting[1:]
            continue
        comments, size_bytes = step
        waiting.append((seq, seq + comments - 1, size_bytes))
        seq += comments
        while sum(size for _, _, size in waiting) > BOUND_BYTES:
            waiting.pop(0)
    return waiting


def _spoken(frames: Sequence[tuple[int, int, int]]) -> str:
    return f"comments {frames[0][0]} to {frames[-1][1]}" if frames else "no comments"


def too_large_a_frame(answer: ModuleType) -> str:
    for before in ([], [(1, 400), (1, 400)]):
        found = played(answer, [*before, (2, 5 * BOUND_BYTES), (1, 100)])
        last = len(before) + 2
        older = [("frame", number, number) for number in range(1, last - 1)]  # which may stay, with the gap behind them
        newest = ("frame", last + 1, last + 1)
        if found.told not in ([("gap", 1, last), newest], [*older, ("gap", last - 1, last), newest]):
            raise Misconception(
                f"a frame of {5 * BOUND_BYTES} bytes came to a bound of {BOUND_BYTES}, behind {len(before)} others; "
                f"the viewer was told {found.told}. One that does not fit alone is left out and joins the gap, and "
                "what comes behind it is kept."
            )
    if (alone := played(answer, [(2, 5 * BOUND_BYTES)]).told) != [("gap", 1, 2)]:
        raise Misconception(
            f"a frame of {5 * BOUND_BYTES} bytes came to a bound of {BOUND_BYTES} and nothing behind it; the viewer "
            f"was told {alone or 'nothing'}. It does not wait, and what is missing is told at once: `take` answers "
            "a gap and no frame."
        )
    return ""


def wakes_in_the_present(answer: ModuleType) -> str:
    """A viewer that reads nothing for half a minute of a busy stream, and then all at once."""
    comments = STALL_S * PER_S
    found = played(answer, [(1, COMMENT_BYTES)] * comments, LARGE_BYTES)
    first = next((first for kind, first, _ in found.told if kind == "frame"), comments)
    left_out = sum(last - first + 1 for kind, first, last in found.told if kind == "gap")
    behind_s = (comments - first) / PER_S
    if behind_s > LARGE_BYTES / COMMENT_BYTES / PER_S:
        raise Misconception(f"after {STALL_S} s without reading the viewer's first comment is {behind_s:.1f} s old.")
    return f"{left_out / comments:.0%} named as left out, and the first comment shown is {behind_s:.1f} s old"


EXERCISE = Exercise(
    lesson="07",
    place=1,
    name="slow_reader",
    title="A bounded queue that says what it drops",
    kind="policy",
    wants=("Queue",),
    checks=(
        Check("a full queue neither waits nor raises", answers_at_once),
        Check("what waits is bounded, in bytes", bounded_in_bytes),
        Check("every comment is written or named in a gap, once and in order", everything_accounted_for),
        Check("the oldest go, and no more of them than must", oldest_go),
        Check("a frame that is larger than the bound is left out itself", too_large_a_frame),
        Check("who wakes after half a minute is shown the present", wakes_in_the_present),
    ),
    places=(Place("reference_impl.transports.socket_viewer", "SocketQueue", dressed),),
    live=live,
)
