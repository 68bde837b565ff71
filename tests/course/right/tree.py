def levels_of(viewers, per_edge, fan_out):
    def up(n):
        return [n] if n == 1 else [*up(-(-n // fan_out)), n]

    return up(max(1, -(-viewers // per_edge)))


def messages_per_s(levels, viewers, comments_per_s):
    return [n * comments_per_s for n in [*levels, viewers][1:]]


def link_bits_per_s(comments_per_s, comment_bytes, viewers_behind):
    return comments_per_s * comment_bytes * 8


def latency_s(levels, fan_out, per_edge, hop_s, write_s):
    return sum(n * write_s + hop_s for n in [fan_out] * (len(levels) - 1) + [per_edge])


def cut_off(levels, viewers, level):
    return viewers / levels[level]


def best_fan_out(viewers, per_edge, hop_s, write_s):
    cost = {f: latency_s(levels_of(viewers, per_edge, f), f, per_edge, hop_s, write_s) for f in range(2, 1001)}
    return min(cost, key=cost.get)
