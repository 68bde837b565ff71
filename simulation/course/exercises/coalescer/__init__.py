"""Write the coalescing window: one write for each viewer and window when a stream is busy, no delay when it is not."""

from collections.abc import Iterable
from itertools import pairwise
from types import ModuleType
from typing import TYPE_CHECKING, Any

import simpy
from hypothesis import strategies as st

from reference_impl.policy.coalescing import CoalescingConfig, CoalescingWindow
from simulation.course.exercise import Check, Exercise, Misconception, Place, every

if TYPE_CHECKING:
    from simulation.course.live import Stage

WINDOW_S = 0.020
FAN_OUT_S = 0.004  # how long the edge is at it for each batch, in the checks
MOMENTS = st.lists(st.integers(0, 400), min_size=1, max_size=40).map(lambda ms: sorted(each / 1000 for each in ms))
BUSY_PER_S = 1000.0


def played(answer: ModuleType, arrivals: Iterable[float]) -> list[tuple[float, list[int]]]:
    """The batches that an edge writes, each with its moment, while comments come at these times."""
    env, sent = simpy.Environment(), []
    window = answer.Window(WINDOW_S)

    def write(batch: list[int] | None) -> Any:
        if batch:
            sent.append((env.now, list(batch)))
            yield env.timeout(FAN_OUT_S)
            window.sent(env.now)

    def edge() -> Any:
        """One loop: it takes what has come, and wakes when the window wants to be asked."""
        waiting = list(enumerate(arrivals))
        while waiting or window.deadline is not None:
            due = window.deadline if window.deadline is not None else float("inf")
            coming = waiting[0][1] if waiting else float("inf")
            yield env.timeout(max(0.0, min(due, coming) - env.now))
            if waiting and coming <= max(due, env.now):
                number, _ = waiting.pop(0)
                yield from write(window.offer(number, env.now))
            else:
                asked = window.deadline
                yield from write(window.flush(max(env.now, due)))
                if window.deadline is not None and window.deadline == asked and window.deadline <= env.now:
                    raise Misconception(
                        f"asked at its own deadline, {asked:.3f} s, the window sends nothing and names the same "
                        "deadline again: whoever waits for it asks forever. Compare `now >= deadline` with the "
                        "absolute time; `now - start >= window` is wrong by a rounding error exactly then."
                    )

    env.process(edge())
    env.run(until=60)
    return sent


def everything_once(answer: ModuleType) -> str:
    def holds(arrivals: list[float]) -> None:
        flat = [number for _, batch in played(answer, arrivals) for number in batch]
        if flat == list(range(len(arrivals))):
            return
        seen = f"comments came at {arrivals} s, and comments {flat} were written"
        if len(set(flat)) < len(flat):
            raise Misconception(f"{seen}: some twice. A batch that is handed out must leave the window.")
        if not flat:
            raise Misconception(
                f"{seen}: none at all. Is a batch answered, and not None; and is it another list than the one that "
                "is cleared, or has it been emptied before anybody reads it?"
            )
        if sorted(flat) != list(range(len(arrivals))):
            raise Misconception(
                f"{seen}: some never. What waits needs a deadline, or nobody comes back for it; a window that only "
                "looks at the clock when the next comment comes leaves the last comment of a burst unsent."
            )
        raise Misconception(
            f"{seen}: in another order than they came. A window is a queue; viewers read top to bottom."
        )

    _each_has_its_own(answer)
    return every(MOMENTS, holds)


def _each_has_its_own(answer: ModuleType) -> None:
    """An edge has a window for each stream."""
    one, other = answer.Window(WINDOW_S), answer.Window(WINDOW_S)
    one.sent(0.0)
    one.offer("one", WINDOW_S / 2)
    batch = other.offer("other", WINDOW_S / 2)
    if "one" in (batch or ()):
        raise Misconception(
            "a comment was offered to one window, and written by another: what is kept in the class, the module or a "
            "default argument is every window's. Make it in __init__."
        )


def first_at_once(answer: ModuleType) -> str:
    def holds(pause_s: float) -> None:
        sent = played(answer, [0.0, 10.0 + pause_s])
        late = max(at - due for (at, _), due in zip(sent, (0.0, 10.0 + pause_s), strict=False))
        if len(sent) != 2 or late > 1e-9:
            raise Misconception(
                f"a comment after a pause of {10 + pause_s:g} s was written {late * 1000:g} ms after it came. A "
                "window that opens with the first comment makes everybody wait on a quiet stream, where there is "
                "nothing to collect: the first goes at once, and the quiet begins after it."
            )

    return every(st.floats(0.1, 5.0), holds, 50)


