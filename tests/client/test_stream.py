"""The follower against scripted connections: what it shows, where it goes on, and how long it waits."""

import asyncio
from random import Random

import pytest

from reference_impl.client.failures import Ended, Lost, Refused
from reference_impl.client.message import Message
from reference_impl.client.stream import Follower, Time, Transport
from reference_impl.policy.retry import Retry, RetryConfig
from reference_impl.protocol.cursor import Cursor

BUDGET = RetryConfig(base_s=1.0, cap_s=8.0, attempts_max=5)


class Highest(Random):
    """Draws the whole of each delay."""

    def random(self) -> float:
        return 1.0


class World:
    """Connections of one transport as scripted, one after the other; sleeping is noted, and takes no time."""

    def __init__(self, *connections: list[object]) -> None:
        self.connections = list(connections)
        self.cursors: list[Cursor] = []
        self.slept: list[float] = []
        self.now = 100.0

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    async def open(self, cursor: Cursor):
        self.cursors.append(cursor)
        for step in self.connections.pop(0):
            if isinstance(step, Exception):
                raise step
            if step is SILENCE:
                await asyncio.Event().wait()
            yield step

    def transport(self, name: str = "sse", pushes: bool = True) -> Transport:
        return Transport(name, self.open, pushes)


SILENCE = object()
HELLO = Message("hello", {"heartbeat_ms": 15_000})
BEAT = Message("heartbeat", {"server_time_ms": 1})
END = Message("end", {"reason": "forbidden"})
DOCUMENT = {"type": "/problems/not-found", "title": "There is nothing at this address", "status": 404}


def comments(*seqs: int) -> list[Message]:
    return [Message("comment", {}, Cursor(7, seq)) for seq in seqs]


def gap(first: int, last: int, reason: str = "too_old", epoch: int = 7) -> Message:
    data = {"from": first, "to": last, "count": last - first + 1, "reason": reason}
    return Message("gap", data, Cursor(epoch, last))


def follow(world: World, *transports: Transport, history=None) -> tuple[list[Message], Exception]:
    """Everything shown until the end, and why it ended; scripts end with an `end` or run out of tries."""

    async def read() -> tuple[list[Message], Exception]:
        shown: list[Message] = []
        time, retry = Time(lambda: world.now, world.sleep), Retry(BUDGET, Highest())
        follower = Follower(transports or [world.transport()], Cursor(7, 0), retry, time, history)
        try:
            async for message in follower.messages():
                shown.append(message)  # noqa: PERF401 - what came before the end is wanted too
        except (Lost, Refused, Ended) as error:
            return shown, error
        raise AssertionError("a follower never just stops")

    return asyncio.run(read())


def seqs(messages: list[Message]) -> list[int]:
    return [message.cursor.seq for message in messages if message.cursor is not None]


def test_a_loss_is_followed_by_a_connection_from_the_last_message() -> None:
    world = World([[HELLO], comments(1, 2), Lost("x")], [[HELLO], comments(2, 3)], [[END]])
    shown, error = follow(world)
    assert seqs(shown) == [1, 2, 3]
    assert world.cursors == [Cursor(7, 0), Cursor(7, 2), Cursor(7, 3)]
    assert isinstance(error, Ended)
    assert error.reason == "forbidden"


def test_heartbeats_and_reconnects_are_not_shown_and_a_hello_is() -> None:
    world = World([[HELLO, BEAT], [Message("reconnect", {"after_ms": 1}), END]])
    assert follow(world)[0] == [HELLO]


def test_failures_in_a_row_are_waited_out_longer_and_longer_and_then_given_up() -> None:
    world = World(*[[Lost(f"{number}", reached=False)] for number in range(6)])
    shown, error = follow(world)
    assert (shown, str(error)) == ([], "5")
    assert world.slept == [1.0, 2.0, 4.0, 8.0, 8.0]


def test_a_hello_alone_does_not_make_up_for_failures_and_what_follows_it_does() -> None:
    world = World([Lost("1")], [[HELLO], Lost("2")], [[HELLO], [BEAT], Lost("3")], [[END]])
    follow(world)
    assert world.slept == [1.0, 2.0, 1.0]


def test_a_server_that_says_when_to_come_back_is_heeded_and_that_is_no_failure() -> None:
    reconnect = Message("reconnect", {"after_ms": 2_500})
    world = World(*[[[HELLO], [reconnect]] for _ in range(7)], [[END]])
    follow(world)
    assert world.slept == [2.5] * 7


def test_a_poll_does_not_ask_again_before_the_time_it_was_given() -> None:
    reconnect = Message("reconnect", {"after_ms": 2_500})
    world = World([[HELLO], [reconnect], Lost("it must not come as far")], [[END]])
    follow(world, world.transport("poll", pushes=False))
    assert world.slept == [2.5]


def test_a_refusal_that_may_pass_is_waited_out_for_as_long_as_the_server_wants() -> None:
    world = World([Refused(503, {}, "30")], [Refused(503, {"retry_after_s": 3.5}, "9")], [Refused(503, {})], [[END]])
    follow(world)
    assert world.slept == [30.0, 3.5, 4.0]


