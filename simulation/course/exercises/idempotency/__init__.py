"""Write the idempotency keys: what an author repeats takes effect once, and nobody else's request does for it."""

from collections import Counter
from collections.abc import Generator
from random import Random
from types import ModuleType
from typing import TYPE_CHECKING, Any

import simpy

from simulation.course.exercise import Check, Exercise, Misconception, Place

if TYPE_CHECKING:
    from simulation.course.live import Stage

LIFETIME_S = 3_600.0
VERDICTS = ("store", "replay", "in-flight", "reused")
COMMENTS = 1_000
LOST_SHARE = 0.05  # of requests, and of answers
FAILED_SHARE = 0.05  # of what is to be stored
PATIENCE_S = 0.040  # of an author; storing takes up to twice as long
BUSY = 3_000  # keys of others within a lifetime


def begin(keys: Any, user: str, key: str, body: str, now: float) -> tuple[str, Any]:
    """What the answer says, as long as that can be understood."""
    said = keys.begin(user, key, "".join(list(body)), now)  # equal to the one before, and not the same object
    if not isinstance(said, tuple) or len(said) != 2 or said[0] not in VERDICTS:
        raise Misconception(
            f"begin() answered {said!r}; it is a pair, of which the first is one of {', '.join(VERDICTS)}."
        )
    return said


def stored_once(keys: Any, user: str, key: str, body: str, now: float) -> str:
    """A first request, from its beginning to its end; the answer."""
    what, _ = begin(keys, user, key, body, now)
    if what != "store":
        raise Misconception(
            f"the very first request with a key was told {what!r}; it has to be stored. Is what is known kept in the "
            "class, or the module? Then all `Keys` have the same."
        )
    answer = f"stored {body!r} of {user}"
    keys.stored(user, key, answer, now)
    return answer


def replays(answer: ModuleType) -> str:
    keys = answer.Keys(LIFETIME_S)
    first = stored_once(keys, "ada", "k1", "Goal!", 0.0)
    for now in (1.0, 60.0):
        what, given = begin(keys, "ada", "k1", "Goal!", now)
        if what == "store":
            raise Misconception(
                "ada's answer was lost, she repeats her request with the same key, and it is to be stored again: "
                "everybody reads her comment twice. What has been stored is answered from memory."
            )
        if (what, given) != ("replay", first):
            raise Misconception(
                f"ada repeats what was stored, and is told {(what, given)!r}. She has to get the first answer, with "
                "the comment's id and place: she cannot know that there was one."
            )
    return "the first answer, twice"


def compares(answer: ModuleType) -> str:
    keys = answer.Keys(LIFETIME_S)
    stored_once(keys, "ada", "k1", "Goal!", 0.0)
    what, given = begin(keys, "ada", "k1", "Offside!", 1.0)
    if what != "reused":
        raise Misconception(
            f"ada posts 'Offside!' with the key of her 'Goal!', and is told {(what, given)!r}. Whoever compares "
            "nothing answers that it is stored, and it is gone for ever; a client that uses a key twice has a "
            "mistake in it that it must hear of. Keep the body, or a digest of it, with the key."
        )
    return "refused"


def in_flight(answer: ModuleType) -> str:
    keys = answer.Keys(LIFETIME_S)
    begin(keys, "ada", "k1", "Goal!", 0.0)
    what, given = begin(keys, "ada", "k1", "Goal!", 0.05)
    if what == "store":
        raise Misconception(
            "ada's connection breaks after 50 ms, her first request is still being stored, and the repeat is to be "
            "stored as well: twice. A key that is written down when the comment is durable comes too late for a "
            "repeat that overtakes it: note it when the request begins."
        )
    if what != "in-flight":
        raise Misconception(
            f"while the first request is on its way the second is told {(what, given)!r}. There is no answer yet, "
            "and the first may still fail: whoever says that it is stored before it is promises what nobody may "
            "keep."
        )
    if begin(keys, "ada", "k1", "Offside!", 0.06)[0] == "store":
        raise Misconception("the key of a request that is on its way came with another body, and that is to be stored.")
    keys.stored("ada", "k1", "done", 0.1)
    if begin(keys, "ada", "k1", "Goal!", 0.2) != ("replay", "done"):
        raise Misconception("when the first request is through, a repeat is not told its answer.")
    return "told so"


def after_a_failure(answer: ModuleType) -> str:
    keys = answer.Keys(LIFETIME_S)
    begin(keys, "ada", "k1", "Goal!", 0.0)
    keys.failed("ada", "k1", 0.1)
    what, given = begin(keys, "ada", "k1", "Goal!", 1.0)
    if what != "store":
        raise Misconception(
            f"the log was away and nothing was stored; ada tries again, and is told {(what, given)!r}. Her comment "
            "is never stored: a key that stands for good from the beginning makes one failure final. What has "
            "failed leaves nothing behind."
        )
    return "stored at the second try"


def of_each_user(answer: ModuleType) -> str:
    keys = answer.Keys(LIFETIME_S)
    stored_once(keys, "ada", "1", "Goal!", 0.0)
    what, given = begin(keys, "bo", "1", "Goal!", 1.0)
    if what != "store":
        raise Misconception(
            f"ada and bo both count their keys from 1; bo's first comment is told {(what, given)!r}. It is not "
            "stored, and he may be shown what somebody else was answered. A key means something only together with "
            "its user."
        )
    keys.stored("bo", "1", "bo's", 1.0)
    if begin(keys, "ada", "1", "Goal!", 2.0)[1] == "bo's":
        raise Misconception("ada repeats her comment and is told bo's answer: a key is its user's.")
    stored_once(keys, "ada", "11", "Goal!", 3.0)
    if (what := begin(keys, "ada1", "1", "Goal!", 3.0)[0]) != "store":
        raise Misconception(
            f"ada has used the key 11, and ada1's key 1 is told {what!r}: written one behind the other they are the "
            "same. Keep user and key as a pair."
        )
    return "each has his own"


