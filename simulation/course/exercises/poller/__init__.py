"""Write the pace of a viewer who polls: the server's, one's own spread, less and less while it is away."""

from collections.abc import Sequence
from random import Random
from statistics import fmean
from types import ModuleType
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from simulation.course.exercise import Check, Exercise, Misconception, every
from simulation.course.exercises.poller.viewing import Seen, Server, crowd, followed, peak_share

if TYPE_CHECKING:
    from simulation.course.live import Stage

VIEWERS = 300
PAUSE_S = 2.0
OUTAGE_S = 120.0
UNTIL_S, AWAY_MAX_S = 400.0, 61.0
ROUNDS_S = 12.0  # by then a crowd that began in step is to be out of it
MOMENTS = st.lists(st.floats(0, 20), max_size=30).map(sorted)
FAILURES = st.sets(st.integers(0, 12), max_size=8)


def once_and_in_order(answer: ModuleType) -> str:
    def holds(case: tuple[list[float], set[int]]) -> None:
        comments_s, failing = case
        server = Server(comments_s, is_away=lambda number, now: number in failing)
        seen = followed(answer.Poller("7:0", Random(1)), server, UNTIL_S)
        shown = [seq for seq, _ in seen.shown]
        if shown == list(range(1, len(comments_s) + 1)):
            return
        came = ", ".join(f"{each:.1f}" for each in comments_s)
        told = f"comments came at {came} s, questions {sorted(failing)} failed, and comments {shown} were shown"
        if len(set(shown)) < len(shown):
            raise Misconception(
                f"{told}: some twice. The next question goes on where the answer says (`next_cursor`), and a failure "
                "leaves the cursor where it is: beginning anew shows everything again."
            )
        if seen.ended_s and UNTIL_S - seen.ended_s[-1] > AWAY_MAX_S:
            raise Misconception(
                f"{told}: after its last question it stays away for more than {AWAY_MAX_S:g} s. A pause that "
                "doubles without a bound grows past any outage, and the viewer is away when the server is long "
                "back: cap it at a minute."
            )
        raise Misconception(
            f"{told}: not all of them. A failed question has moved nothing on; whoever stops asking, or goes on "
            "behind what was never received, leaves comments out."
        )

    return every(st.tuples(MOMENTS, FAILURES), holds, 100)


def one_at_a_time(answer: ModuleType) -> str:
    def holds(takes_s: list[float]) -> None:
        server = Server([1.0, 2.0, 3.0], takes_s=lambda number: takes_s[number % len(takes_s)])
        followed(answer.Poller("7:0", Random(2)), server, 60.0)

    return every(st.lists(st.floats(0.01, 30.0), min_size=1, max_size=5), holds, 50)


def when_the_server_says(answer: ModuleType) -> str:
    def holds(pause_s: float) -> None:
        server = Server(pause_s=lambda found: pause_s)
        rests = _rests(crowd(answer, server, 4 * pause_s + 5, 40))
        least, most, mean = min(rests), max(rests), fmean(rests)
        told = f"told to wait {pause_s:g} s, it waited {least:.2f} to {most:.2f} s, {mean:.2f} in the mean"
        if least < 0.5 * pause_s - 1e-9 or most > 1.5 * pause_s + 1e-9:
            if abs(mean / pause_s - 1) < 0.1:
                raise Misconception(
                    f"{told}. The mean is right and the extremes are not: from half the pause to one and a half, so "
                    "that nobody asks at once, and nobody waits for twice as long as was meant."
                )
            raise Misconception(
                f"{told}. The pace is the server's to set: it alone knows whether the stream is quiet, the crowd "
                "large or itself busy. An interval of the client's own is too fast for one of these and too slow "
                "for another."
            )
        if abs(mean / pause_s - 1) > 0.1:
            raise Misconception(
                f"{told}. The spread is to be around what the server said: one that only adds makes every viewer "
                "staler than was asked for, one that only takes away makes more load than was asked for."
            )

    every(st.floats(0.5, 30.0), holds, 30)
    seen = followed(answer.Poller("7:0", Random(3)), Server([0.0] * 23), 10.0)
    late_s = seen.shown[-1][1] if seen.shown else float("inf")
    if late_s > 1.0:
        raise Misconception(
            f"of 23 comments in answers of five, the last was shown after {late_s:.1f} s. An answer with a pause of "
            "0 says that there is more: ask at once."
        )
    return ""


def not_in_step(answer: ModuleType) -> str:
    server = Server(pause_s=lambda found: PAUSE_S)
    one, again = (followed(answer.Poller("7:0", Random(5)), server, ROUNDS_S).asked_s for _ in range(2))
    if one != again:
        raise Misconception(
            "two viewers with the same `rng` ask at different times: the chance comes from somewhere else, and no "
            "test can repeat what it has seen. Draw from the `rng` that you are given."
        )
    viewers = crowd(answer, server, ROUNDS_S, VIEWERS)
    late_s = [at for seen in viewers for at in seen.asked_s if at > ROUNDS_S - 2 * PAUSE_S]
    even, share = 0.1 / (2 * PAUSE_S), peak_share(late_s)
    if share > 3 * even:
        raise Misconception(
            f"{VIEWERS} viewers who were answered at the same moment and told {PAUSE_S:g} s sent {share:.0%} of "
            f"their questions of {2 * PAUSE_S:g} s within one tenth of a second; evenly spread it would be "
            f"{even:.1%}. A cache tells everybody the same pause, so a crowd that starts in step (at kick-off, "
            "after a restart) stays in step, unless each viewer makes a pause of its own of it."
        )
    return f"the fullest tenth of a second has {share / even:.1f} times its share"


