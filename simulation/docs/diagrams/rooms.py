"""The same crowd in one hall and in rooms: what is posted, shown, and the chance to be seen."""

from dataclasses import replace

from simulation.course.capacity import Demand
from simulation.docs import spoken
from simulation.docs.svg import Arrow, Box, Diagram, Note

_HALL = Demand(viewers=1e7, comments_per_s=5e4, comment_bytes=150, shown_per_s=5)
_ROOMS = replace(_HALL, room_viewers=_HALL.room_viewers_max)
_PLACES = {"first": 18.0, "second": 25.0, "last": 34.0}

DIAGRAM = Diagram(
    title="One hall, or rooms",
    says=(
        f"{_HALL.viewers:,.0f} viewers post {_HALL.comments_per_s:,.0f} comments a second. In one hall a viewer is "
        f"shown {_HALL.shown_per_s:g} of them, so a comment has a chance of {_HALL.chance_shown:.2%}. In "
        f"{_ROOMS.rooms:,} rooms of {_ROOMS.together:,.0f} viewers each room posts {_ROOMS.posted_in_room_per_s:g} "
        "a second and all are shown. Either way a viewer is sent the same number of bytes."
    ),
    width=96,
    height=40,
    boxes={
        "crowd": Box(12, 18, f"{_HALL.viewers:,.0f}\nviewers post\n{_HALL.comments_per_s:,.0f}/s", 18, 8, "viewer"),
        "hall": Box(43, 7, f"one hall\nshows {_HALL.shown_per_s:g} of {_HALL.comments_per_s:,.0f}/s", 22, 6, "trouble"),
        "same": Box(80, 7, f"{_HALL.viewers:,.0f} screens\nall the same", 24, 6, "viewer"),
        **{
            name: Box(43, y, f"room of {_ROOMS.together:,.0f}\nshows {_ROOMS.received_per_s:g} of "
                      f"{_ROOMS.posted_in_room_per_s:g}/s", 22, 5, "server")
            for name, y in _PLACES.items()
        },
        **{
            f"of the {name}": Box(80, y, f"{_ROOMS.together:,.0f} screens\nits own", 24, 5, "viewer")
            for name, y in _PLACES.items()
        },
    },
    arrows=(
        Arrow("crowd", "hall", via=((27, 18), (27, 7))),
        Arrow("hall", "same", f"chance {spoken.rounded_percent(_HALL.chance_shown, 2)}"),
        Arrow("crowd", "first"),
        *(Arrow("crowd", name, via=((27, 18), (27, _PLACES[name]))) for name in ("second", "last")),
        *(
            Arrow(name, f"of the {name}", f"chance {spoken.rounded_percent(_ROOMS.chance_shown)}")
            for name in _PLACES
        ),
    ),
    notes=(Note(43, 29.6, f"... {_ROOMS.rooms:,} of them ..."), Note(80, 38.3, "the same bytes to each")),
)  # fmt: skip
