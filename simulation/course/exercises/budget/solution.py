"""Every line is a product, a quotient or a minimum; what matters is of what."""

import math

ENVELOPE_BYTES = 290  # ids, position, time, empty fields, their names, the event's frame and the chunk's


def comment_bytes(user: str, text: str) -> float:
    return ENVELOPE_BYTES + 2 * len(user.encode()) + len(text.encode())


def deliveries_per_s(viewers: int, posted_per_s: float, shown_per_s: float) -> float:
    return viewers * min(posted_per_s, shown_per_s)


def writes_per_s(viewers: int, posted_per_s: float, shown_per_s: float, window_s: float) -> float:
    return viewers * min(posted_per_s, shown_per_s, 1 / window_s)


def egress_bit_per_s(
    viewers: int, posted_per_s: float, shown_per_s: float, window_s: float, comment_bytes: float
) -> float:
    return 8 * comment_bytes * deliveries_per_s(viewers, posted_per_s, shown_per_s)


def edges(
    viewers: int,
    posted_per_s: float,
    peak: float,
    shown_per_s: float,
    core_per_s: float,
    busy_max: float,
    connections_max: int,
) -> int:
    at_peak_per_s = deliveries_per_s(viewers, posted_per_s * peak, shown_per_s)
    return max(math.ceil(at_peak_per_s / (core_per_s * busy_max)), math.ceil(viewers / connections_max))


def chance_shown(viewers: int, posted_per_s: float, shown_per_s: float, room_viewers: int) -> float:
    in_room_per_s = posted_per_s * min(room_viewers, viewers) / viewers
    return min(1.0, shown_per_s / in_room_per_s)


def wait_s(every_s: float, chance: float) -> float:
    return every_s / chance


def room_viewers(viewers: int, posted_per_s: float, shown_per_s: float) -> float:
    return min(viewers, shown_per_s * viewers / posted_per_s)
