"""One run in the model: the server's write path with its rules and a scorer, its log, hub and edge, and takings-back.

What a question to the scorer costs the server is left out, and a commit does not slow the event loop down: neither has
much to do here. Everything else has measured costs.
"""

import simpy

from reference_impl.moderation.rules import RulesLayer
from reference_impl.moderation.scoring import UNSCORED, Correction
from reference_impl.moderation.verdict import Pipeline, Submission
from reference_impl.policy.batching import GroupCommitConfig
from reference_impl.policy.coalescing import CoalescingConfig
from reference_impl.policy.ordering import OrderingConfig
from reference_impl.policy.repetition import RepetitionConfig
from reference_impl.protocol.streams import Action, StreamSettings
from simulation.calibration import Calibration
from simulation.experiments.moderation_budget.measured import Comment, Run
from simulation.experiments.moderation_budget.plan import Size, Variant, crowd
from simulation.experiments.moderation_budget.scorer import Questions
from simulation.model.broker import Broker
from simulation.model.edge import Edge
from simulation.model.event_loop import EventLoop, Steps
from simulation.model.hub import StreamHub
from simulation.model.log import Log, Stamps
from simulation.replications import Streams

STREAM = "final"
SETTINGS = StreamSettings()


class Simulated:
    """The rooms of a server's process, and the scorer beside it."""

    def __init__(self, variant: Variant, size: Size, costs: Calibration, streams: Streams) -> None:
        self._env = env = simpy.Environment()
        self._size, self._costs, self._rng = size, costs, streams.random("services")
        self._crowd = crowd(size, streams)
        self._loop = EventLoop(env)
        self._edge = Edge(
            env, self._loop, lambda gap_s, events: costs.fan_out(env.now, size.viewers, gap_s, events, self._rng)
        )
        hub = StreamHub(
            env, self._loop, self._edge, CoalescingConfig(), OrderingConfig(), read=lambda missing: missing,
            slack=lambda: costs.timer_slack(self._rng),
        )  # fmt: skip
        self._broker = Broker(env, self._loop, hub, costs, self._rng, lambda: self._edge.idle_s)
        self._log = Log(
            env, self._loop, GroupCommitConfig(),
            lambda comments: costs.commit(env.now, self._edge.idle_s, comments, self._rng), self._durable,
        )  # fmt: skip
        window_s = RepetitionConfig().window_s / size.speed
        self._rules = Pipeline([RulesLayer(RepetitionConfig(window_s=window_s))])
        self._questions = Questions(env, variant, size, streams.random("breaker"))
        self._held: dict[int, Stamps] = {}  # by identity: on their way into the queue of held comments
        self.comments: list[Comment] = []

    def run(self) -> Run:
        """All posts, to the end of everything that they set off."""
        self._env.process(self._authors())
        self._env.run()
        return Run(
            self._size, self._crowd, self.comments, self._broker.published, self._edge.fan_outs,
            self._questions.waiting_most,
        )  # fmt: skip

    def _authors(self) -> Steps:
        for number, post in enumerate(self._crowd.posts):
            yield self._env.timeout(max(0.0, post.at_s - self._env.now))
            comment = Comment(number, post.at_s)
            self.comments.append(comment)
            self._env.process(self._post(comment))

    def _post(self, comment: Comment) -> Steps:
        cost = self._costs.post(self._env.now, self._env.now - self._loop.active_at, self._rng)
        yield self._env.timeout(cost.ingress_s)
        yield from self._loop.run(0.0)  # it is read, and handled behind whatever was read with it
        yield from self._loop.run(cost.api_s)
        post = self._crowd.posts[comment.number]
        submission = Submission(stream=STREAM, author=post.author, text=post.text, settings=SETTINGS)
        comment.verdict = self._rules.judge(submission, self._env.now)
        stored = self._env.event()
        if comment.verdict.action is Action.ALLOW:
            yield from self._review(comment, stored)
        if comment.verdict.action is not Action.DENY:
            entry = Stamps(post.at_s)
            if comment.verdict.action is Action.ALLOW:
                comment.entry = entry
            yield from self._append(entry, held=comment.entry is None)
            self._rules.accepted(submission, self._env.now)
        comment.answered_s = self._env.now
        stored.succeed()
        if comment.reviewed and not self._questions.scoring.config.waits:
            yield from self._questions.follow_up(self._pace(comment), lambda: self._heard(comment, stored))
            comment.fell_back = not comment.scored

    def _review(self, comment: Comment, stored: simpy.Event) -> Steps:
        """What comes after the rules: a verdict at once, or one that is waited for."""
        comment.reviewed = True
        if self._questions.scoring.config.waits:
            comment.verdict = yield from self._questions.wait(
                self._score(comment), self._pace(comment), lambda: self._heard(comment, stored)
            )
            comment.fell_back = comment.verdict.reason == UNSCORED
            yield from self._loop.run(0.0)  # the callback that goes on with it

    def _heard(self, comment: Comment, stored: simpy.Event) -> None:
        """A score has come after the verdict."""
        comment.scored = True
        correction = self._questions.scoring.corrected(comment.verdict, self._score(comment))
        if correction in (Correction.REMOVE, Correction.RELEASE):
            self._env.process(self._correct(comment, correction, stored))

    def _correct(self, comment: Comment, correction: Correction, stored: simpy.Event) -> Steps:
        yield stored
        entry = Stamps(comment.at_s)
        if correction is Correction.REMOVE:
            comment.removal = entry
        else:
            comment.entry = entry
        yield from self._append(entry)

    def _append(self, entry: Stamps, *, held: bool = False) -> Steps:
        """Into the log, or into the queue of held comments, until it is durable."""
        entry.answered = self._env.event()
        if held:
            self._held[id(entry)] = entry
        if not self._log.append(entry):
            raise ValueError("the log's queue is full, which is not what is asked about here")
        yield entry.answered

    def _durable(self, batch: list[Stamps]) -> Steps:
        """What is held is told to nobody but its author."""
        held = [self._held.pop(id(entry), None) for entry in batch]
        public = [entry for entry, kept in zip(batch, held, strict=True) if kept is None]
        for entry in filter(None, held):
            entry.answer()
        if public:
            yield from self._broker.publish(public)

    def _score(self, comment: Comment) -> float:
        return float(self._crowd.scores[comment.number])

    def _pace(self, comment: Comment) -> float:
        return float(self._crowd.paces[comment.number])
