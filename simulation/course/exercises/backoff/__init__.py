"""Write the backoff of a client: when ten thousand lose their server at once, they do not all come back at once."""

from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random
from types import ModuleType
from typing import Any

from simulation.course.exercise import Check, Exercise, Misconception, Place
from simulation.course.exercises.backoff.server import dressed, live
from simulation.course.waiting import never_waits

BASE_S, CAP_S, STABLE_S = 1.0, 30.0, 10.0
FEW, CROWD = 400, 10_000
LONG = 3_000  # failures in a row: a day of them
NOW_S = 5_000.0  # by the clients' clock, when they fail
DOWN_S = 20.0
PEAK_MAX_PER_S = 1_000
LAST_MAX_S = 35.0
RETRY_AFTER_S = 5.0
ONE_SEED = (
    "a seed in the program is a seed in every client, and all of them draw the same number. Draw from the `rng` that "
    "you are given."
)
ANSWER = "say in how many seconds to try again. Whoever calls you has a loop to run."


def clients(answer: ModuleType, count: int = FEW) -> list[Any]:
    """Each with a chance of its own."""
    return [answer.Backoff(BASE_S, CAP_S, STABLE_S, Random(f"client {number}")) for number in range(count)]


def ceiling_s(failures: int) -> float:
    """The longest delay after so many earlier failures in a row."""
    return float(min(CAP_S, BASE_S * 2.0 ** min(failures, 60)))


def delays(crowd: Sequence[Any], **told: float) -> list[float]:
    """What each of them waits after one more failure."""
    with never_waits(ANSWER):
        try:
            return [float(each.lost(NOW_S, **told)) for each in crowd]
        except OverflowError as error:
            raise Misconception(
                f"OverflowError ({error}): 2 ** n leaves the range of floats at the 1,024th failure, hours after the "
                "cap has been reached. Bound the exponent, not only the product."
            ) from error


def anywhere_below_the_ceiling(answer: ModuleType) -> str:
    crowd = clients(answer)
    for failures in range(4):
        found, most_s = delays(crowd), ceiling_s(failures)
        seen = f"after {failures + 1} failures {FEW} clients wait {min(found):.2f} to {max(found):.2f} s"
        if max(found) - min(found) < 1e-9:
            if max(found) < 0.999 * most_s:
                raise Misconception(f"{seen}, all the same: {ONE_SEED}")
            raise Misconception(
                f"{seen}, all the same. Those who lost their server in one moment come back in one moment, each "
                "time with twice the pause and the same storm: backoff makes storms rarer, and only jitter makes "
                "them small."
            )
        if min(found) >= NOW_S:
            raise Misconception(
                f"at {NOW_S:g} s {seen}: that is a time of the clock. Answer in how many seconds to try again, from "
                "now."
            )
        if min(found) > 0.1 * max(found):
            raise Misconception(
                f"{seen}: a part of the delay is fixed, and in that part of the time nobody comes so that all come "
                f"in the rest. Full jitter draws the whole of it, from 0 to {most_s:g} s."
            )
        if not 0.9 * most_s < max(found) <= most_s + 1e-9:
            raise Misconception(
                f"{seen}; the ceiling after {failures + 1} is base x 2 ** {failures} = {most_s:g} s: doubled with "
                "each failure, and anything below it as likely as anything else. (Failures that are counted in the "
                "class or the module are everybody's.)"
            )
        if len(set(found)) < FEW / 2:
            raise Misconception(
                f"{seen}, and only at {len(set(found))} different times: whole seconds make a few storms of one. "
                "Draw a fraction."
            )
        if not 0.4 * most_s < sum(found) / FEW < 0.6 * most_s:
            raise Misconception(f"{seen}, {sum(found) / FEW:.2f} s on average: not evenly spread from 0 to {most_s:g}.")
    return ""


def capped_for_ever(answer: ModuleType) -> str:
    crowd = clients(answer, 4)
    longest_s = max(max(delays(crowd)) for _ in range(LONG))
    if longest_s > CAP_S + 1e-9:
        raise Misconception(
            f"after {LONG:,} failures a client waits up to {longest_s:.3g} s; the cap is {CAP_S:g} s. Doubling has "
            "no end of its own, and nobody waits for a page that comes back tomorrow."
        )
    return f"{LONG:,} failures, never more than {longest_s:.0f} s"


def a_chance_of_ones_own(answer: ModuleType) -> str:
    one, another = (answer.Backoff(BASE_S, CAP_S, STABLE_S, Random(seed)) for seed in (1, 2))
    again = answer.Backoff(BASE_S, CAP_S, STABLE_S, Random(1))
    first, second, repeated = ([float(each.lost(0.0)) for _ in range(8)] for each in (one, another, again))
    if first == second:
        raise Misconception(f"two clients with different `rng` draw the same delays: {ONE_SEED}")
    if first != repeated:
        raise Misconception(
            "two clients with the same `rng` draw different delays: the chance comes from somewhere else, and no "
            "test can repeat what it has seen. Draw from the `rng` that you are given."
        )
    return ""


