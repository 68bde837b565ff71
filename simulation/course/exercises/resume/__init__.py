"""Write the resume logic: order and dedupe by position, patience with stragglers, one question for what is missing."""

from collections.abc import Iterable
from types import ModuleType
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from simulation.course.exercise import Check, Exercise, Misconception, Place, every
from simulation.course.exercises.resume.world import LOG_S, Coming, Played, World

if TYPE_CHECKING:
    from simulation.course.live import Stage

PATIENCE_S = 0.050
LATE_S = 0.025  # within which a question may be later than it is due
AWAY_S = 1e9  # no log to ask

SHUFFLED = st.integers(1, 8).flatmap(
    lambda last: st.tuples(st.permutations(range(1, last + 1)), st.lists(st.integers(1, last), max_size=4))
)


def play(
    answer: ModuleType, coming: Iterable[Coming], log: dict[int, int], until_s: float, back_s: float = 0.0
) -> Played:
    return World(answer.Follower(7, 0), log, back_s).play(coming, until_s)


def shuffled(case: tuple[list[int], list[int]]) -> list[Coming]:
    """Events in this order and then repeats, all within 40 ms."""
    seqs = [*case[0], *case[1]]
    return [Coming(0.040 * number / len(seqs), seq) for number, seq in enumerate(seqs)]


def once_in_order(answer: ModuleType) -> str:
    def holds(case: tuple[list[int], list[int]]) -> None:
        found = [seq for _, _, seq in play(answer, shuffled(case), {7: 8}, 1.0, AWAY_S).passed_on]
        if found != sorted(case[0]):
            raise Misconception(
                f"events came in the order {case[0]}, all within 40 ms, and {found or 'none'} were passed on. What "
                "comes early is not wrong: dropping it loses it until somebody reads the log. Hold it until its turn."
            )

    one, other = answer.Follower(7, 0), answer.Follower(7, 0)
    one.receive(7, 2, "one's", 0.0)
    if "one's" in (other.receive(7, 1, "other's", 0.0) or ()):
        raise Misconception(
            "an event came to one follower and was passed on by another: what is kept in the class, the module or a "
            "default argument is everybody's. Make it in __init__."
        )
    told = every(SHUFFLED, holds)
    many = [Coming(number / 1000, number) for number in range(1, 5_001)]
    play(answer, [*many, Coming(6.0, 3), Coming(6.0, 5_000), Coming(6.0, 5_001)], {7: 5_001}, 7.0, AWAY_S)
    return told


def patient(answer: ModuleType) -> str:
    def holds(case: tuple[list[int], list[int]]) -> None:
        asked = play(answer, shuffled(case), {7: 8}, 1.0).asked
        if asked:
            raise Misconception(
                f"events came in the order {case[0]}, all within 40 ms, and the log was asked for "
                f"{list(asked[0][1])} after {asked[0][0] * 1000:.0f} ms. Asking at once for every gap makes every "
                "edge read the log whenever two messages overtake each other; nearly all gaps close by themselves. "
                "Give stragglers 50 ms."
            )

    return every(SHUFFLED, holds)


def asks_once(answer: ModuleType) -> str:
    busy = [Coming(number / 100, number) for number in range(1, 101) if number not in (20, 21)]
    found = play(answer, busy, {7: 100}, 2.0)
    due_s, told = 0.22 + PATIENCE_S, "events 20 and 21 of a busy stream were lost"
    if not found.asked:
        raise Misconception(
            f"{told}, and the log was never asked: everything behind them is held for ever. A gap needs a deadline, "
            "which stands: one that every event moves on never comes on a busy stream."
        )
    (at_s, wanted), *others = found.asked
    if at_s > due_s + LATE_S:
        raise Misconception(
            f"{told}; 22 came at 0.22 s, and the log was asked at {at_s:.2f} s. The deadline stands once it is set: "
            "what keeps coming behind the gap does not close it."
        )
    if at_s < due_s - LATE_S:
        raise Misconception(
            f"{told}; 22 came at 0.22 s, and the log was asked at {at_s:.2f} s, before 50 ms were over."
        )
    if not {20, 21} <= set(wanted) or wanted.start < 20 or others:
        ranges = ", ".join(f"{each.start}-{each.stop - 1} at {when:.2f} s" for when, each in found.asked[:4])
        raise Misconception(
            f"{told}, and the log was asked for {ranges}: {len(found.asked)} questions. One range has all that is "
            f"missing, and while its answer is on the way ({LOG_S * 1000:.0f} ms) there is nothing to be asked again."
        )
    _all_there(found, 100, told)
    return f"one question, {(at_s - 0.22) * 1000:.0f} ms after the gap was noticed"


def keeps_up(answer: ModuleType) -> str:
    lossy = [Coming(number / 100, number) for number in range(1, 601) if number % 3 or number == 600]
    found = play(answer, lossy, {7: 600}, 12.0)
    behind_s = max(at_s - seq / 100 for at_s, _, seq in found.passed_on)
    if behind_s > 0.3 or len(found.passed_on) < 600:
        raise Misconception(
            f"of 100 events a second every third was lost for 6 s, and events were up to {behind_s:.1f} s late. "
            "Asking for one hole at a time, with 50 ms of patience before each, falls behind for ever when holes "
            "come faster than that (so it was in this project's edge, until a cluster lost a master). Ask from the "
            "first hole to the last."
        )
    return f"{len(found.asked)} questions for 199 holes, no event more than {behind_s * 1000:.0f} ms late"


