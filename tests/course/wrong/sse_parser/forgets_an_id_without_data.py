# Rejected: "an id without data is one all the same"
from typing import NamedTuple


class Event(NamedTuple):
    event: str
    data: str
    id: str


class Parser:
    def __init__(self):
        self.begun = False
        self.last_event_id, self.retry_ms, self.rest, self.after_cr = "", None, b"", False
        self.kind, self.id, self.lines = "message", "", []

    def feed(self, piece):
        if self.after_cr and piece:
            piece, self.after_cr = piece.removeprefix(b"\n"), False
        self.after_cr |= piece.endswith(b"\r")
        *lines, self.rest = (self.rest + piece).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        return [event for line in lines if (event := self._line(self._text(line)))]

    def _text(self, line):
        text = line.decode()
        if not self.begun:
            self.begun, text = True, text.removeprefix("\ufeff")
        return text

    def _line(self, line):
        if not line:
            if not self.lines:
                self.kind, self.id = "message", self.last_event_id
                return None
            kind, lines, self.last_event_id = self.kind, self.lines, self.id
            self.kind, self.lines = "message", []
            return Event(kind, "\n".join(lines), self.id) if lines else None
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self.lines.append(value)
        elif name == "event":
            self.kind = value
        elif name == "id" and "\0" not in value:
            self.id = value
        elif name == "retry" and value.isdigit():
            self.retry_ms = int(value)
        return None
