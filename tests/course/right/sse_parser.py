import codecs
from typing import NamedTuple


class Event(NamedTuple):
    event: str
    data: str
    id: str


class Parser:
    def __init__(self):
        self.last_event_id = ""
        self.retry_ms = None
        self._out = []
        self._utf8 = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self._machine = self._lines()
        next(self._machine)

    def _lines(self):
        line, after_cr = [], False
        kind, data, ident = "", [], None
        while True:
            c = yield
            if after_cr and c == "\n":
                after_cr = False
                continue
            after_cr = c == "\r"
            if c not in "\r\n":
                line.append(c)
                continue
            text, line = "".join(line), []
            if not text:
                if ident is not None:
                    self.last_event_id = ident
                if data:
                    self._out.append(Event(kind or "message", "\n".join(data), self.last_event_id))
                kind, data, ident = "", [], None
                continue
            name, _, value = text.partition(":")
            value = value[1:] if value[:1] == " " else value
            if name == "data":
                data.append(value)
            elif name == "event":
                kind = value
            elif name == "id" and "\0" not in value:
                ident = value
            elif name == "retry" and value and set(value) <= set("0123456789"):
                self.retry_ms = int(value)

    def feed(self, piece):
        self._out = []
        for c in self._utf8.decode(piece):
            self._machine.send(c)
        return self._out
