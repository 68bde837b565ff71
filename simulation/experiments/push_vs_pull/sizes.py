"""How many bytes comments take in each of the server's wire formats: its own encoders, with texts that are posted."""

import zlib
from collections.abc import Iterable, Sequence
from functools import lru_cache

from reference_impl.protocol import segments
from reference_impl.protocol.cursor import Cursor
from reference_impl.protocol.events import Event, EventKind, author_data, comment_data
from reference_impl.protocol.message import Frame, of_event
from reference_impl.protocol.segments import Span
from reference_impl.protocol.sse import sse_chunk
from simulation.trace import Post

EPOCH = 1_795_000_000
AT_MS = 1_795_000_000_000
ID = "019aca00-0000-7000-8000-000000000000"
GZIPPED_BYTES = 512  # and more, as deploy/nginx.conf has it
GZIP_LEVEL = 1  # nginx's own


class Sizes:
    """Of the comments 1, 2, … of a stream, which say what has been posted in that order."""

    def __init__(self, posts: Sequence[Post]) -> None:
        self._events = [event(seq, post) for seq, post in enumerate(posts, 1)]
        self._messages = [of_event(each) for each in self._events]
        self.lines = [len(message.line.encode()) for message in self._messages]
        self.manifest = lru_cache(self._manifest)
        self.segment = lru_cache(self._segment)

    def items(self, first: int, last: int) -> int:
        """In a list, as answers to polls have them."""
        return sum(self.lines[first - 1 : last]) + max(0, last - first)

    def sse(self, seqs: Iterable[int]) -> int:
        return len(sse_chunk(Frame(self._messages[seq - 1] for seq in seqs)))

    def websocket(self, seqs: Iterable[int]) -> int:
        lines = [self.lines[seq - 1] for seq in seqs]
        size = sum(lines) + len(lines) - 1
        return size + (2 if size < 126 else 4 if size < 65_536 else 10)

    def _manifest(self, spans: tuple[Span, ...]) -> int:
        head = Cursor(EPOCH, spans[-1].last if spans else 0)
        return packed(segments.manifest(head, AT_MS, spans, None))

    def _segment(self, span: Span) -> int:
        events = self._events[span.first - 1 : span.last]
        return packed(segments.segment(EPOCH, span, [of_event(segments.timeless(each)) for each in events]))


def event(seq: int, post: Post) -> Event:
    """As the server makes it of a post."""
    data = comment_data(author_data(post.author, post.author), post.text, [])
    return Event(
        stream="demo", epoch=EPOCH, seq=seq, kind=EventKind.COMMENT, id=ID, at_ms=AT_MS, data=data
    )  # fmt: skip


def packed(text: str) -> int:
    body = text.encode()
    return len(zlib.compress(body, GZIP_LEVEL, wbits=31)) if len(body) >= GZIPPED_BYTES else len(body)
