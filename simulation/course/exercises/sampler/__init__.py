"""A sample that is the same on every edge, fair, and accounted for."""

from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import strategies as st

from simulation.course.exercise import Check, Exercise, Misconception, Place, every

if TYPE_CHECKING:
    from simulation.course.live import Stage

SEED = "final"


class Comment(NamedTuple):
    seq: int
    id: str
    author: str
    priority: bool = False


def comments(first: int, authors: Sequence[str], priority: Sequence[bool] = ()) -> list[Comment]:
    """A window of the log: ids that grow with time, as a UUIDv7's do, and differ otherwise as if by chance."""
    from random import Random

    bits = Random(first)
    flags = [*priority, *(False for _ in authors[len(priority) :])]
    return [
        Comment(seq, f"019a9f3c-{seq:04x}-7{bits.getrandbits(12):03x}-{bits.getrandbits(64):016x}", author, flag)
        for seq, (author, flag) in enumerate(zip(authors, flags, strict=True), first)
    ]


WINDOWS = st.lists(st.booleans(), max_size=25).map(
    lambda flags: comments(100, [f"u{number % 7}" for number in range(len(flags))], flags)
)
BUDGETS = st.integers(0, 8)


def in_words(window: Sequence[Comment]) -> str:
    return "[" + ", ".join(f"{each.seq}{' with priority' if each.priority else ''}" for each in window) + "]"


def as_many_as_allowed(answer: ModuleType) -> str:
    def holds(case: tuple[list[Comment], int]) -> None:
        window, budget = case
        chosen = list(answer.choose(window, budget, SEED))
        ordinary = sum(not each.priority for each in window)
        seen = f"of the comments {in_words(window)} and a budget of {budget}, {in_words(chosen)} were chosen"
        if [each for each in window if each in chosen] != chosen:
            raise Misconception(
                f"{seen}. What is shown is a part of the window in the log's order, each once: viewers read top to "
                "bottom, and a client takes what comes with a smaller number for something that it has had."
            )
        if any(each.priority and each not in chosen for each in window):
            raise Misconception(
                f"{seen}: one of priority is missing. The host's words, and whatever else everybody must see, are not "
                "subject to a sample, even where nothing is left of the budget."
            )
        shown, allowed = sum(not each.priority for each in chosen), min(budget, ordinary)
        if shown == allowed:
            return
        if len(chosen) == max(len(window) - ordinary, min(budget, len(window))):
            raise Misconception(
                f"{seen}: priority has been paid out of the budget. Then a host who writes much silences everybody "
                "else; the budget is that of the ordinary ones."
            )
        raise Misconception(f"{seen}: {shown} ordinary ones, where the budget allows {allowed}.")

    return every(st.tuples(WINDOWS, BUDGETS), holds)


def the_same_everywhere(answer: ModuleType) -> str:
    from simulation.course.exercises.sampler.elsewhere import chosen_elsewhere

    windows = [comments(1000 * number, [f"u{author}" for author in range(30)]) for number in range(1, 41)]
    here = [[each.seq for each in answer.choose(window, 5, SEED)] for window in windows]
    for window, chosen in zip(windows, here, strict=True):
        again = [each.seq for each in answer.choose(window, 5, SEED)]
        if again != chosen:
            raise Misconception(
                f"asked twice about the same 30 comments, {chosen} and {again} were chosen. A sample that is drawn by "
                "chance is another one on every edge: two friends side by side see different chats, and whoever "
                "reconnects to another edge sees a third. Chance has to come from the comment itself."
            )
        fewer = [each.seq for each in answer.choose(window, 3, SEED)]
        if not set(fewer) <= set(chosen):
            raise Misconception(
                f"with a budget of 5 {chosen} are chosen, with one of 3 {fewer}, which are not all among them. An "
                "overloaded edge shows fewer, and nothing that the others do not show. Give each comment a rank of "
                "its own, whatever the budget, and show the lowest."
            )
    for chosen, there in zip(here, chosen_elsewhere(answer, windows, 5, SEED), strict=True):
        if there != chosen:
            raise Misconception(
                f"in this process {chosen} are chosen of 30 comments, in another one {there}. Python's `hash` of a "
                "text is salted, differently in each process, and each edge is one. A hash that is written down "
                "somewhere is the same everywhere: `hashlib.blake2b`, say."
            )
    return f"{len(windows)} windows, two processes"


WINDOWS_FAIR, AUTHORS, SHOWN = 1_000, 20, 2
EXPECTED = WINDOWS_FAIR * SHOWN / AUTHORS
FAIR = 0.5, 1.5  # of what is expected: five standard deviations


