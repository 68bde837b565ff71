import json
from math import ceil, inf


def comment_bytes(user, text):
    doc = {
        "id": "0" * 36,
        "seq": 12345,
        "cursor": "1:12345",
        "created_at": "2026-01-01T00:00:00.000Z",
        "parent_id": None,
        "mentions": [],
        "reply_count": 0,
        "reactions": {},
        "author": {"id": user, "name": user, "avatar": None, "badges": []},
        "text": text,
    }
    event = f"event: comment\nid: 1:12345\ndata: {json.dumps(doc, ensure_ascii=False, separators=(',', ':'))}\n\n"
    raw = event.encode()
    return len(b"%x\r\n" % len(raw)) + len(raw) + 2


def _rate(posted, shown):
    return posted if posted < shown else shown


def deliveries_per_s(viewers, posted_per_s, shown_per_s):
    return viewers * _rate(posted_per_s, shown_per_s)


def writes_per_s(viewers, posted_per_s, shown_per_s, window_s):
    r = _rate(posted_per_s, shown_per_s)
    return viewers * (r if r * window_s <= 1 else 1 / window_s)


def egress_bit_per_s(viewers, posted_per_s, shown_per_s, window_s, comment_bytes):
    return 8 * comment_bytes * deliveries_per_s(viewers, posted_per_s, shown_per_s)


def edges(viewers, posted_per_s, peak, shown_per_s, core_per_s, busy_max, connections_max):
    work = deliveries_per_s(viewers, posted_per_s * peak, shown_per_s) / (core_per_s * busy_max)
    return max(-(-viewers // connections_max), ceil(work), 1)


def chance_shown(viewers, posted_per_s, shown_per_s, room_viewers):
    here = posted_per_s / viewers * min(room_viewers, viewers)
    return 1.0 if here <= shown_per_s else shown_per_s / here


def wait_s(every_s, chance):
    return every_s / chance if chance else inf


def room_viewers(viewers, posted_per_s, shown_per_s):
    return viewers if posted_per_s <= shown_per_s else viewers * shown_per_s / posted_per_s
