"""Write a circuit breaker: it leaves a dependency alone that does not answer, and finds out when it does again."""

import heapq
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from simulation.course.exercise import Check, Exercise, Misconception, Place
from simulation.course.exercises.breaker.server import dressed, live
from simulation.course.waiting import never_waits

WINDOW_S, CALLS_MIN, SHARE, SLOW_S, OPEN_S, PROBES = 10.0, 20, 0.5, 2.0, 5.0, 3
OK, NOT_FOUND, UNAVAILABLE, NO_ANSWER = 201, 404, 503, 0
PER_S, TOOK_S = 100, 0.005
DEADLINE_S = 2.0  # then a caller gives up; a little more than that is slow
AWAY = (20.0, 50.0)
WAITED_MAX, BACK_MAX_S = 700, 8.0
REFUSE = "a breaker refuses at once; that is what it is for."
Call = tuple[float, int, float]  # when it is made, its status, how long it takes


def breaker(answer: ModuleType) -> Any:
    return answer.Breaker(WINDOW_S, CALLS_MIN, SHARE, SLOW_S, OPEN_S, PROBES)


def played(mine: Any, calls: Sequence[Call]) -> list[float]:
    """When which of these calls were let through; each ends when it has taken its time."""
    under_way: list[tuple[float, int, Any, int]] = []
    through = []
    with never_waits(REFUSE):
        for number, (at, status, took_s) in enumerate(sorted(calls)):
            _end(mine, under_way, at)
            ticket = mine.admit(at)
            if ticket is not None:
                through.append(at)
                heapq.heappush(under_way, (at + took_s, number, ticket, status))
        _end(mine, under_way, float("inf"))
    return through


def _end(mine: Any, under_way: list[tuple[float, int, Any, int]], until: float) -> None:
    while under_way and under_way[0][0] <= until:
        at, _, ticket, status = heapq.heappop(under_way)
        mine.ended(ticket, status, at)


def steady(begin_s: float, seconds: float, status: Callable[[int], int], took_s: float = TOOK_S) -> list[Call]:
    """Calls at the usual rate."""
    return [(begin_s + number / PER_S, status(number), took_s) for number in range(round(seconds * PER_S))]


def just_enough(until_s: float) -> list[Call]:
    """Calls that fail, as many as it takes."""
    seconds = CALLS_MIN / PER_S
    return steady(until_s - seconds, seconds, lambda _: UNAVAILABLE)


def opened(answer: ModuleType, begin_s: float = 100.0) -> Any:
    """A breaker that has just been opened, by calls that failed until ``begin_s``."""
    mine = breaker(answer)
    played(mine, just_enough(begin_s))
    if mine.admit(begin_s) is not None:
        raise Misconception(
            f"{CALLS_MIN} calls have failed, which are all there were, and it lets the next one through: it never "
            "opens."
        )
    return mine


def bad_luck_is_no_outage(answer: ModuleType) -> str:
    _stays_closed(
        answer,
        steady(0, 60, lambda number: UNAVAILABLE if number % 10 >= 7 else OK),
        "three in ten calls fail, and half is the limit",
    )
    _stays_closed(
        answer,
        [*just_enough(1.0)[:-2], (1.1, OK, TOOK_S)],
        f"its first {CALLS_MIN - 2} calls fail, and it has been told not to judge by fewer than {CALLS_MIN}",
    )
    _stays_closed(
        answer,
        steady(0, 30, lambda number: UNAVAILABLE if 1_500 <= number < 1_560 else OK),
        "60 calls in a row fail, of 1,000 in the window: a short outage that is over. Failures in a row say how long "
        "it has been bad, and nothing of how bad it is; under load a row is long in no time, and the last hundred "
        "calls are a second",
    )
    _stays_closed(
        answer,
        steady(0, 30, lambda number: UNAVAILABLE if 1_000 <= number < 1_060 else OK),
        f"60 calls in a row fail just when {WINDOW_S:g} s are over, and before them 1,000 were well. A count that "
        "begins anew at fixed times has just forgotten these: the window is the last so many seconds, at any time",
    )
    return "30 % of failures, and 60 in a row, of 100 calls/s"


def _stays_closed(answer: ModuleType, calls: list[Call], seen: str) -> None:
    refused = len(calls) - len(played(breaker(answer), calls))
    if refused:
        raise Misconception(f"{seen}; and it refuses {refused} of {len(calls):,} calls.")


