"""The same posts through each of the two write paths: the server's, on asyncio, and the model's, on SimPy."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

import simpy

from reference_impl.admission import Admissions
from reference_impl.auth.identity import Capability, Grant, Identity
from reference_impl.catalog import Catalog
from reference_impl.group_commit import GroupCommit
from reference_impl.moderation.rules import RulesLayer
from reference_impl.moderation.verdict import Pipeline
from reference_impl.policy.batching import GroupCommitConfig
from reference_impl.policy.rate import RateConfig, RateLimiter
from reference_impl.policy.repetition import RepetitionConfig
from reference_impl.ports import Aggregate, Answer, Appended, Clock, Published
from reference_impl.protocol.cursor import Cursor
from reference_impl.protocol.events import Draft, Event
from reference_impl.protocol.problem import Problem
from reference_impl.protocol.streams import Action, Display, RuleSettings, State, Stream, StreamSettings
from reference_impl.write_path import NewComment, WritePath
from simulation.model.costs import CommitCost
from simulation.model.event_loop import EventLoop, Steps
from simulation.model.log import Log, Stamps
from simulation.virtual_time import run
from tests.parity.traces import bursty_times

Post = tuple[float, str]


def posts(seed: int, count: int, authors: int) -> list[Post]:
    """Bursty posts, (time, author), of which a few authors write the most."""
    rng = Random(seed)
    return [(at, f"author{int(authors * rng.random() ** 2)}") for at in bursty_times(rng, count)]


def commit_s(comments: int) -> float:
    return 0.006 + 0.0005 * comments


@dataclass
class Outcome:
    """``commits`` has the end of each commit and when its posts were meant to go; ``refused`` holds posts' times."""

    commits: list[tuple[float, list[float]]] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)

    @property
    def committed(self) -> list[float]:
        return [at for _, batch in self.commits for at in batch]


class SlowLog:
    """Takes the commit's time; a draft carries the time of its post as its text."""

    epoch = 1

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome

    async def append(self, drafts: Sequence[Draft]) -> list[Answer]:
        await asyncio.sleep(commit_s(len(drafts)))
        first = len(self._outcome.committed) + 1
        now = asyncio.get_running_loop().time()
        self._outcome.commits.append((now, [float(draft.data["text"]) for draft in drafts]))
        return [Appended(Event.of(draft, Cursor(1, seq), 0)) for seq, draft in enumerate(drafts, first)]

    async def read(self, stream: str, *, first: int, last: int) -> list[Event]:
        raise NotImplementedError("nobody reads")

    async def heads(self, streams: Sequence[str]) -> dict[str, int]:
        raise NotImplementedError("nobody reads")

    async def replay(self, draft: Draft) -> Answer | None:
        raise NotImplementedError("nobody repeats")

    async def close(self) -> None:
        pass


class OneStream:
    """A directory with one stream, on which nobody has a profile."""

    async def stream(self, name: str) -> Stream:
        settings = StreamSettings(rules=RuleSettings(repeated=Action.ALLOW))
        return Stream(name=name, title=name, owner="", state=State.OPEN, settings=settings, opened_at_ms=0)

    async def bans(self, stream: str) -> dict[str, int | None]:
        return {}

    async def profile(self, user: str) -> None:
        return None


class NoBroker:
    """Nobody listens."""

    def publish(self, message: Published | Aggregate) -> None:
        pass

    def subscribe(self, receive: object) -> None:
        pass

    def follow(self, stream: str) -> None:
        pass

    def forget(self, stream: str) -> None:
        pass


def reader(user: str) -> Identity:
    grant = Grant(streams=frozenset({"match"}), highest=Capability.POST)
    return Identity(user=user, name=None, grants=(grant,), expires_at=float("inf"))


def path_to(log: SlowLog, queue: GroupCommit, rate: RateConfig, clock: Clock) -> WritePath:
    """The server's write path, with nothing around it."""
    catalog = Catalog(OneStream(), None, make_streams=False, display=Display.ALL, clock=clock, wall_clock=clock)  # type: ignore[arg-type]
    moderation = Pipeline([RulesLayer(RepetitionConfig())])
    return WritePath(
        log, queue, catalog, Admissions(rate, rate), moderation, clock=clock, wall_clock=clock, new_id=lambda: "id"
    )


def live_outcome(load: list[Post], rate: RateConfig, commits: GroupCommitConfig) -> Outcome:
    outcome = Outcome()

    async def main() -> None:
        clock = asyncio.get_running_loop().time
        log = SlowLog(outcome)
        queue = GroupCommit(log, NoBroker(), commits, clock)
        path = path_to(log, queue, rate, clock)

        async def post(at: float, author: str) -> None:
            await asyncio.sleep(at)
            try:
                await path.post("match", reader(author), NewComment(repr(at)), at)
            except Problem:
                outcome.refused.append(at)

        await asyncio.gather(*(post(at, author) for at, author in load))
        await queue.drain()

    run(main())
    return outcome


def simulated_outcome(load: list[Post], rate: RateConfig, commits: GroupCommitConfig) -> Outcome:
    env, outcome = simpy.Environment(), Outcome()
    loop, limiter = EventLoop(env), RateLimiter(rate)

    def durable(batch: list[Stamps]) -> Steps:
        outcome.commits.append((env.now, [stamps.intended_s for stamps in batch]))
        yield from ()

    log = Log(env, loop, commits, lambda comments: CommitCost(0.0, 0.0, commit_s(comments), 0.0), durable)

    def post(at: float, author: str) -> Steps:
        yield env.timeout(at)
        with loop.turn() as turn:
            yield turn
            if not limiter.admit(author, env.now).admitted or not log.append(Stamps(at)):
                outcome.refused.append(at)

    for at, author in load:
        env.process(post(at, author))
    env.run()
    return outcome
