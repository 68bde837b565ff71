"""Exercise 03 sse_parser: read server-sent events from pieces of bytes.

A push is one HTTP response that does not end. What comes is text/event-stream (WHATWG HTML, section 9.2), cut anywhere:
a network knows nothing of events, lines or characters. Yours is fed one piece after another and answers the events that
are complete:

- a line ends with LF, CR or CR LF; the bytes are UTF-8, and one byte order mark at the very beginning is left out;
- an empty line ends an event; `name: value` is a field of it, and one space after the colon belongs to neither; a line
  without a colon is a field with an empty value; a line that begins with a colon is a comment (a heartbeat, often);
- `data`: its lines are joined with LF, and an event without any is none; `event`: its type, `message` if it has none;
- `id`: `last_event_id` from the end of this event on, whether it has data or not, and for the later ones that have no
  field of that name; an empty one takes it back, one with a NUL is passed over;
- `retry`: `retry_ms`, if it is all digits; every other field is passed over.

`last_event_id` is what a reader says when it comes back (`Last-Event-ID`), so that nothing is lost and nothing twice.

The checks:

1. the same events, wherever the bytes are cut: between the bytes of a character, between CR and LF;
2. data as it was sent: its lines, its spaces, whatever characters are in it;
3. comments, unknown fields and events without data are passed over, and an event that is not complete is not there yet;
4. the last id holds until there is another one;
5. `retry` is taken if it is a number.
"""

from typing import NamedTuple


class Event(NamedTuple):
    event: str
    data: str
    id: str  # `last_event_id` at its end


class Parser:
    def __init__(self) -> None:
        self.last_event_id = ""
        self.retry_ms: int | None = None

    def feed(self, piece: bytes) -> list[Event]:
        raise NotImplementedError
