"""A shared cache of newest comments, as Redis is: nodes with one thread each, and windows that end when nobody reads.

A node that is killed refuses at once and has forgotten everything; one that is stopped is silent. Which node has a copy
of a window is what a cluster's slots say (redis.io, "Redis cluster specification", key distribution).
"""

from binascii import crc_hqx
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import simpy

from reference_impl.policy.recent_window import Recall, RecentConfig, Wanted, Window, recall
from simulation.model.core import Core
from simulation.model.event_loop import EventLoop, Steps

SLOTS = 16_384
IDLE_S = 300.0  # a window that nobody reads is forgotten, as the server has it
ANSWER_S = 1.0  # after which a client takes a silent node for dead, as the server has it
COPIES_S = 60.0  # writers bring everything to all copies for so long after a reader has wanted them

T = TypeVar("T")
Asking = Generator[simpy.Event, Any, T]

Key = tuple[str, int]
"""A stream, and which copy of its window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheCosts:
    """``hop_s`` is one way; the others are what a command takes a node's thread."""

    hop_s: float = 0.0
    recall_s: float = 0.0  # of a window that is there
    miss_s: float = 0.0
    build_s: float = 0.0
    remember_s: float = 0.0


class Found(NamedTuple):
    recall: Recall
    window: Window = Window(1, 0, 0)
    age_s: float = 0.0
    cost_s: float = 0.0


@dataclass(slots=True)
class _Kept:
    window: Window
    made_s: float
    cost_s: float
    until_s: float
    copies: int = 1
    copies_until_s: float = 0.0


class Node:
    """One server of the cache. ``commands`` counts what it has been asked."""

    def __init__(self, env: simpy.Environment, hop_s: float, core: Core | None = None) -> None:
        self._env = env
        self._hop_s = hop_s
        self._core = core
        self.kept: dict[Key, _Kept] = {}
        self.leases: dict[Key, float] = {}
        self.commands = 0
        self._waiting: dict[simpy.Event, None] = {}  # for an answer
        self.start()

    def start(self) -> None:
        self._thread = EventLoop(self._env, core=self._core)
        self._silent = False

    @property
    def busy_s(self) -> float:
        return self._thread.busy_s

    def kill(self) -> None:
        """Everything is gone, and connections are closed."""
        self._thread.kill()
        self.kept.clear()
        self.leases.clear()
        for answer in list(self._waiting):
            self._end(answer, None)

    def stop(self) -> None:
        """It is there, and answers nothing."""
        self._thread.stop()
        self._silent = True
        for answer in self._waiting:
            self._env.process(self._give_up(answer))

    def resume(self) -> None:
        self._thread.resume()
        self._silent = False

    def ask(self, cost_s: Callable[[], float], command: Callable[[], T]) -> Asking[T | None]:
        """What a command answers; None: it could not be asked, or was not answered."""
        if not self._thread.alive:
            return None
        self.commands += 1
        answer = self._env.event()
        self._waiting[answer] = None
        self._env.process(self._serve(cost_s, command, answer))
        if self._silent:
            self._env.process(self._give_up(answer))
        found: T | None = yield answer
        return found

    def _serve(self, cost_s: Callable[[], float], command: Callable[[], object], answer: simpy.Event) -> Steps:
        yield self._env.timeout(self._hop_s)
        with self._thread.turn() as turn:
            yield turn
            yield from self._thread.hold(cost_s())
            found = command()
        yield self._env.timeout(self._hop_s)
        self._end(answer, found)

    def _give_up(self, answer: simpy.Event) -> Steps:
        yield self._env.timeout(ANSWER_S)
        self._end(answer, None)

    def _end(self, answer: simpy.Event, found: object) -> None:
        if not answer.triggered:
            del self._waiting[answer]
            answer.succeed(found)


