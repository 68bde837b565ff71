"""What a stream's hub keeps for those who come back."""

import asyncio

from reference_impl.edge import Edge
from reference_impl.ports import Published
from reference_impl.protocol.cursor import Cursor
from reference_impl.protocol.events import REDACTED, Event, EventKind
from reference_impl.protocol.message import of_event, redacted
from reference_impl.stream_hub import HubConfig, StreamHub
from reference_impl.transports.long_poll import PollViewer
from tests.parity.hubs import SHOW_ALL, MemoryLog

SECRET = {
    "author": {"id": "ada", "name": "Ada", "avatar": None, "badges": []},
    "text": "my address",
    "mentions": ["bo"],
}


def event(seq, kind=EventKind.COMMENT, data=None, target=None):
    return Event(
        stream="match", epoch=1, seq=seq, kind=kind, id=f"id{seq}", at_ms=0, data=data or SECRET, target=target
    )


def test_one_who_comes_back_is_not_sent_what_was_deleted_meanwhile():
    async def main():
        clock = asyncio.get_running_loop().time
        hub = StreamHub("match", 0, MemoryLog(2), lambda: Edge(None), HubConfig(), clock, SHOW_ALL)
        hub.receive(Published(event(1), None))
        before = PollViewer()
        await hub.join(before, Cursor(1, 0))
        hub.receive(Published(event(2, EventKind.DELETE, {}, target="id1"), None))
        after = PollViewer()
        await hub.join(after, Cursor(1, 0))
        hub.stop()
        return before.messages, after.messages

    before, after = asyncio.run(main())
    assert "my address" in before[0].data
    assert [message.event for message in after] == ["comment", "delete"]
    assert "my address" not in after[0].data


def test_what_is_left_of_a_comment_is_what_the_log_has_of_it():
    assert redacted(of_event(event(1))) == of_event(event(1, data={**REDACTED}))