def expires(answer: ModuleType) -> str:
    keys = answer.Keys(LIFETIME_S)
    first = stored_once(keys, "ada", "k1", "Goal!", 0.0)
    for number in range(BUSY):
        stored_once(keys, f"user{number}", "1", "Goal!", 1.0 + 0.9 * LIFETIME_S * number / BUSY)
    if (said := begin(keys, "ada", "k1", "Goal!", 0.95 * LIFETIME_S)) != ("replay", first):
        raise Misconception(
            f"within the lifetime, but after {BUSY:,} comments of others, ada's repeat is told {said!r}. A memory "
            "of so many keys forgets in a busy minute what it must know, which is just when answers are lost. "
            "Forget by time, and refuse new ones if there is no room."
        )
    newest = f"user{BUSY - 1}"
    if (said := begin(keys, newest, "1", "Goal!", 1.85 * LIFETIME_S))[0] != "replay":
        raise Misconception(
            f"stored at {0.9 * LIFETIME_S:,.0f} s, and not yet a lifetime old, {newest}'s comment is told {said!r} "
            f"when it is repeated at {1.85 * LIFETIME_S:,.0f} s. A table that is emptied once in a lifetime forgets "
            "the newest keys with the oldest; each has a lifetime of its own."
        )
    for number in range(BUSY):
        stored_once(keys, f"late{number}", "1", "Goal!", LIFETIME_S * (4 + number / BUSY))
    if (kept := _kept(keys)) > 1.5 * BUSY:
        raise Misconception(
            f"after four lifetimes {kept:,} keys are known, of which {BUSY:,} are alive. Everything that is kept "
            "needs an end: an hour is long enough for any repeat, and a table that grows for ever is an outage "
            "with a date."
        )
    return f"{kept:,} keys kept of {2 * BUSY:,}"


def _kept(keys: Any) -> int:
    """What the largest of its containers, or of those in them, holds in all."""
    most = 0
    for value in getattr(keys, "__dict__", {}).values():
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
        parts = [each for each in inner if isinstance(each, dict | set)]
        most = max(most, sum(map(len, parts)), len(value) if hasattr(value, "__len__") else 0)
    return most


def over_a_bad_network(answer: ModuleType) -> str:
    """Authors repeat until they are answered; requests and answers are lost, the log fails, and some are impatient."""
    env, keys, rng = simpy.Environment(), answer.Keys(LIFETIME_S), Random(5)
    stored, requests = Counter[int](), 0
    told: dict[int, Any] = {}

    def handle(number: int, reply: simpy.Event, user: str) -> Generator[simpy.Event, Any, None]:
        what, given = begin(keys, user, f"{number}", "Goal!", env.now)
        if what == "store":
            yield env.timeout(rng.uniform(0, 2 * PATIENCE_S))
            if rng.random() < FAILED_SHARE:
                keys.failed(user, f"{number}", env.now)
                return
            stored[number] += 1
            given = f"comment {number}"
            keys.stored(user, f"{number}", given, env.now)
        if what in ("store", "replay") and rng.random() >= LOST_SHARE and not reply.triggered:
            reply.succeed(given)

    def author(number: int) -> Generator[simpy.Event, Any, None]:
        nonlocal requests
        yield env.timeout(number / 100)
        while number not in told and env.now < 60:
            requests += 1
            reply = env.event()
            if rng.random() >= LOST_SHARE:
                env.process(handle(number, reply, f"user{number % 50}"))
            yield env.any_of([reply, env.timeout(PATIENCE_S)])
            if reply.triggered:
                told[number] = reply.value

    for number in range(COMMENTS):
        env.process(author(number))
    env.run(until=80)
    twice, never = sum(count > 1 for count in stored.values()), COMMENTS - len(stored)
    if twice or never or any(given != f"comment {number}" for number, given in told.items()):
        raise Misconception(
            f"{COMMENTS:,} authors over a network that loses 5% of requests and of answers, with a log that fails "
            f"now and then: {twice} comments are stored twice, {never} never."
        )
    return f"{COMMENTS:,} comments stored once, with {requests / COMMENTS:.2f} requests each"


def _dressed(answer: ModuleType) -> Any:
    from simulation.course.exercises.idempotency.inside import with_keys

    return with_keys(answer)


async def live(answer: ModuleType, stage: "Stage") -> str:
    from simulation.course.exercises.idempotency.watched import run

    return await run(stage)


EXERCISE = Exercise(
    lesson="06",
    place=2,
    name="idempotency",
    title="What is asked for again takes effect once",
    kind="policy",
    wants=("Keys",),
    checks=(
        Check("a repeat has the first answer, and nothing is stored again", replays),
        Check("the same key with another body is refused", compares),
        Check("while the first request is on its way a second one is told so", in_flight),
        Check("after a failure the next try is stored", after_a_failure),
        Check("two users may have the same key", of_each_user),
        Check("an answer is known for its lifetime, and forgotten then", expires),
        Check("a thousand comments over a bad network are stored once each", over_a_bad_network),
    ),
    places=(Place("reference_impl.wiring", "WritePath", _dressed),),
    live=live,
)