def an_answer_is_an_answer(answer: ModuleType) -> str:
    _stays_closed(
        answer,
        steady(0, 20, lambda number: NOT_FOUND if number % 4 else 422),
        "every call is answered, with 404 and 422. These are the callers' own mistakes, and the server is well: a "
        "breaker that opens on them lets one broken client lock out all others",
    )
    return ""


def opens_at_half(answer: ModuleType) -> str:
    for status in (UNAVAILABLE, NO_ANSWER):
        mixed = [
            (at, status if number % 3 else OK, took_s) for number, (at, _, took_s) in enumerate(steady(0, 20, int))
        ]
        if _never_opens(answer, mixed):
            raise Misconception(
                f"two of three calls end with {status}, for 20 s, and it refuses none: whoever counts failures in a "
                "row begins anew at each success, and never opens for a dependency that is nearly dead."
            )
    half = [(number / PER_S, OK if number < CALLS_MIN / 2 else UNAVAILABLE, TOOK_S) for number in range(CALLS_MIN)]
    if _never_opens(answer, [*half, (1.0, OK, TOOK_S)]):
        raise Misconception(
            f"of {CALLS_MIN} calls just half fail, and it refuses none: `failure_share` is enough, and {CALLS_MIN} "
            "calls are. Compare with >=."
        )
    if _never_opens(answer, steady(0, 60, lambda _: OK) + steady(60, 20, lambda _: UNAVAILABLE)):
        raise Misconception(
            "after a good minute all calls of 20 s fail, and it refuses none: a share of all calls ever made forgets "
            f"nothing, and the better the past the later it opens. Count those that ended in the last {WINDOW_S:g} s."
        )
    return ""


def _never_opens(answer: ModuleType, calls: list[Call]) -> bool:
    return len(played(breaker(answer), calls)) == len(calls)


def slow_is_failed(answer: ModuleType) -> str:
    if _never_opens(answer, steady(0, 30, lambda _: OK, SLOW_S + 1)):
        raise Misconception(
            f"every call takes {SLOW_S + 1:g} s and is answered with {OK}, and it refuses none. Nobody waits that "
            "long: a dependency that stalls answers well and late, and holds its callers meanwhile. Slower than "
            f"{SLOW_S:g} s is failed, whatever it said."
        )
    return ""


def some_probes(answer: ModuleType) -> str:
    mine = opened(answer)
    for before_s in (0.1, OPEN_S - 0.1):
        if mine.admit(100.0 + before_s) is not None:
            raise Misconception(f"opened for {OPEN_S:g} s, it lets a call through after {before_s:g} s.")
    at = 100.0 + OPEN_S + 0.1
    said = mine.state(at)
    tickets = [mine.admit(at) for _ in range(100)]
    through = sum(ticket is not None for ticket in tickets)
    if not through:
        raise Misconception(
            f"{OPEN_S:g} s are over and it lets nothing through: nobody will ever know that the dependency is back. "
            "When its time is over an open breaker is half-open."
        )
    if through > PROBES:
        raise Misconception(
            f"half-open, it lets {through} of 100 calls through at once. A dependency that gets up again is met by "
            f"the whole crowd, and falls again; {PROBES} probes tell as much."
        )
    if said != "half-open":
        raise Misconception(
            f"when its {OPEN_S:g} s are over `state` says {said!r}, until somebody asks to be let through: whoever "
            "looks at it, and sends no calls while it is open, waits for ever. The time alone makes it half-open."
        )
    if mine.state(at) != "half-open":
        raise Misconception(f"with its probes under way `state` says {mine.state(at)!r}, not 'half-open'.")
    return f"{through} of 100"


