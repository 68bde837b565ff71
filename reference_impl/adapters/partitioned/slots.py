"""What a draft becomes on its way through the partitions."""

from dataclasses import dataclass

from reference_impl.ports import Answer
from reference_impl.protocol.events import Draft, EventKind


@dataclass(frozen=True, slots=True)
class Range:
    """Places of a stream that have been given to another partition than its home, all of one moment."""

    stream: str
    first: int
    last: int
    partition: int
    at_ms: int
    lease_until_ms: int
    opened_at_ms: int  # the stream's

    @property
    def key(self) -> tuple[str, int]:
        return self.stream, self.first


@dataclass(slots=True)
class Slot:
    """A draft, the partition that takes it, and how far it has come."""

    draft: Draft
    partition: int
    answer: Answer | None = None
    repeat: bool = False  # its key was known
    target_at: int = 0  # the partition of the comment that it concerns
    range: Range | None = None
    seq: int = 0
    shown_at_home: bool = False  # the comment that it changes is, or was, pinned

    @property
    def is_comment(self) -> bool:
        return self.draft.kind is EventKind.COMMENT
