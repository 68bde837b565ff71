"""Exercise 01 budget: what an event needs, on the back of an envelope, in code.

Each function is one line of an estimate. All rates are per second, all times in seconds, sizes in bytes and traffic in
*bits* per second, as networks are sold. In all of them

- `viewers` watch, and `posted_per_s` comments are posted by all of them together;
- `shown_per_s` is the display budget: of what is posted a viewer is shown so many a second, and no more;
- an edge collects for `window_s`, and then writes all that has come to each viewer at once. When nothing has come it
  writes nothing.

A comment reaches a viewer as a server-sent event, in an HTTP chunk of its own. Its JSON has: id (a UUID), seq, cursor,
created_at, parent_id, mentions, reply_count, reactions, author (id, name, avatar, badges), text. Around it are the
fields' names, the event's name and position, and the chunk's length. Here `user` is the author's id and name at once.

The checks:

1. `comment_bytes` is within a fifth of what the server sends;
2. `deliveries_per_s` and `writes_per_s`: what a window saves;
3. `egress_bit_per_s`: what it does not save;
4. `edges`: whole ones, for the peak (`peak` times as many comments are posted then), by whatever is scarce first. A
   core makes `core_per_s` deliveries a second when it is always busy, of which you plan with the share `busy_max`;
5. `chance_shown`, of a comment in a room of so many viewers, and `wait_s`, between two appearances of one who posts
   every `every_s` seconds;
6. `room_viewers`: the most viewers that may share a room in which nothing is left out.
"""


def comment_bytes(user: str, text: str) -> float:
    raise NotImplementedError


def deliveries_per_s(viewers: int, posted_per_s: float, shown_per_s: float) -> float:
    """Comments times the viewers who are shown them."""
    raise NotImplementedError


def writes_per_s(viewers: int, posted_per_s: float, shown_per_s: float, window_s: float) -> float:
    """To all sockets together, on average, when comments come evenly."""
    raise NotImplementedError


def egress_bit_per_s(
    viewers: int, posted_per_s: float, shown_per_s: float, window_s: float, comment_bytes: float
) -> float:
    raise NotImplementedError


def edges(
    viewers: int,
    posted_per_s: float,
    peak: float,
    shown_per_s: float,
    core_per_s: float,
    busy_max: float,
    connections_max: int,
) -> int:
    raise NotImplementedError


def chance_shown(viewers: int, posted_per_s: float, shown_per_s: float, room_viewers: int) -> float:
    """Everybody posts as often as everybody else; a comment goes to its author's room, and to no other."""
    raise NotImplementedError


def wait_s(every_s: float, chance: float) -> float:
    raise NotImplementedError


def room_viewers(viewers: int, posted_per_s: float, shown_per_s: float) -> float:
    raise NotImplementedError
