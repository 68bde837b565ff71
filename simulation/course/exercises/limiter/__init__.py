"""Write the limiter of a chat's authors: a token bucket for each, which says when to come back."""

import math
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from hypothesis import strategies as st

from simulation.course.exercise import Check, Exercise, Misconception, Place, every
from simulation.course.exercises.limiter.server import dressed, live
from simulation.course.waiting import never_waits

BURST, PERIOD_S = 11, 30.0
INTERVAL_S = PERIOD_S / BURST
NEAR_S = 0.010  # what is asked this much earlier is too early
CASES = 100
CLOCKS = st.sampled_from([0.0, 0.1, 1_234.567, 1e6 + 0.1])  # what a monotonic clock may begin at
PAUSES = st.lists(st.integers(0, 8_000).map(lambda ms: ms / 1000), min_size=1, max_size=60)
REFUSE = "a refusal is an answer. Say in how many seconds to come back, and let the client do the waiting."


def limiter(answer: ModuleType) -> Any:
    return answer.Limiter(BURST, PERIOD_S)


def admitted(answer: ModuleType, times: Sequence[float]) -> list[float]:
    """When one author got a comment through, who tries at these times."""
    mine = limiter(answer)
    with never_waits(REFUSE):
        return [now for now in times if mine.admit("ada", now) <= 0]


def a_burst_for_each(answer: ModuleType) -> str:
    if len(admitted(answer, [5.0] * 100)) != BURST:
        raise Misconception(
            f"an author who tries 100 times at once gets {len(admitted(answer, [5.0] * 100))} comments through, "
            f"not {BURST}: a new bucket is full, and gives all it has at once."
        )
    mine = limiter(answer)
    with never_waits(REFUSE):
        for _ in range(100):
            mine.admit("ada", 5.0)
        if mine.admit("bob", 5.0) > 0:
            raise Misconception(
                "ada has used up her bucket and bob is refused: one bucket for all lets whoever is loudest silence "
                "the others. A bucket for each author."
            )
    return f"{BURST} at once"


def no_more_in_any_stretch(answer: ModuleType) -> str:
    """Of any stretch of time, wherever it begins; the trap first, then at random."""

    def holds(times: Sequence[float]) -> None:
        through = admitted(answer, times)
        worst, told = 0.01, ""
        for begin, first in enumerate(through):
            for end in range(begin + BURST, len(through)):
                stretch_s, comments = through[end] - first, end - begin + 1
                allowed = BURST + stretch_s / INTERVAL_S
                if comments - allowed > worst:
                    worst, told = comments - allowed, _too_many(comments, first, stretch_s, allowed)
        if told:
            raise Misconception(told)

    holds([*([5.0] * BURST), *([300.0] * 50)])
    holds([0.5, *(29.5 + 0.05 * number for number in range(20))])
    return every(st.tuples(CLOCKS, PAUSES).map(_times), holds, CASES)


def _too_many(comments: int, first: float, stretch_s: float, allowed: float) -> str:
    seen = (
        f"{comments} comments within {stretch_s:.2f} s, from {first:.2f} s on; a bucket of {BURST} that fills in "
        f"{PERIOD_S:g} s allows {allowed:.1f}"
    )
    if stretch_s < 1e-9:
        return f"{seen}: the bucket runs over. What a pause saves up is a full bucket and not a drop more."
    if comments > 1.5 * BURST and stretch_s < PERIOD_S / 2:
        return (
            f"{seen}. A window that is counted anew at fixed times lets a burst through just before its edge and "
            "another one just after: twice the limit. A bucket has no edges; it fills all the time."
        )
    return f"{seen}. Tokens come back one by one, and not a bucketful as soon as a period is over."


def _times(case: tuple[float, list[float]]) -> list[float]:
    """Bursts of tries, with pauses between them."""
    now, pauses = case
    found = []
    for pause_s in pauses:
        now += pause_s
        found += [now, now, now]
    return found


