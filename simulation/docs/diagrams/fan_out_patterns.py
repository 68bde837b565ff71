"""Four ways of bringing a comment to everybody: on write, on read, hybrid, a tree."""

from simulation.docs.svg import Arrow, Box, Diagram, Note

PANEL = 25  # steps of the grid from one way to the next
VIEWERS = (4, 10, 16, 22)


def viewers(name: str, at: float, y: float) -> dict[str, Box]:
    return {f"{name} viewer {number}": Box(at + x, y, "viewer", 5.4, 3, "viewer") for number, x in enumerate(VIEWERS)}


def telling(name: str, start: str, numbers: tuple[int, ...]) -> list[Arrow]:
    return [Arrow(start, f"{name} viewer {number}") for number in numbers]


def asking(name: str, start: str, numbers: tuple[int, ...]) -> list[Arrow]:
    return [Arrow(f"{name} viewer {number}", start, dashed=True) for number in numbers]


WRITE, READ, HYBRID, TREE = (PANEL * number for number in range(4))

DIAGRAM = Diagram(
    title="Four ways of bringing a comment to everybody",
    says=(
        "On write: the server writes each comment to every viewer. On read: each viewer asks the server, again and "
        "again, and is answered from what is stored. Hybrid: some viewers are written to, the others ask. Tree: the "
        "server writes to two edges, and each edge to its own viewers."
    ),
    width=100,
    height=36,
    boxes={
        "write": Box(WRITE + 13, 12, "server", 10, 4, "server"),
        **viewers("write", WRITE, 26),
        "read": Box(READ + 13, 12, "server", 10, 4, "server"),
        **viewers("read", READ, 26),
        "hybrid": Box(HYBRID + 13, 12, "server", 10, 4, "server"),
        **viewers("hybrid", HYBRID, 26),
        "tree": Box(TREE + 13, 8.5, "server", 10, 4, "server"),
        "left": Box(TREE + 7, 17, "edge", 8, 3.4, "server"),
        "right": Box(TREE + 19, 17, "edge", 8, 3.4, "server"),
        **viewers("tree", TREE, 26),
    },
    arrows=(
        *telling("write", "write", (0, 1, 2, 3)),
        *asking("read", "read", (0, 1, 2, 3)),
        *telling("hybrid", "hybrid", (0, 1)),
        *asking("hybrid", "hybrid", (2, 3)),
        Arrow("tree", "left"),
        Arrow("tree", "right"),
        *telling("tree", "left", (0, 1)),
        *telling("tree", "right", (2, 3)),
    ),
    notes=(
        Note(WRITE + 13, 4, "ON WRITE"),
        Note(WRITE + 13, 32, "comments times viewers:\nwork grows with the stream"),
        Note(READ + 13, 4, "ON READ"),
        Note(READ + 13, 6.5, "(dashed: a question)"),
        Note(READ + 13, 32, "viewers per interval:\nwork grows with the clock"),
        Note(HYBRID + 13, 4, "HYBRID"),
        Note(HYBRID + 13, 32, "push to some,\nlet the others ask"),
        Note(TREE + 13, 4, "TREE"),
        Note(TREE + 13, 32, "each node writes to a few:\nwork is spread, not saved"),
    ),
)