def one_write_a_window(answer: ModuleType) -> str:
    def holds(arrivals: list[float]) -> None:
        times = [at for at, _ in played(answer, arrivals)]
        for before, after in pairwise(times):
            rest = after - (before + FAN_OUT_S)
            if rest < WINDOW_S - 1e-9:
                raise Misconception(
                    f"comments came at {arrivals} s; one fan-out ended at {before + FAN_OUT_S:.3f} s and the next "
                    f"began {rest * 1000:g} ms later, with a window of {WINDOW_S * 1000:g} ms. The rest between two "
                    "is counted from the *end* of a fan-out (`sent`), not from its beginning or from the first "
                    "comment that waits: a fan-out that takes longer than the window would leave the loop no rest "
                    "at all."
                )

    return every(MOMENTS, holds)


def at_the_latest(answer: ModuleType) -> str:
    def holds(arrivals: list[float]) -> None:
        for at, batch in played(answer, arrivals):
            waited = at - arrivals[batch[0]]
            if waited > WINDOW_S + FAN_OUT_S + 1e-9:
                raise Misconception(
                    f"comments came at {arrivals} s; the one of {arrivals[batch[0]]:.3f} s waited "
                    f"{waited * 1000:.0f} ms; a fan-out and a window are {(WINDOW_S + FAN_OUT_S) * 1000:.0f} ms. A "
                    "deadline that moves with every comment is a debounce: a busy stream never gets quiet, and "
                    "nothing is sent. The deadline stands once it is set."
                )

    return every(MOMENTS, holds)


def in_the_model(answer: ModuleType) -> str:
    """A second of a busy stream: as few writes as the server's own window, and as early."""
    arrivals = [number / BUSY_PER_S for number in range(int(BUSY_PER_S))]
    sent = played(answer, arrivals)
    waits = sorted(at - arrivals[number] for at, batch in sent for number in batch)
    p99_s, most = waits[int(0.99 * len(waits))], int(1 / (WINDOW_S + FAN_OUT_S)) + 2
    if len(sent) > most:
        raise Misconception(
            f"{len(arrivals)} comments in a second made {len(sent)} writes for each viewer; {most} will do. A write "
            "costs the same whether it holds one comment or twenty."
        )
    return f"{len(arrivals)} comments in {len(sent)} writes, p99 {p99_s * 1000:.0f} ms in the window"


class _AsTheServers(CoalescingWindow[Any]):
    """The learner's window behind all that the server's rooms and the model's hubs ask of theirs."""

    answer: ModuleType

    def __init__(self, config: CoalescingConfig) -> None:
        super().__init__(config)
        self._window = self.answer.Window(config.window_s)
        self._waiting: list[Any] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def offer_all(self, items: Iterable[Any], now: float) -> list[Any]:
        batch: list[Any] = []
        for item in items:
            self._waiting.append(item)
            batch += self._window.offer(item, now) or []
        return self._left(batch)

    def flush(self, now: float) -> list[Any]:
        return self._left(self._window.flush(now) or [])

    def sent(self, now: float) -> None:
        self._window.sent(now)

    def take(self, now: float) -> list[Any]:
        return self._left(self._waiting)

    def _left(self, batch: list[Any]) -> list[Any]:
        self._waiting = self._waiting[len(batch) :]
        self.deadline = self._window.deadline
        return batch


def _dressed(answer: ModuleType) -> Any:
    return type("Window", (_AsTheServers,), {"__slots__": ("_waiting", "_window"), "answer": answer})


async def live(answer: ModuleType, stage: "Stage") -> str:
    result = await stage.run()
    return (
        f"{result.counts['delivered']:,} deliveries, none lost, doubled or out of order; "
        f"p99 {stage.p99_ms(result):.0f} ms from author to screen"
    )


EXERCISE = Exercise(
    lesson="02",
    place=2,
    name="coalescer",
    title="One write for each viewer and window",
    kind="policy",
    wants=("Window",),
    checks=(
        Check("every comment is written once, in the order it came", everything_once),
        Check("the first comment after a pause goes at once", first_at_once),
        Check("between two fan-outs the edge rests for a window", one_write_a_window),
        Check("nobody waits longer than a fan-out and a window", at_the_latest),
        Check("a busy second takes no more writes than it must", in_the_model),
    ),
    places=(Place("reference_impl.room", "CoalescingWindow", _dressed),),
    live=live,
)
