"""The estimate that most designs leave out: bytes, deliveries, edges, and the chance to be seen."""

import math
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import strategies as st

from simulation.course.exercise import Check, Exercise, Misconception, every
from simulation.course.numbers import expect, is_near
from simulation.course.wire import sized

if TYPE_CHECKING:
    from simulation.course.live import Stage

NEAR = 0.2  # an estimate
USERS = st.text("abcdefghijklmnopqrstuvwxyz_0123456789", min_size=3, max_size=20)
TEXTS = st.text("abcdefghijklmnop !é€字⚽", min_size=1, max_size=200) | st.text("é€字⚽", min_size=80, max_size=200)


class Event(NamedTuple):
    viewers: int
    posted_per_s: float
    shown_per_s: float


# Large enough that no wrong idea gives a right number by accident.
EVENTS = st.builds(
    Event, st.integers(10_000, 10_000_000), st.integers(2, 50_000), st.sampled_from([0.5, 3, 5, 20, 100])
)
GOAL = Event(1_003_000, 3, 5), (10, 200_000, 0.5), 50_000  # no two wrong ways make the same number of edges of it
WINDOWS_S = st.sampled_from([0.02, 0.1, 0.25, 1.0])


def bytes_on_the_wire(answer: ModuleType) -> str:
    def holds(comment: tuple[str, str]) -> None:
        user, text = comment
        said, sent = answer.comment_bytes(user, text), sized(user, text)["sse"]
        if is_near(said, sent, NEAR):
            return
        with_characters = sent - len(text.encode()) + len(text)
        raise Misconception(
            f"the comment {text!r} of {user} takes {sent} bytes to each viewer, and the estimate is {said:g}. "
            + (
                "A character is not a byte: in UTF-8 it takes up to four of them."
                if is_near(said, with_characters, NEAR)
                else "The text is the least of it: two ids, a position, a time, the author, the names of a dozen "
                "fields and the frame around them go along with every comment."
                if said < sent
                else "Count it once: `curl -N` shows an event as it is."
            )
        )

    return every(st.tuples(USERS, TEXTS), holds)


def what_a_window_saves(answer: ModuleType) -> str:
    def holds(case: tuple[Event, float]) -> None:
        event, window_s = case
        viewers, posted, shown = event
        each = min(posted, shown)
        asked = f"with {viewers:,} viewers, {posted:,} comments/s and {shown:g} shown"
        too_many = [
            (viewers * posted, "Nobody is shown more than the display budget, whatever is posted."),
            (viewers * shown, "The display budget is a bound: of fewer comments everybody is shown all, and no more."),
            (each, "That is one viewer's: each of them is a delivery of its own."),
        ]
        expect(f"{asked}, deliveries/s", answer.deliveries_per_s(*event), viewers * each, too_many)
        expect(
            f"{asked} and a window of {window_s:g} s, writes/s",
            answer.writes_per_s(*event, window_s),
            viewers * min(each, 1 / window_s),
            [
                (
                    viewers / window_s,
                    "A window in which nothing came is not written: there are never more writes than deliveries.",
                ),
                (viewers * each, "All comments of a window go in one write: there is at most one in a window."),
                (viewers * min(posted, 1 / window_s), "What is not shown is not written either."),
            ],
        )

    return every(st.tuples(EVENTS, WINDOWS_S), holds)


def what_it_does_not_save(answer: ModuleType) -> str:
    def holds(case: tuple[Event, float, int]) -> None:
        event, window_s, size_bytes = case
        viewers, posted, shown = event
        each = min(posted, shown)
        right = viewers * each * size_bytes * 8
        expect(
            f"with {viewers:,} viewers, {posted:,} comments/s, {shown:g} shown, a window of {window_s:g} s and "
            f"{size_bytes} bytes, egress in bit/s",
            answer.egress_bit_per_s(*event, window_s, size_bytes),
            right,
            [
                (right / 8, "These are bytes. Networks are sold in bits."),
                (
                    right / max(1.0, each * window_s),
                    "That is divided by the comments in a window. A window puts many comments into one write, and "
                    "every byte of each still goes to every viewer: batching saves writes, not bytes.",
                ),
                (
                    viewers / window_s * size_bytes * 8,
                    "That is a comment for each viewer and window: batching saves writes, not bytes.",
                ),
                (viewers * posted * size_bytes * 8, "Nobody is shown more than the display budget."),
                (
                    viewers * shown * size_bytes * 8,
                    "The display budget is a bound: of fewer comments everybody is shown all.",
                ),
                (right / viewers, "That goes in once; it has to go out to every viewer."),
            ],
        )

    return every(st.tuples(EVENTS, WINDOWS_S, st.integers(100, 500)), holds)