def fair(answer: ModuleType) -> str:
    from random import Random

    rng, order = Random(1), [f"u{number}" for number in range(AUTHORS)]
    by_place, by_author = dict.fromkeys(range(AUTHORS), 0), dict.fromkeys(order, 0)
    other = 0
    for number in range(WINDOWS_FAIR):
        rng.shuffle(order)
        window = comments(100 * number, order)
        chosen = answer.choose(window, SHOWN, SEED)
        other += chosen != answer.choose(window, SHOWN, "semifinal")
        for each in chosen:
            by_place[each.seq - window[0].seq] += 1
            by_author[each.author] += 1
    seen = f"{AUTHORS} authors write a comment each in {WINDOWS_FAIR:,} windows, of which {SHOWN} are shown"
    place, times = max(by_place.items(), key=lambda item: abs(item[1] - EXPECTED))
    if not FAIR[0] < times / EXPECTED < FAIR[1]:
        raise Misconception(
            f"{seen}. That in place {place + 1} of the window was shown {times} times, where chance makes it "
            f"{EXPECTED:g}. Whoever knows the place, or is nearest to the server, is always seen, and the others never "
            "(an id that begins with the time ranks by place, too)."
        )
    author, times = max(by_author.items(), key=lambda item: abs(item[1] - EXPECTED))
    if not FAIR[0] < times / EXPECTED < FAIR[1]:
        raise Misconception(
            f"{seen}. {author} was shown {times} times, where chance makes it {EXPECTED:g}. A rank by author lets the "
            "same ones be seen for the whole evening: hash the comment, not who wrote it."
        )
    if other < WINDOWS_FAIR / 2:
        raise Misconception(
            f"the same comments under another stream's seed: {other} of {WINDOWS_FAIR:,} samples differ. A rank "
            "without the seed is known to anybody who can try ids until one ranks low."
        )
    return f"{min(by_author.values())} to {max(by_author.values())} times each, {EXPECTED:g} expected"


def own_echo(answer: ModuleType) -> str:
    def holds(case: tuple[list[Comment], list[bool], int]) -> None:
        window, flags, number = case
        chosen = [each for each, flag in zip(window, flags, strict=False) if flag]
        viewer, before = f"u{number}", list(chosen)
        seen = list(answer.shown_to(viewer, window, chosen))
        right = [each for each in window if each in before or each.author == viewer]
        told = f"{in_words(before)} of {in_words(window)} were chosen, and {viewer} is shown {in_words(seen)}"
        if chosen != before:
            raise Misconception(
                f"{told}, and what was chosen has become {in_words(chosen)}. That list is everybody's: what one viewer "
                "is shown besides is his alone."
            )
        if missing := [each for each in right if each not in seen]:
            own = any(each.author == viewer for each in missing)
            raise Misconception(
                f"{told}: {in_words(missing)} is missing"
                + (", which he wrote himself. Whoever does not see his own comment posts it again." if own else ".")
            )
        if seen != right:
            raise Misconception(f"{told}, and not {in_words(right)}: in the log's order, each once, and no one else's.")

    flags = st.lists(st.booleans(), min_size=25, max_size=25)
    return every(st.tuples(WINDOWS, flags, st.integers(0, 6)), holds)


def counts_add_up(answer: ModuleType) -> str:
    def holds(case: tuple[int, list[bool]]) -> None:
        first, flags = case
        last = first + len(flags) - 1
        shown = [seq for seq, flag in enumerate(flags, first) if flag]
        right = {"from": first, "to": last, "shown": len(shown), "dropped": flags.count(False)}
        told = answer.account(first, last, shown)
        seen = f"of {first} to {last}, {shown} were shown, and {told} is told"
        if all(flags):
            if told is not None:
                raise Misconception(f"{seen}. Nothing was left out: there is nothing to be told, on any quiet day.")
        elif told != right:
            raise Misconception(
                f"{seen}, and not {right}. From 3 to 3 is one number: a client adds up shown and dropped, and when "
                "the sum is not to - from + 1 it takes the rest for lost, and asks for it."
            )

    return every(st.tuples(st.integers(1, 10_000), st.lists(st.booleans(), min_size=1, max_size=20)), holds)


async def live(answer: ModuleType, stage: "Stage") -> str:
    from simulation.course.exercises.sampler.crowd import followed

    return await followed(stage)


def _budget(answer: ModuleType) -> object:
    from simulation.course.exercises.sampler.dressed import budget

    return budget(answer)


def _accounting(answer: ModuleType) -> object:
    from simulation.course.exercises.sampler.dressed import accounting

    return accounting(answer)


EXERCISE = Exercise(
    lesson="01",
    place=2,
    name="sampler",
    title="A sample that is the same on every edge, fair and accounted for",
    kind="policy",
    wants=("choose", "shown_to", "account"),
    checks=(
        Check("priority always; of the others as many as the budget allows, in order", as_many_as_allowed),
        Check("every edge chooses the same, an overloaded one a part of it", the_same_everywhere),
        Check("every comment has the same chance, by place and by author", fair),
        Check("whoever wrote is shown his own", own_echo),
        Check("the counts add up", counts_add_up),
    ),
    places=(
        Place("reference_impl.room", "DisplayBudget", _budget),
        Place("reference_impl.room", "shown_of", _accounting),
    ),
    live=live,
)