def finds_the_last(answer: ModuleType) -> str:
    few = [Coming(0.01, 1), Coming(0.02, 2), Coming(1.0, 4, head=True)]
    found, told = play(answer, few, {7: 4}, 3.0, back_s=1.3), "events 3 and 4, the last ones, were lost"
    if not found.asked:
        raise Misconception(
            f"{told}, and nothing was ever asked, though the log said at 1 s that its head is 4. Behind a lost last "
            "event nothing comes that would show the gap: the head has to open one."
        )
    if found.asked[-1][0] < 1.3:
        raise Misconception(
            f"{told}; the log was asked at {found.asked[0][0]:.2f} s, was away until 1.3 s, and was not asked "
            "again. A question is a hint as well: it has its own deadline, 50 ms on, until what is missing has "
            "come."
        )
    _all_there(found, 4, told)
    return f"{len(found.asked)} questions until the log was back"


def new_epoch(answer: ModuleType) -> str:
    old = [Coming(number / 100, number) for number in range(1, 6)]
    new = [Coming(1.0, 2, 8), Coming(1.01, 1, 8), Coming(1.02, 3, 8), Coming(1.03, 6, 7), Coming(1.04, 4, 8)]
    found = play(answer, [*old, *new], {7: 5, 8: 4}, 3.0)
    told = [(epoch, seq) for _, epoch, seq in found.passed_on]
    if told[5:] != [(8, each) for each in range(1, 5)]:
        raise Misconception(
            f"the log was begun anew in epoch 8, and of its events 1 to 4 {[seq for _, seq in told[5:]] or 'none'} "
            "were passed on. Compared by `seq` alone they are old ones: a viewer's page stands still, and says "
            "that it is connected. Positions order by (epoch, seq), and a later epoch begins with nothing held and "
            "1 as the next."
        )
    _held_of_the_old_epoch(answer)
    _heads_of_epochs(answer, [*old, *new])
    return "4 events of the new epoch"


def _held_of_the_old_epoch(answer: ModuleType) -> None:
    old = [Coming(0.0, 1), Coming(0.001, 2), Coming(0.002, 4)]
    found = play(
        answer, [*old, *(Coming(0.01 + number / 1000, number, 8) for number in range(1, 6))], {7: 4, 8: 5}, 1.0
    )
    _all_there(found, 7, "event 4 of epoch 7 was held when epoch 8 began")


def _heads_of_epochs(answer: ModuleType, coming: list[Coming]) -> None:
    found = play(answer, [Coming(0.0, 1), Coming(1.0, 3, 8, head=True)], {7: 1, 8: 3}, 3.0)
    if len(found.passed_on) < 4:
        raise Misconception(
            "the log said that its head is (8, 3), of a new epoch of which nothing has come yet, and nothing of it "
            "was passed on. The broker may have lost all of it: a head tells of a new epoch as well as an event "
            "does."
        )
    late = play(answer, [*coming, Coming(1.2, 9, 7, head=True)], {7: 9, 8: 4}, 3.0)
    if late.asked:
        raise Misconception(
            f"in epoch 8 a head of epoch 7 came late, and {late.asked[0][1]} was asked for, which nobody will ever "
            "answer. A head has an epoch, too: one of an old log says nothing of the new one."
        )


def _all_there(found: Played, last: int, told: str) -> None:
    if len(found.passed_on) < last:
        raise Misconception(f"{told}; of {last} events {len(found.passed_on)} were passed on in the end.")


def _dressed(answer: ModuleType) -> Any:
    """Built as the server builds its `Sequencer`, and asked as that is; a hub lives in one epoch."""

    class InOrder:
        def __init__(self, config: Any, next_seq: int) -> None:
            self._follower = answer.Follower(1, next_seq - 1)
            self.next_seq = next_seq

        @property
        def deadline(self) -> float | None:
            due_s: float | None = self._follower.deadline
            return due_s

        def offer(self, seq: int, item: Any, now: float) -> list[Any]:
            released = list(self._follower.receive(1, seq, item, now))
            self.next_seq += len(released)
            return released

        def offer_all(self, first: int, items: list[Any], now: float) -> list[Any]:
            return [each for seq, item in enumerate(items, first) for each in self.offer(seq, item, now)]

        def head_is(self, seq: int, now: float) -> None:
            self._follower.head(1, seq, now)

        def missing(self, now: float) -> range:
            wanted: range = self._follower.missing(now)
            return wanted

    return InOrder


async def live(answer: ModuleType, stage: "Stage") -> str:
    from simulation.course.exercises.resume.watched import run

    return await run(answer, stage)


EXERCISE = Exercise(
    lesson="06",
    place=1,
    name="resume",
    title="Everything once and in order, from a broker that loses things",
    kind="protocol",
    wants=("Follower",),
    checks=(
        Check("what comes out of order or twice is passed on once, in order", once_in_order),
        Check("a straggler within 50 ms needs no question", patient),
        Check("a gap that stays is asked for once, after 50 ms", asks_once),
        Check("where one event of three is lost, nobody falls behind", keeps_up),
        Check("a lost last event is found by the head, and asked for again", finds_the_last),
        Check("a new epoch begins at 1, and the old one is over", new_epoch),
    ),
    places=(Place("reference_impl.stream_hub", "Sequencer", _dressed),),
    live=live,
)