def edges_for_the_peak(answer: ModuleType) -> str:
    shares = st.tuples(st.integers(3, 20), st.sampled_from([50_000, 200_000, 2_000_000]), st.sampled_from([0.5, 0.75]))

    def holds(case: tuple[Event, tuple[int, int, float], int]) -> None:
        (viewers, posted, shown), (peak, core_per_s, busy_max), connections = case

        def by_cpu(deliveries_per_s: float, busy: float = busy_max) -> float:
            return deliveries_per_s / (core_per_s * busy)

        calm, at_peak = viewers * min(posted, shown), viewers * min(posted * peak, shown)
        cpu, held = math.ceil(by_cpu(at_peak) - 1e-9), math.ceil(viewers / connections)
        expect(
            f"with {viewers:,} viewers, {posted:,} comments/s, {peak} times as many at the peak, {shown:g} shown, "
            f"{core_per_s:,} deliveries/s of a core, {busy_max:.0%} of it planned and {connections:,} connections, "
            "the number of edges",
            answer.edges(viewers, posted, peak, shown, core_per_s, busy_max, connections),
            max(cpu, held),
            [
                (held, "An edge that holds its viewers may be too slow for them: count by deliveries, too."),
                (cpu, "An edge that is fast enough may hold too few: count by connections, too."),
                (cpu + held, "Both bounds hold for the same edges: take the larger number, not the sum."),
                (
                    max(math.ceil(by_cpu(calm)), held),
                    "That is enough for the mean. A goal is the moment for which all of it is built.",
                ),
                (
                    max(math.ceil(by_cpu(calm * peak)), held),
                    "The peak is in what is posted. The display budget bounds what is shown, so it does not grow "
                    "with that.",
                ),
                (
                    max(math.ceil(by_cpu(at_peak, 1.0)), held),
                    "That plans with a core that is always busy. There is no queue then that ever gets shorter.",
                ),
                (
                    max(math.ceil(by_cpu(at_peak, busy_max**2)), held),
                    "The room that is left on each core has been taken off twice.",
                ),
                (max(by_cpu(at_peak), viewers / connections), "Nobody can start a part of an edge: round up."),
                (
                    max(math.floor(by_cpu(at_peak)), viewers // connections),
                    "Round up: the last viewers need an edge, too.",
                ),
            ],
        )

    holds(GOAL)
    return every(st.tuples(EVENTS, shares, st.sampled_from([20_000, 50_000])), holds)


def who_is_shown(answer: ModuleType) -> str:
    def holds(case: tuple[Event, int, int]) -> None:
        (viewers, posted, shown), room, every_s = case
        in_room = posted * min(room, viewers) / viewers
        right = min(1.0, shown / in_room)
        expect(
            f"of {viewers:,} viewers, {posted:,} comments/s, {shown:g} shown, in a room of {room:,}, the chance to "
            "be shown",
            answer.chance_shown(viewers, posted, shown, room),
            right,
            [
                (shown / in_room, "A chance is at most 1: in a quiet room everything is shown."),
                (
                    min(1.0, shown / posted),
                    "That is the chance where all share one hall. In a room a comment competes with those of its "
                    "room alone.",
                ),
                (
                    shown / (posted * viewers),
                    "That divides by the viewers, and a comment does not compete with viewers.",
                ),
            ],
        )
        expect(
            f"of one who posts every {every_s} s with a chance of {right:.4g}, the wait between two appearances",
            answer.wait_s(every_s, right),
            every_s / right,
            [
                (every_s * right, "A small chance makes the wait longer, not shorter."),
                (
                    every_s * (1 / right - 1),
                    "From one appearance to the next the next one counts, too: with a chance of 1 it is one posting.",
                ),
            ],
        )

    rooms = st.sampled_from([500, 1_000, 5_000, 100_000_000])
    return every(st.tuples(EVENTS, rooms, st.integers(5, 60)), holds)


def largest_room(answer: ModuleType) -> str:
    def holds(event: Event) -> None:
        viewers, posted, shown = event
        right = shown * viewers / posted
        whole = math.floor(min(viewers, right))  # of viewers there are only whole ones
        if answer.room_viewers(*event) == whole:
            return
        expect(
            f"of {viewers:,} viewers, {posted:,} comments/s and {shown:g} shown, the largest room in which nothing "
            "is left out",
            answer.room_viewers(*event),
            min(viewers, right),
            [
                (right, "No room is larger than the whole event."),
                (posted / shown, "That is how many rooms there are, not how many viewers are in one."),
                (
                    viewers / shown,
                    "That is all viewers in rooms of so many comments: what has to be met is the rate of a room, "
                    "viewers times what one of them posts.",
                ),
            ],
        )

    return every(EVENTS, holds)


COMMENTS = (("ada", "GOAL"), ("u0003", "LASER BAER REMOVAL"), ("grace_hopper_1906", "¡Qué golazo! ⚽⚽⚽ " * 10))


async def live(answer: ModuleType, stage: "Stage") -> str:
    from simulation.course.exercises.budget.counting import counted

    found = []
    for (user, text), sent in zip(COMMENTS, await counted(stage, COMMENTS), strict=True):
        said = answer.comment_bytes(user, text)
        if not is_near(said, sent, NEAR):
            raise Misconception(
                f"on a real connection the comment {text[:20]!r} of {user} took {sent} bytes, and the estimate is "
                f"{said:g}: more than a fifth off."
            )
        found.append(f"{sent} ({said / sent - 1:+.0%})")
    return f"bytes on a real connection, and how far the estimate is off: {', '.join(found)}"


EXERCISE = Exercise(
    lesson="01",
    place=1,
    name="budget",
    title="The budget nobody does: bytes, deliveries, edges, chances",
    kind="estimate",
    wants=(
        "comment_bytes", "deliveries_per_s", "writes_per_s", "egress_bit_per_s", "edges", "chance_shown", "wait_s",
        "room_viewers",
    ),
    checks=(
        Check("a comment's bytes, within a fifth of what the server sends", bytes_on_the_wire),
        Check("deliveries and writes: what a window saves", what_a_window_saves),
        Check("egress in bits: what it does not save", what_it_does_not_save),
        Check("edges for the peak, whole ones, by what is scarce first", edges_for_the_peak),
        Check("the chance to be shown, and the wait between two appearances", who_is_shown),
        Check("the largest room in which nothing is left out", largest_room),
    ),
    live=live,
)  # fmt: skip
