"""How workers share a queue's parts among them, each deciding for itself.

At every heartbeat a worker asks how many there are, and goes through the parts. What is more than its share it gives
back, and whoever has less finds it free at a heartbeat of its own. So a change is over within two heartbeats, and
nobody is in charge of it. A share counts parts; it does not know how much work a part has, nor how fast a worker is.
"""

from enum import Enum, auto


class Turn(Enum):
    """What a worker does about one part when a heartbeat is due."""

    LEAVE = auto()
    HOLD = auto()  # take it if nobody has it, or renew what one has
    GIVE_BACK = auto()


def fair_share(parts: int, workers: int) -> int:
    """The most that one worker holds: the least with which all parts are held (16 by three: 6, 6 and what is left)."""
    if parts < 1 or workers < 1:
        raise ValueError(f"need at least one part and one worker, got {parts} and {workers}")
    return -(-parts // workers)


def turn(held: bool, holding: int, share: int) -> Turn:
    """``held``: the part, by the worker that asks; ``holding``: how many it holds just now, this one included."""
    if held:
        return Turn.GIVE_BACK if holding > share else Turn.HOLD
    return Turn.HOLD if holding < share else Turn.LEAVE