def less_and_less(answer: ModuleType) -> str:
    viewers = crowd(answer, Server(is_away=lambda number, now: now < OUTAGE_S), OUTAGE_S + 90, 100)
    tries = [[at for at in seen.asked_s if at < OUTAGE_S] for seen in viewers]
    longest_s = max(_rests(crowd(answer, Server(is_away=lambda number, now: True), 3_000.0, 20)))
    most = max(map(len, tries))
    if most > 20:
        raise Misconception(
            f"a server that was away for {OUTAGE_S:g} s was asked {most} times by one viewer. Asking at a steady "
            "pace, or at once, what does not answer makes a crowd that keeps it down: wait twice as long after "
            "each failure, up to a minute."
        )
    if longest_s > 61:
        raise Misconception(
            f"after a failure a viewer stayed away for {longest_s:.0f} s. A pause that doubles without a bound grows "
            "past any outage, and everybody is away when the server is long back: cap it at a minute."
        )
    _first_tries([seen.asked_s[1] for seen in viewers])
    _heeds_retry_after(answer)
    _as_before(answer)
    return f"{most} questions in {OUTAGE_S:g} s without an answer"


def _first_tries(again_s: Sequence[float]) -> None:
    share = peak_share(again_s)
    if share > 0.4:
        raise Misconception(
            f"of 100 viewers whose first question failed at the same moment {share:.0%} asked again within the same "
            "tenth of a second. What fails for all at once is tried again by all at once, unless the pause is "
            "drawn at random."
        )


def _heeds_retry_after(answer: ModuleType) -> None:
    server = Server(is_away=lambda number, now: number == 0, retry_after_s=10.0)
    rests = [seen.asked_s[1] - seen.ended_s[0] for seen in crowd(answer, server, 100.0, 50)]
    if min(rests) < 10.0:
        raise Misconception(
            f"refused with `Retry-After: 10`, a viewer was back after {min(rests):.1f} s. The server says how long "
            "it will not be able to: a backoff of one's own comes on top of that, and never instead."
        )
    if (share := peak_share(rests)) > 0.4:
        raise Misconception(
            f"of 50 viewers told `Retry-After: 10` at the same moment {share:.0%} are back within the same tenth of "
            "a second: all are told the same, so the server's own word makes a storm. It is the earliest time; "
            "what is drawn at random comes on top."
        )


def _as_before(answer: ModuleType) -> None:
    server = Server(is_away=lambda number, now: number < 6 or number == 8)
    viewers = crowd(answer, server, 300.0, 50)
    rests = [seen.asked_s[9] - seen.ended_s[8] for seen in viewers]
    if max(rests) > 5.0:
        raise Misconception(
            f"after six failures and two answers, one more failure made a viewer wait {max(rests):.0f} s. An answer "
            "ends the trouble: the next failure begins from the shortest pause again."
        )


def as_the_closed_form_says(answer: ModuleType) -> str:
    """A pause p, spread over [p/2, 3p/2]: 1/p questions a second; E[p²]/2E[p] = 13/24 of twice p/2 of staleness."""
    rng = Random(4)
    comments_s = sorted(rng.uniform(0, 60) for _ in range(60))
    viewers = crowd(answer, Server(comments_s, pause_s=lambda found: PAUSE_S), 70.0, 100)
    late_s = fmean(at - comments_s[seq - 1] for seen in viewers for seq, at in seen.shown)
    each_per_s = fmean(len([at for at in seen.asked_s if at < 60]) / 60 for seen in viewers)
    if late_s > 1.2 * 13 / 24 * PAUSE_S or each_per_s > 1.1 / PAUSE_S:
        raise Misconception(
            f"with a pause of {PAUSE_S:g} s comments were {late_s:.2f} s late in the mean, for {each_per_s:.2f} "
            f"questions a second and viewer; {13 / 24 * PAUSE_S:.2f} s and {1 / PAUSE_S:.2f} are to be had."
        )
    return f"{late_s:.2f} s late in the mean, {each_per_s:.2f} questions a second and viewer"


def _rests(viewers: Sequence[Seen]) -> list[float]:
    """From the end of a question to the next one."""
    return [asked - ended for seen in viewers for ended, asked in zip(seen.ended_s, seen.asked_s[1:], strict=False)]


async def live(answer: ModuleType, stage: "Stage") -> str:
    from simulation.course.exercises.poller.live import polled

    async with stage.server() as url:
        return await polled(answer, url)


EXERCISE = Exercise(
    lesson="03",
    place=1,
    name="poller",
    title="When a viewer asks again",
    kind="policy",
    wants=("Poller",),
    checks=(
        Check("every comment is shown once and in order, whatever fails", once_and_in_order),
        Check("one question at a time, however long it takes", one_at_a_time),
        Check("it asks when the server says so", when_the_server_says),
        Check("a crowd does not come back in step", not_in_step),
        Check("a server that is away is asked less and less", less_and_less),
        Check("a minute of it costs what the closed form says", as_the_closed_form_says),
    ),
    live=live,
)
