"""Exercise 05 partitioner: where a comment lives, when one stream has more than half of them.

A log is kept in several partitions, each with a writer of its own. Yours says which of them takes a comment. A stream
lives at one place, its home, since order and reads want it so. One that gets more than `split_per_s` comments a second
is spread over all partitions until it has had fewer than `merge_per_s` for `calm_s` without a break; in between nothing
changes. You measure the rate yourself, by the calls: there is one `place` for each comment, and `now` is in seconds.

The checks, in simulated time:

1. every process, whenever it was started, gives a comment the same place;
2. homes are spread evenly: of 4,000 streams no partition has 1.4 times the mean;
3. one more partition takes its share of the streams, and nothing else moves;
4. a stream past `split_per_s` for three seconds is spread evenly, each comment by itself, and no other stream is;
5. its layout changes twice in its life: when it gets hot, and when it has been calm.
"""


class Partitioner:
    def __init__(self, partitions: int, split_per_s: float, merge_per_s: float, calm_s: float) -> None:
        self.partitions = partitions
        self.split_per_s, self.merge_per_s, self.calm_s = split_per_s, merge_per_s, calm_s

    def place(self, stream: str, comment: str, now: float) -> int:
        """The number, from 0, of the partition that takes this comment; the same for one that is repeated at once."""
        raise NotImplementedError