class Cache:
    """The windows on ``nodes``; all of its commands are steps of their caller, and answer None when it is away."""

    def __init__(
        self, env: simpy.Environment, config: RecentConfig, costs: CacheCosts, nodes: int = 1, core: Core | None = None
    ) -> None:
        self._env = env
        self._config = config
        self._costs = costs
        self.nodes = [Node(env, costs.hop_s, core) for _ in range(nodes)]

    def node_of(self, key: Key) -> Node:
        slot = crc_hqx(f"{key[0]}#{key[1]}".encode(), 0) % SLOTS
        return self.nodes[slot * len(self.nodes) // SLOTS]

    def recall(self, key: Key, copies: int, head: int, wanted: Wanted) -> Asking[Found | None]:
        node, costs = self.node_of(key), self._costs

        def cost_s() -> float:
            return costs.recall_s if self._there(node, key) else costs.miss_s

        return (yield from node.ask(cost_s, lambda: self._recall(node, key, copies, head, wanted)))

    def remember(self, key: Key, first: int, last: int) -> Asking[int | None]:
        """Bring a stretch of events to a copy of a window; the answer is how many copies there are."""
        node = self.node_of(key)
        return (yield from node.ask(lambda: self._costs.remember_s, lambda: self._remember(node, key, first, last)))

    def build(self, key: Key, head: int, comments: int, cost_s: float) -> Asking[bool | None]:
        """Make a window of the newest comments up to ``head``."""
        node = self.node_of(key)
        return (
            yield from node.ask(lambda: self._costs.build_s, lambda: self._build(node, key, head, comments, cost_s))
        )

    def forget(self, key: Key) -> Asking[bool | None]:
        node = self.node_of(key)
        return (yield from node.ask(lambda: self._costs.miss_s, lambda: self.evict(key)))

    def lease(self, key: Key) -> Asking[bool | None]:
        """Whether this process may make the window now."""
        node = self.node_of(key)
        return (yield from node.ask(lambda: self._costs.miss_s, lambda: self._lease(node, key)))

    def evict(self, key: Key) -> bool:
        """Throw a window away, as Redis does for want of memory."""
        return self.node_of(key).kept.pop(key, None) is not None

    def _there(self, node: Node, key: Key) -> _Kept | None:
        kept = node.kept.get(key)
        if kept is not None and self._env.now >= kept.until_s:
            del node.kept[key]
            return None
        return kept

    def _recall(self, node: Node, key: Key, copies: int, head: int, wanted: Wanted) -> Found:
        now, kept = self._env.now, self._there(node, key)
        if kept is None:
            return Found(Recall.MISSING)
        kept.until_s = now + IDLE_S
        if copies > 1 and key[1] == 0:
            kept.copies, kept.copies_until_s = copies, now + COPIES_S
        found = recall(kept.window, head, wanted, lambda first, last: max(0, last - first + 1))
        return Found(found, kept.window, now - kept.made_s, kept.cost_s)

    def _remember(self, node: Node, key: Key, first: int, last: int) -> int:
        """What comes ahead of a hole is lost here: whoever finds the hole reads all that follows it."""
        kept = self._there(node, key)
        if kept is None:
            return 0
        if first <= kept.window.through + 1:
            kept.window = self._trimmed(kept.window.first, max(last, kept.window.through))
        return kept.copies if self._env.now < kept.copies_until_s else 1

    def _build(self, node: Node, key: Key, head: int, comments: int, cost_s: float) -> bool:
        kept, now = self._there(node, key), self._env.now
        through = max(head, kept.window.through) if kept else head
        window = self._trimmed(max(1, head - comments + 1), through)
        copies = (kept.copies, kept.copies_until_s) if kept else (1, 0.0)
        node.kept[key] = _Kept(window, now, cost_s, now + IDLE_S, *copies)
        return True

    def _trimmed(self, first: int, through: int) -> Window:
        first = max(first, through - self._config.comments_max + 1)
        return Window(first, through, through - first + 1)

    def _lease(self, node: Node, key: Key) -> bool:
        if self._env.now < node.leases.get(key, 0.0):
            return False
        node.leases[key] = self._env.now + self._config.lease_s
        return True
