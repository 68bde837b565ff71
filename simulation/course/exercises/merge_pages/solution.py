"""A merge by `seq`, as far as everything is full and everybody who has a part of it was asked."""

from collections.abc import Sequence
from heapq import merge
from itertools import islice, takewhile
from operator import attrgetter
from typing import Any


def page(ranges: Sequence[Any], partitions: Sequence[Any], after: int, limit: int) -> tuple[list[Any], int]:
    full = list(takewhile(lambda each: each.full, ranges))
    watermark = full[-1].last if full else 0
    shown: list[Any] = []
    first, span = after + 1, limit
    while len(shown) < limit and first <= watermark:
        last = min(first + span - 1, watermark)
        holders = {each.partition for each in full if each.first <= last and each.last >= first}
        read = [partitions[each].read(first, last, limit) for each in sorted(holders)]
        shown += islice(merge(*read, key=attrgetter("seq")), limit - len(shown))
        first, span = last + 1, 2 * span  # few of them were comments: look further at a time
    return shown, shown[-1].seq if len(shown) == limit else max(after, watermark)
