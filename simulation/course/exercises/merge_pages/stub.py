"""Exercise 05 merge_pages: one page of history out of several partitions.

A stream's places (`seq`, from 1) have been given out in ranges, each to one partition: `Range(first, last, partition,
full)`, in order and without a hole. A range that is not `full` has been given out and not been filled yet: its comments
are on their way. Partitions are written at the same time, so later ranges may well be full already.

A partition is asked by `read(first, last, limit)`: its comments (`seq`, `at_ms`, `text`) with first <= seq <= last, by
`seq`, at most `limit` of them. Not every place has a comment: some were taken by edits and pins, and some comments have
been deleted since. `at_ms` is what the clock of the writer's machine said.

Write `page`: the comments after the place `after` (0 is the beginning), oldest first, at most `limit`, and the cursor
with which the next page is asked for. An empty page says that there is nothing more yet.

The checks:

1. a page is in the order of `seq`;
2. nothing at or beyond a range that is not full is shown, and no cursor passes it;
3. page after page, none longer than `limit`, every comment is read once;
4. so it is where places have no comment, and where comments are deleted while somebody reads;
5. a page of 10 asks the partitions that have places of it, and takes few more than 10 comments from each.
"""

from collections.abc import Sequence
from typing import Any


def page(ranges: Sequence[Any], partitions: Sequence[Any], after: int, limit: int) -> tuple[list[Any], int]:
    """The comments, and the cursor: everything up to it has been shown."""
    raise NotImplementedError
