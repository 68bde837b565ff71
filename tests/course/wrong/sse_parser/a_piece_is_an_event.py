# Rejected: "A piece is no event and no line"
from typing import NamedTuple


class Event(NamedTuple):
    event: str
    data: str
    id: str


class Parser:
    def __init__(self):
        self.last_event_id, self.retry_ms = "", None

    def feed(self, piece):
        events = []
        text = piece.decode("utf-8", "ignore").replace("\r\n", "\n").replace("\r", "\n")
        for block in text.split("\n\n"):
            kind, lines = "message", []
            for line in block.split("\n"):
                name, _, value = line.partition(":")
                value = value.removeprefix(" ")
                if name == "data":
                    lines.append(value)
                elif name == "event":
                    kind = value
                elif name == "id":
                    self.last_event_id = value
            if lines:
                events.append(Event(kind, "\n".join(lines), self.last_event_id))
        return events
