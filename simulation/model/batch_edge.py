"""An edge of many like viewers without an event per delivery, nor per comment: a fan-out is one step.

The same steps as `StreamHub` on an `Edge` in SimPy takes, by the same `Sequencer`, `DisplayBudget` and
`CoalescingWindow`, but on a clock of its own: an edge that nobody disturbs need not share a heap of events with others.
Messages that come while the window collects are taken by one call of each policy, which changes nothing (the policies'
batch calls equal single ones). A fan-out's deliveries are one interval: the viewer at rank r of n receives at
``start + lag + r / n * span``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from reference_impl.policy.coalescing import CoalescingConfig, CoalescingWindow
from reference_impl.policy.display_budget import Candidate, DisplayBudget, DisplayBudgetConfig
from reference_impl.policy.ordering import OrderingConfig, Sequencer
from reference_impl.policy.timer import next_wake
from simulation.model.costs import EdgeCosts


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgePolicies:
    """``budget`` None shows everything."""

    coalescing: CoalescingConfig = field(default_factory=CoalescingConfig)
    ordering: OrderingConfig = field(default_factory=OrderingConfig)
    budget: DisplayBudgetConfig | None = None


@dataclass(slots=True)
class FanOuts:
    """One entry per fan-out: when it began, how long it took, and how many of ``seqs`` it had, which follow on."""

    starts_s: list[float] = field(default_factory=list)
    durations_s: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    seqs: list[int] = field(default_factory=list)


class BatchEdge:
    """``comments`` are all of the stream, so that ``comments[seq - 1]`` is what a budget is asked about."""

    def __init__(
        self, viewers: int, policies: EdgePolicies, costs: EdgeCosts, comments: Sequence[Candidate[int]] = ()
    ) -> None:
        self.fan_outs = FanOuts()
        self.busy_s = 0.0
        self._viewers = viewers
        self._costs = costs
        self._comments = comments
        self._window: CoalescingWindow[int] = CoalescingWindow(policies.coalescing)
        self._sequencer: Sequencer[int] = Sequencer(policies.ordering, next_seq=1)
        self._budget: DisplayBudget[int] | None = DisplayBudget(policies.budget) if policies.budget else None
        self._now = 0.0  # until when the loop is taken
        self._timer_at: float | None = None

    def run(self, seqs: Sequence[int], arrivals_s: Sequence[float]) -> FanOuts:
        """Take messages in the order of their arrival, and fan them out to the last."""
        at, count = 0, len(seqs)
        in_order = self._budget is None and list(seqs) == list(range(1, count + 1))
        while True:
            due_s = self._timer_at
            if due_s is not None and (at == count or due_s < arrivals_s[at]):
                self._wake(due_s)
            elif at == count:
                return self.fan_outs
            elif in_order:
                at = self._take_stretch(at, count, arrivals_s)
            else:
                self._take(seqs[at], arrivals_s[at])
                at += 1

    def _take_stretch(self, at: int, count: int, arrivals_s: Sequence[float]) -> int:
        """Take messages up to the first that something comes of; answer which is next."""
        receive_s, now, first = self._costs.receive_s, self._now, at
        quiet_until, last = self._window.quiet_until, min(count, at + self._window.room)
        until = quiet_until if self._timer_at is None else min(quiet_until, self._timer_at)
        while at < last and (at == first or arrivals_s[at] < until):
            now = max(now, arrivals_s[at]) + receive_s
            at += 1
            if now >= quiet_until:
                break
        self.busy_s += receive_s * (at - first)
        if at - first > 1:  # all but the last were collected, and so the timer was set
            self._timer_at = until
        self._now = now
        released = self._sequencer.offer_all(first + 1, range(first + 1, at + 1), now)
        self._send(self._window.offer_all(released, now))
        self._arm()
        return at

    def _take(self, seq: int, arrived_s: float) -> None:
        self.busy_s += self._costs.receive_s
        self._now = max(self._now, arrived_s) + self._costs.receive_s
        self._release(seq)

    def _release(self, seq: int) -> None:
        now = self._now
        for released in self._sequencer.offer(seq, seq, now):
            if self._budget is None:
                self._send(self._window.offer(released, now))
            else:
                shown = self._budget.offer(self._comments[released - 1], now)
                self._show([each.item for each in shown], now)
        self._arm()

    def _show(self, seqs: list[int], now: float) -> None:
        if seqs:
            self._send(self._window.offer_all(seqs, now))

    def _arm(self, woken_at: float | None = None) -> None:
        """Set the timer as the hub does: one that is set for earlier is left to look again by itself."""
        budget_s = self._budget.deadline if self._budget else None
        at = next_wake(self._window.deadline, self._sequencer.deadline, budget_s, woken_at=woken_at)
        if at is not None and (self._timer_at is None or at < self._timer_at):
            self._timer_at = at

    def _wake(self, due_s: float) -> None:
        now = self._now = max(self._now, due_s)
        self._timer_at = None
        if self._budget is not None:
            self._show([each.item for each in self._budget.flush(now)], now)
        self._send(self._window.flush(now))
        missing = self._sequencer.missing(now)
        self._arm(woken_at=now)
        for seq in missing:
            self._release(seq)

    def _send(self, batch: list[int]) -> None:
        if not batch:
            return
        duration_s = self._viewers * self._costs.send(len(batch))
        self.fan_outs.starts_s.append(self._now)
        self.fan_outs.durations_s.append(duration_s)
        self.fan_outs.sizes.append(len(batch))
        self.fan_outs.seqs += batch
        self.busy_s += duration_s
        self._now += duration_s
        self._window.sent(self._now)