def probes_decide(answer: ModuleType) -> str:
    at = 100.0 + OPEN_S + 0.1
    mine = opened(answer)
    tickets = [mine.admit(at) for _ in range(PROBES)]
    if None in tickets:
        raise Misconception(f"half-open, it lets only {PROBES - tickets.count(None)} of {PROBES} probes through.")
    for ticket in tickets[1:]:
        mine.ended(ticket, OK, at + 0.1)
    if mine.state(at + 0.1) != "half-open":
        raise Misconception(
            f"{PROBES - 1} of {PROBES} probes have succeeded, and it is {mine.state(at + 0.1)}. One good call of a "
            "dependency that answers every other is chance: all of them have to succeed."
        )
    mine.ended(tickets[0], OK, at + 0.1)
    through = [mine.admit(at + 0.2) for _ in range(50)]
    if mine.state(at + 0.2) != "closed" or None in through:
        raise Misconception(
            f"{PROBES} probes have succeeded, and it still refuses: then it is closed, and counts anew."
        )
    for number, ticket in enumerate(through):
        mine.ended(ticket, UNAVAILABLE if number == 1 else OK, at + 0.3)
    if mine.state(at + 0.3) != "closed":
        raise Misconception(
            f"closed by its probes, it opens again at one failure of {len(through)} calls: those that failed before "
            "it opened are still in its window. What opened it has been paid for; a closed breaker begins with an "
            "empty one."
        )
    mine = opened(answer)
    ticket = mine.admit(at)
    mine.ended(ticket, UNAVAILABLE, at + 0.1)
    if mine.admit(at + 0.2) is not None or mine.admit(at + OPEN_S - 0.1) is not None:
        raise Misconception(
            f"a probe has failed, and it lets the next call through: one failure is enough, and it stays open for "
            f"another {OPEN_S:g} s. A half-open breaker judges by its probes, not by the window."
        )
    if mine.admit(at + 0.1 + OPEN_S + 0.1) is None:
        raise Misconception(f"opened again by a probe, it lets nothing through {OPEN_S:g} s later.")
    return ""


def late_news_is_old_news(answer: ModuleType) -> str:
    at = 100.0 + OPEN_S + 0.1
    for status, says in ((UNAVAILABLE, "it opens again"), (OK, "it closes")):
        mine = breaker(answer)
        old = [mine.admit(94.0) for _ in range(10)]
        played(mine, just_enough(100.0))
        probe = mine.admit(at)
        for ticket in old[:PROBES]:
            mine.ended(ticket, status, at + 0.1)
        if mine.state(at + 0.2) != "half-open":
            raise Misconception(
                "half-open, with a probe under way, it hears of calls that began before it opened (they end with "
                f"{status}), and {says}. What they tell is of another time: a ticket knows in which state it was "
                "given."
            )
        mine.ended(probe, OK, at + 0.3)
    return ""


def an_outage(answer: ModuleType) -> str:
    """A dependency that does not answer for half a minute, at 100 calls a second."""
    calls = [
        (at, *((NO_ANSWER, DEADLINE_S) if AWAY[0] <= at < AWAY[1] else (OK, TOOK_S))) for at, _, _ in steady(0, 70, int)
    ]
    through = played(breaker(answer), calls)
    waited = sum(AWAY[0] <= at < AWAY[1] for at in through)
    refused = {at for at, _, _ in calls} - set(through)
    back_s = max(refused, default=0.0) - AWAY[1]
    if waited > WAITED_MAX:
        raise Misconception(
            f"{waited:,} of {(AWAY[1] - AWAY[0]) * PER_S:,.0f} calls of an outage waited {DEADLINE_S:g} s in vain; "
            f"with {PROBES} probes every {OPEN_S:g} s it need not be more than {WAITED_MAX}."
        )
    if back_s > BACK_MAX_S:
        raise Misconception(f"{back_s:.1f} s after the outage it still refuses calls; {BACK_MAX_S:g} s will do.")
    return (
        f"{waited} of {(AWAY[1] - AWAY[0]) * PER_S:,.0f} calls waited in vain, closed {max(0.0, back_s):.1f} s after it"
    )


EXERCISE = Exercise(
    lesson="08",
    place=2,
    name="breaker",
    title="Leave alone what does not answer",
    kind="policy",
    wants=("Breaker",),
    checks=(
        Check("bad luck is no outage: it stays closed", bad_luck_is_no_outage),
        Check("a client's mistake (4xx) is an answer", an_answer_is_an_answer),
        Check("it opens when half of the window's calls fail", opens_at_half),
        Check("what is slow has failed", slow_is_failed),
        Check("when its time is over a few probes go through, and no more", some_probes),
        Check("probes decide: all good closes it, one bad opens it again", probes_decide),
        Check("late results of another state are ignored", late_news_is_old_news),
        Check("in an outage few wait in vain, and it is over soon after it", an_outage),
    ),
    places=(Place("reference_impl.guard", "CircuitBreaker", dressed),),
    live=live,
)
