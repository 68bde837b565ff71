"""Lines are found among bytes, and decoded when they are whole."""

import re
from typing import NamedTuple

LINE_END = re.compile(rb"\r\n|\n|\r")


class Event(NamedTuple):
    event: str
    data: str
    id: str


class Parser:
    def __init__(self) -> None:
        self.last_event_id = ""
        self.retry_ms: int | None = None
        self.rest = b""
        self.after_cr = False
        self.begun = False
        self.type, self.id, self.lines = "", "", list[str]()

    def feed(self, piece: bytes) -> list[Event]:
        if self.after_cr and piece:
            piece, self.after_cr = piece.removeprefix(b"\n"), False
        *lines, self.rest = LINE_END.split(self.rest + piece)
        self.after_cr |= piece.endswith(b"\r")
        return [event for line in lines if (event := self._line(line.decode("utf-8", "replace")))]

    def _line(self, line: str) -> Event | None:
        if not self.begun:
            self.begun, line = True, line.removeprefix("\ufeff")
        if not line:
            return self._end()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self.lines.append(value)
        elif name == "event":
            self.type = value
        elif name == "id" and "\0" not in value:
            self.id = value
        elif name == "retry" and value.isascii() and value.isdigit():
            self.retry_ms = int(value)
        return None

    def _end(self) -> Event | None:
        self.last_event_id = self.id
        kind, lines = self.type or "message", self.lines
        self.type, self.lines = "", []
        return Event(kind, "\n".join(lines), self.id) if lines else None
