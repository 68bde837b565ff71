"""One cursor for everything: ``epoch:seq``.

It is the history cursor, the SSE ``id:`` and the ``Last-Event-ID`` of a resume. Clients treat it as opaque. Positions
order by (epoch, seq); an epoch is the Unix second in which a log was begun, so a log begun anew has a later epoch.
"""

import re
from typing import NamedTuple

_CURSOR = re.compile(r"(\d{1,15}):(\d{1,15})", re.ASCII)


class Cursor(NamedTuple):
    """A position: everything up to and including ``seq`` has been seen."""

    epoch: int
    seq: int

    def __str__(self) -> str:
        return f"{self.epoch}:{self.seq}"

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Read a cursor from the wire; ValueError names what was seen."""
        match = _CURSOR.fullmatch(text)
        if match is None:
            raise ValueError(f"a cursor looks like '1700000000:42', got {text[:40]!r}")
        return cls(int(match[1]), int(match[2]))