def test_a_refusal_with_a_problem_document_is_raised() -> None:
    world = World([Refused(404, DOCUMENT)])
    _, error = follow(world, world.transport(), world.transport("poll"))
    assert isinstance(error, Refused)
    assert (error.status, error.kind, world.slept) == (404, "not-found", [])


def test_a_refusal_by_something_in_between_leads_to_the_next_transport_and_the_last_one_raises_it() -> None:
    names = []

    def transport(name: str) -> Transport:
        def open_(cursor: Cursor):
            names.append(name)
            return world.open(cursor)

        return Transport(name, open_)

    world = World([Refused(426, {})], [Refused(403, {})], [Refused(405, {})])
    _, error = follow(world, transport("websocket"), transport("sse"), transport("poll"))
    assert names == ["websocket", "sse", "poll"]
    assert isinstance(error, Refused)
    assert error.status == 405


def test_what_only_some_streams_have_is_left_for_the_next_transport_though_a_problem_says_so() -> None:
    world = World([Refused(404, DOCUMENT)], [[HELLO], [END]])
    segments = Transport("segments", world.open, pushes=False, for_all=False)
    shown, error = follow(world, segments, world.transport())
    assert shown == [HELLO]
    assert isinstance(error, Ended)


def test_a_window_that_is_cut_is_followed_again_and_shown_once() -> None:
    first, second, third = (Message("comment", {"seq": seq, "cursor": f"7:{seq}"}) for seq in (2, 4, 5))
    shed = Message("shed", {"from": 2, "to": 6, "shown": 3, "dropped": 2}, Cursor(7, 6))
    world = World(
        [[HELLO], comments(1), [first, second], Lost("cut")], [[HELLO], [first, second, third, shed]], [[END]]
    )
    shown, _ = follow(world)
    assert [message for message in shown if message != HELLO] == [*comments(1), first, second, third, shed]
    assert world.cursors == [Cursor(7, 0), Cursor(7, 1), Cursor(7, 6)]


def test_connections_over_which_nothing_comes_lead_to_the_next_transport() -> None:
    buffered, good = World([], [Lost("cut")]), World([[HELLO], comments(1), [END]])
    good.sleep = buffered.sleep
    shown, _ = follow(buffered, buffered.transport("websocket"), good.transport("sse"))
    assert seqs(shown) == [1]
    assert buffered.connections == []


def test_a_server_that_is_not_there_is_no_reason_to_change_transports() -> None:
    down = [[Lost("refused", reached=False)] for _ in range(4)]
    world, other = World(*down, [[END]]), World()
    assert isinstance(follow(world, world.transport(), other.transport())[1], Ended)
    assert other.cursors == []


def test_a_silence_of_two_and_a_half_heartbeats_is_a_loss() -> None:
    world = World([[Message("hello", {"heartbeat_ms": 4})], SILENCE], [[END]])
    _, error = follow(world)
    assert isinstance(error, Ended)
    assert len(world.slept) == 1


def history_of(*held: int, failures: list[Exception] | None = None, epoch: int = 7):
    asked: list[Cursor] = []

    async def history(after: Cursor):
        asked.append(after)
        for seq in held:
            if Cursor(epoch, seq) > after:
                yield Message("comment", {"from": "history"}, Cursor(epoch, seq))
                if failures:
                    raise failures.pop()

    return history, asked


def test_a_gap_is_shown_unless_it_is_to_be_filled() -> None:
    world = World([[HELLO], comments(1), [gap(2, 9)], comments(10), [END]])
    assert [message.event for message in follow(world)[0]] == ["hello", "comment", "gap", "comment"]


def test_a_gap_is_filled_from_history_and_what_is_no_comment_there_is_passed_over() -> None:
    world = World([[HELLO], comments(1), [gap(2, 9)], comments(10), [END]])
    history, asked = history_of(1, 2, 3, 5, 9, 10, 11)
    shown, _ = follow(world, history=history)
    assert seqs(shown) == [1, 2, 3, 5, 9, 10]
    assert "gap" not in {message.event for message in shown}
    assert asked == [Cursor(7, 1)]


def test_a_gap_into_another_log_is_filled_from_its_beginning() -> None:
    world = World([[HELLO], comments(41), [gap(1, 3, "epoch", epoch=8)], [END]])
    history, asked = history_of(1, 2, 3, epoch=8)
    shown, _ = follow(world, history=history)
    assert [message.cursor for message in shown if message.cursor] == [
        Cursor(7, 41),
        *(Cursor(8, n) for n in (1, 2, 3)),
    ]
    assert asked == [Cursor(8, 0)]


@pytest.mark.parametrize("failure", [Lost("cut"), Refused(400, DOCUMENT)])
def test_a_filling_that_breaks_off_goes_on_after_the_next_connection(failure: Exception) -> None:
    world = World([[HELLO], [gap(1, 4)]], [[HELLO], [gap(2, 4)], comments(5), [END]])
    history, asked = history_of(1, 2, 3, 4, failures=[failure])
    shown, _ = follow(world, history=history)
    assert seqs(shown) == [1, 2, 3, 4, 5]
    assert world.cursors == [Cursor(7, 0), Cursor(7, 1)]
    assert asked == [Cursor(7, 0), Cursor(7, 1)]
