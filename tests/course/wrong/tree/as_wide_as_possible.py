# Rejected: "neither end is right for all"
def levels_of(viewers: int, per_edge: int, fan_out: int) -> list[int]:
    levels = [-(-viewers // per_edge)]
    while levels[0] > 1:
        levels.insert(0, -(-levels[0] // fan_out))
    return levels


def messages_per_s(levels: list[int], viewers: int, comments_per_s: float) -> list[float]:
    return [comments_per_s * below for below in [*levels[1:], viewers]]


def link_bits_per_s(comments_per_s: float, comment_bytes: float, viewers_behind: int) -> float:
    return 8 * comments_per_s * comment_bytes


def latency_s(levels: list[int], fan_out: int, per_edge: int, hop_s: float, write_s: float) -> float:
    inner = len(levels) - 1
    return inner * (fan_out * write_s + hop_s) + per_edge * write_s + hop_s


def cut_off(levels: list[int], viewers: int, level: int) -> float:
    return viewers / levels[level]


def best_fan_out(viewers: int, per_edge: int, hop_s: float, write_s: float) -> int:
    return 1_000