def its_word_is_kept(answer: ModuleType) -> str:
    def holds(case: tuple[float, list[float]]) -> None:
        mine, now, wait_s = limiter(answer), 0.0, 0.0
        with never_waits(REFUSE):
            for now in [*_times(case), *[_times(case)[-1]] * (BURST + 1)]:
                wait_s = mine.admit("ada", now)
            if not 0 < wait_s <= INTERVAL_S + 1e-6:
                raise Misconception(_wrong_wait(wait_s, now))
            if mine.admit("ada", now + wait_s - NEAR_S) <= 0 < wait_s - NEAR_S:
                raise Misconception(
                    f"it said {wait_s:.4f} s, and admits {NEAR_S:g} s earlier: ask for no more waiting."
                )
            again_s = mine.admit("ada", now + wait_s)
            if again_s > 1e-6:
                raise Misconception(
                    f"at {now} s it said to come back in {wait_s:g} s, and refuses then, for another {again_s:g} s: "
                    "too little was told. What is missing of a token comes back in that part of "
                    f"{PERIOD_S:g}/{BURST} s."
                )
            if again_s > 0:
                raise Misconception(
                    f"at {now} s it said to come back in {wait_s!r} s; asked again at {now + wait_s!r} s exactly it "
                    f"refuses, and says {again_s:g} s. A sum of floats may be a hair below 1 when a whole token is "
                    "there: compare with a small tolerance, or keep the time at which the next token is due."
                )

    holds((1_234.567, [0.0]))
    return every(st.tuples(CLOCKS, PAUSES), holds, CASES)


def _wrong_wait(wait_s: float, now: float) -> str:
    seen = (
        f"a bucket that has just given its last, at {now:g} s, is to be asked again after {wait_s:g} s; a token "
        f"comes back every {PERIOD_S:g}/{BURST} = {INTERVAL_S:.3f} s. "
    )
    if 0 < wait_s - now <= INTERVAL_S + 1e-6:
        return f"{seen}That is a time of the clock; Retry-After is how many seconds from now."
    if wait_s > PERIOD_S + 1e-6:
        return f"{seen}That is more than the whole bucket takes: all times are in seconds."
    if wait_s == math.ceil(INTERVAL_S):
        return f"{seen}Whole seconds are the header's; round there, and up, and tell the exact time here."
    return (
        f"{seen}Whoever waits for the whole period waits for a full bucket, or for the oldest comment of a window "
        "to leave it, and needs one token."
    )


def refusals_cost_nothing(answer: ModuleType) -> str:
    hasty = admitted(answer, [number * 0.1 for number in range(3_000)])
    if len(hasty) < 0.9 * (BURST + 300 / INTERVAL_S):
        raise Misconception(
            f"an author who tries ten times a second for 300 s gets {len(hasty)} comments through; one who is "
            f"patient gets {int(BURST + 300 / INTERVAL_S)}. If a refusal costs a token, or begins the waiting anew, "
            f"an impatient client is never let in again, and a rate in whole tokens ({BURST} // {PERIOD_S:g} = 0) "
            "brings none back; and one that comes back a moment too early is punished for it."
        )
    return f"{len(hasty)} in 300 s, however impatient"


def no_drift(answer: ModuleType) -> str:
    """A day of tries at the pace at which tokens come back, by a clock that has been running for weeks."""
    due = int(86_400 / INTERVAL_S)
    patient = admitted(answer, [1e6 + number * INTERVAL_S for number in range(due)])
    eager = admitted(answer, [1e6 + number * 0.7 for number in range(int(86_400 / 0.7))])
    if len(patient) < due or not due <= len(eager) <= due + BURST + 1:
        raise Misconception(
            f"in a day {due:,} tokens come back. Asked at their pace it let {len(patient):,} through, and asked "
            f"every 0.7 s {len(eager):,}: parts of a token are thrown away (or made) at each asking. Whole tokens, "
            "or whole seconds, do not add up; keep the fraction, or the time at which the bucket is full."
        )
    return f"{len(eager):,} in a day"


def moderators_pass(answer: ModuleType) -> str:
    mine = limiter(answer)
    with never_waits(REFUSE):
        for _ in range(100):
            if mine.admit("mod", 1.0, exempt=True) > 0:
                raise Misconception(
                    "a moderator is refused: in a raid those who clean up post and delete more than anybody."
                )
        if mine.admit("mod", 1.0) > 0:
            raise Misconception(
                "a moderator's 100 comments have emptied a bucket: an exempt one takes no token, so that nobody is "
                "locked out when the role is taken away."
            )
    return ""


EXERCISE = Exercise(
    lesson="07",
    place=2,
    name="limiter",
    title="Who posts too much comes back later",
    kind="policy",
    wants=("Limiter",),
    checks=(
        Check("a full bucket gives its burst at once, to each author", a_burst_for_each),
        Check("in no stretch of time is more let through than a bucket allows", no_more_in_any_stretch),
        Check("a refusal costs nothing", refusals_cost_nothing),
        Check("who is refused is let in at the time it was told, and not much before", its_word_is_kept),
        Check("a day of it adds up", no_drift),
        Check("moderators pass, and take no token", moderators_pass),
    ),
    places=(Place("reference_impl.admission", "RateLimiter", dressed),),
    live=live,
)
