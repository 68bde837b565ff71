"""A stream and one viewer of it in virtual time: what the checks and the live run have in common is the poller."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from types import ModuleType
from typing import Any

from simulation.course.exercise import Misconception

FULL = 5  # comments in one answer
PER_S_MAX = 5  # questions of one viewer; nobody asks as often


@dataclass(slots=True)
class Server:
    """Comments at these times. ``takes_s`` and ``is_away`` are of a question's number and its moment."""

    comments_s: Sequence[float] = ()
    pause_s: Callable[[int], float] = lambda found: 2.0  # by how many comments were found
    takes_s: Callable[[int], float] = lambda number: 0.05
    is_away: Callable[[int, float], bool] = lambda number, now: False
    retry_after_s: float | None = None

    def after(self, cursor: str, now: float) -> tuple[list[int], str, float]:
        """The comments after a cursor, the next cursor, and the pause."""
        if not cursor.startswith("7:") or not cursor[2:].isdigit():
            raise Misconception(f"a question was sent with the cursor {cursor!r}, which no answer has given out")
        have, head = int(cursor[2:]), bisect_right(self.comments_s, now)
        found = list(range(have + 1, head + 1))[:FULL]
        more = have + len(found) < head
        return found, f"7:{have + len(found)}", 0.0 if more else self.pause_s(len(found))


@dataclass(slots=True)
class Seen:
    """When it asked, when each answer came (or did not), and what was shown when."""

    asked_s: list[float] = field(default_factory=list)
    ended_s: list[float] = field(default_factory=list)
    shown: list[tuple[int, float]] = field(default_factory=list)


def followed(poller: Any, server: Server, until_s: float) -> Seen:
    """What a viewer does and sees; Misconception if it asks twice at once, never again, or all the time."""
    seen, now = Seen(), 0.0
    while True:
        due_s = poller.due_s
        if due_s is None:
            raise Misconception(
                f"at {now:.1f} s, with nothing under way, `due_s` is None: this viewer never asks again. Every "
                "ending of a question, an answer and a failure, has to say when the next one goes."
            )
        if due_s < now - 1e-9:
            raise Misconception(
                f"at {now:.1f} s, when a question has just ended, `due_s` is {due_s:.1f}, which is over. It is a "
                "time of the clock, and no pause: `now` and a pause, from the end of the question on and not from "
                "when it was asked."
            )
        now = max(now, due_s)
        if now > until_s:
            return seen
        now = _question(poller, server, seen, now)
        if len(seen.asked_s) > PER_S_MAX * until_s:
            raise Misconception(
                f"{len(seen.asked_s)} questions in {now:.1f} s: that is hammering. An answer without comments, or "
                "none at all, is a reason to wait: a crowd that asks again at once takes all of a server that is "
                "busy."
            )


def _question(poller: Any, server: Server, seen: Seen, now: float) -> float:
    number, cursor = len(seen.asked_s), poller.cursor
    poller.asked(now)
    seen.asked_s.append(now)
    ended_s = now + server.takes_s(number)
    if poller.due_s is not None and poller.due_s < ended_s:
        raise Misconception(
            f"a question went off at {now:.1f} s and takes {ended_s - now:.1f} s, and the next one is due at "
            f"{poller.due_s:.1f} s, while it is under way. Both have the same cursor, so what comes is shown twice; "
            "and a server that has become slow gets more questions for it. The pause begins when the answer is "
            "there."
        )
    seen.ended_s.append(ended_s)
    if server.is_away(number, now):
        poller.failed(server.retry_after_s, ended_s)
        return ended_s
    found, next_cursor, pause_s = server.after(cursor, now)
    seen.shown += [(seq, ended_s) for seq in found]
    poller.answered(next_cursor, pause_s, ended_s)
    return ended_s


def crowd(answer: ModuleType, server: Server, until_s: float, viewers: int) -> list[Seen]:
    """So many, who all begin at the same moment."""
    return [followed(answer.Poller("7:0", Random(number)), server, until_s) for number in range(viewers)]


def peak_share(times_s: Sequence[float], span_s: float = 0.1) -> float:
    """Of all, how many fall into the fullest span."""
    ordered = sorted(times_s)
    most = max(bisect_right(ordered, at + span_s) - place for place, at in enumerate(ordered))
    return most / len(ordered)