def the_servers_word(answer: ModuleType) -> str:
    slots = [number / 100 for number in range(FEW)]
    for client, slot_s in zip(clients(answer), slots, strict=True):
        given_s = delays([client], slot_s=slot_s)[0]
        if abs(given_s - slot_s) > 1e-9:
            raise Misconception(
                f"the server gave a client the slot {slot_s:g} s and it comes after {given_s:.2f} s. Slots are "
                "spread already, by somebody who knows how many there are: jitter on top only makes them longer."
            )
    found = delays(clients(answer), retry_after_s=RETRY_AFTER_S)
    if min(found) < RETRY_AFTER_S:
        raise Misconception(
            f"told Retry-After: {RETRY_AFTER_S:g}, a client comes after {min(found):.2f} s. It is refused again, for "
            "whoever says so knows that it has no room before that."
        )
    most = max(Counter(int(each * 10) for each in found).values())
    if most > FEW / 3:
        raise Misconception(
            f"{most} of {FEW} clients told Retry-After: {RETRY_AFTER_S:g} come in the same tenth of a second: "
            "everybody is told the same, so the server's own word makes a storm. It is the earliest time; add the "
            "jitter to it."
        )
    return ""


def only_a_stable_connection_resets(answer: ModuleType) -> str:
    def flapped(lasts_s: float) -> float:
        """The longest delay after six connections in a row that last so long."""
        crowd, now, found = clients(answer), 0.0, []
        for _ in range(6):
            for each in crowd:
                each.connected(now)
            found = [float(each.lost(now + lasts_s)) for each in crowd]
            now += lasts_s + max(found)
        return max(found)

    if flapped(1.0) < ceiling_s(5) / 2:
        raise Misconception(
            f"a server that falls over a second after each connection is tried after at most {flapped(1.0):.1f} s, "
            "for ever: a connection that was accepted is not yet a success. The failures are forgotten when one "
            f"has lasted {STABLE_S:g} s."
        )
    if flapped(STABLE_S + 1) > BASE_S + 1e-9:
        raise Misconception(
            f"after connections of {STABLE_S + 1:g} s each a client waits up to {flapped(STABLE_S + 1):.1f} s: what "
            "went wrong yesterday is held against the server. A stable connection begins anew, at the base."
        )
    _forgets_once(answer)
    return ""


def _forgets_once(answer: ModuleType) -> None:
    """A stable connection ends, and the server stays away."""
    crowd, now = clients(answer), STABLE_S + 1
    for each in crowd:
        each.connected(0.0)
    for _ in range(6):
        longest_s = max(float(each.lost(now)) for each in crowd)
        now += CAP_S
    if longest_s < ceiling_s(5) / 2:
        raise Misconception(
            f"a connection of {STABLE_S + 1:g} s ends, six tries in a row fail, and a client waits at most "
            f"{longest_s:.1f} s: the old connection is taken for one that still lasts, and has the failures "
            "forgotten each time. What has ended counts once."
        )


def a_crowd_comes_back(answer: ModuleType) -> str:
    """A server that is away for 20 s, and all its viewers."""
    joins = sorted(_joins(clients(answer, CROWD)))
    peak, last_s = _peak(joins), joins[-1] - DOWN_S
    if peak > PEAK_MAX_PER_S:
        raise Misconception(
            f"{CROWD:,} clients come back to a server that was away for {DOWN_S:g} s, {peak:,} of them in one second "
            f"({PEAK_MAX_PER_S:,} will do): it falls over again."
        )
    if last_s > LAST_MAX_S:
        raise Misconception(
            f"the last of {CROWD:,} clients is back {last_s:.0f} s after the server; with a cap of {CAP_S:g} s it "
            f"need not be more than {LAST_MAX_S:g}."
        )
    return f"{CROWD:,} clients, at most {peak:,} in a second, the last {last_s:.0f} s after the server"


def _joins(crowd: Sequence[Any]) -> Iterator[float]:
    with never_waits(ANSWER):
        for each in crowd:
            now, tries = 0.0, 0
            while now < DOWN_S and tries < LONG:
                now, tries = now + max(0.0, float(each.lost(now))), tries + 1
            yield now


def _peak(times: Sequence[float]) -> int:
    """The most within any second."""
    begin, most = 0, 0
    for end, at in enumerate(times):
        while times[begin] <= at - 1.0:
            begin += 1
        most = max(most, end - begin + 1)
    return most


EXERCISE = Exercise(
    lesson="08",
    place=1,
    name="backoff",
    title="Ten thousand come back, and not at once",
    kind="policy",
    wants=("Backoff",),
    checks=(
        Check("a delay is anywhere between nothing and the ceiling, which doubles", anywhere_below_the_ceiling),
        Check("the ceiling has a cap, after any number of failures", capped_for_ever),
        Check("each client has a chance of its own, which can be repeated", a_chance_of_ones_own),
        Check("a slot is kept to, and Retry-After is the earliest time", the_servers_word),
        Check("only a connection that has lasted makes the failures forgotten", only_a_stable_connection_resets),
        Check("a crowd comes back without a storm, and soon", a_crowd_comes_back),
    ),
    places=(Place("reference_impl.client.client", "Retry", dressed),),
    live=live,
)
