"""Exercise 04 tree: how deep, how late, how dear, and what one dead node costs.

No process writes to ten million sockets. So it writes to others that write: a tree whose leaves, the edges, have the
viewers. Answer with numbers. `levels` are the numbers of nodes from the root (1) down to the edges; with a single
edge that is the root itself, and `levels` is [1].

- `levels_of(viewers, per_edge, fan_out)`: as few as needed, seen from the viewers upward, where an edge has at most
  `per_edge` viewers and every other node at most `fan_out` below it.
- `messages_per_s(levels, viewers, comments_per_s)`: what all nodes of each level send in a second, together.
- `link_bits_per_s(comments_per_s, comment_bytes, viewers_behind)`: what goes over a link from one node to another.
- `latency_s(levels, fan_out, per_edge, hop_s, write_s)`: until the last viewer of a full tree has a comment. A node
  writes to those below it one after the other, `write_s` each; what is written takes `hop_s` to arrive.
- `cut_off(levels, viewers, level)`: viewers who get nothing, in the mean, while one node of that level (0: the root) is
  dead.
- `best_fan_out(viewers, per_edge, hop_s, write_s)`: from 2 to 1,000, the one whose tree has the least latency.

The checks:

1. as many levels as it takes, and no more;
2. the messages of each level;
3. what a link carries;
4. the time until the last viewer has it;
5. what a dead node costs;
6. the best fan-out is neither the smallest nor the largest.
"""


def levels_of(viewers: int, per_edge: int, fan_out: int) -> list[int]:
    raise NotImplementedError


def messages_per_s(levels: list[int], viewers: int, comments_per_s: float) -> list[float]:
    raise NotImplementedError


def link_bits_per_s(comments_per_s: float, comment_bytes: float, viewers_behind: int) -> float:
    raise NotImplementedError


def latency_s(levels: list[int], fan_out: int, per_edge: int, hop_s: float, write_s: float) -> float:
    raise NotImplementedError


def cut_off(levels: list[int], viewers: int, level: int) -> float:
    raise NotImplementedError


def best_fan_out(viewers: int, per_edge: int, hop_s: float, write_s: float) -> int:
    raise NotImplementedError
