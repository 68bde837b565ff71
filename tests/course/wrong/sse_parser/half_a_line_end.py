# Rejected: "may be half of a CR LF"
import re
from typing import NamedTuple


class Event(NamedTuple):
    event: str
    data: str
    id: str


class Parser:
    def __init__(self):
        self.last_event_id, self.retry_ms, self.rest = "", None, b""
        self.kind, self.lines = "message", []

    def feed(self, piece):
        *lines, self.rest = re.split(rb"\r\n|\n|\r", self.rest + piece)
        return [event for line in lines if (event := self._line(line.decode()))]

    def _line(self, line):
        if not line:
            kind, lines = self.kind, self.lines
            self.kind, self.lines = "message", []
            return Event(kind, "\n".join(lines), self.last_event_id) if lines else None
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self.lines.append(value)
        elif name == "event":
            self.kind = value
        elif name == "id":
            self.last_event_id = value
        return None
