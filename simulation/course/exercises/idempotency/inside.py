"""The server's write path with the answer's keys before it: the server's own never see one, so they cannot help."""

from dataclasses import replace
from types import ModuleType
from typing import Any

from reference_impl.auth.identity import Identity
from reference_impl.ports import Clock
from reference_impl.protocol import problem
from reference_impl.protocol.problem import Problem
from reference_impl.write_path import NewComment, Posted, WritePath

LIFETIME_S = 3_600.0
AGAIN_S = 0.05


def with_keys(answer: ModuleType) -> type[WritePath]:
    """A write path that asks ``answer.Keys``."""

    class Keyed(WritePath):
        def __init__(self, *parts: Any, clock: Clock, **others: Any) -> None:
            super().__init__(*parts, clock=clock, **others)
            self._keys = answer.Keys(LIFETIME_S)
            self._now = clock

        async def post(self, stream: str, identity: Identity | None, new: NewComment, received_s: float) -> Posted:
            if new.key is None or identity is None:
                return await super().post(stream, identity, new, received_s)
            user, key = new.author.user if new.author else identity.user, f"{stream} {new.key}"
            what, first = self._keys.begin(user, key, (new.text, new.parent), self._now())
            if what == "replay":
                return Posted(replace(first, replayed=True), {})
            if what == "in-flight":
                raise Problem(problem.IN_FLIGHT, "ask again when the first request is through", AGAIN_S)
            if what == "reused":
                raise Problem(problem.KEY_REUSED, "the first request was another one")
            try:
                posted = await super().post(stream, identity, replace(new, key=None), received_s)
            except BaseException:
                self._keys.failed(user, key, self._now())
                raise
            self._keys.stored(user, key, posted.answer, self._now())
            return posted

    return Keyed
