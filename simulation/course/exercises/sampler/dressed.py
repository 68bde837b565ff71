"""The learner's sampler as the parts of the server that it replaces."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any

from reference_impl.policy.display_budget import Candidate, DisplayBudget
from reference_impl.protocol.events import encode_json
from reference_impl.protocol.message import Frame, Message, PartialFrame, Shedding
from simulation.course.exercises.sampler import Comment


class _AsTheServers(DisplayBudget[Any]):
    """Windows, allowances and timers are the server's; which comments of a crowded window are shown is the answer's."""

    __slots__ = ()
    answer: ModuleType

    def _lowest(self, candidates: list[Candidate[Any]], count: int) -> list[Candidate[Any]]:
        window = [Comment(each.seq, each.id, each.item.room_key, each.priority) for each in candidates]
        chosen = {each.seq for each in self.answer.choose(window, count, self._config.seed)}
        return [each for each in candidates if each.seq in chosen]


def budget(answer: ModuleType) -> type[DisplayBudget[Any]]:
    return type("Budget", (_AsTheServers,), {"__slots__": (), "answer": answer})


def accounting(answer: ModuleType) -> Callable[[int, int, int, Sequence[Message], Shedding], Frame]:
    """As `shown_of`, with the answer's own figures."""

    def shown_of(epoch: int, first: int, last: int, shown: Sequence[Message], shedding: Shedding) -> Frame:
        told = answer.account(first, last, [message.seq for message in shown])
        if told is None:
            return Frame(shown, first, last)
        frame = PartialFrame(epoch, first, last, shown, shedding)
        data = {**told, "window_ms": shedding.window_ms, "reason": shedding.reason}
        frame.messages = (*frame.messages[:-1], replace(frame.messages[-1], data=encode_json(data)))
        return frame

    return shown_of
