"""The way of a comment, from the author's key to the viewers' screens."""

from simulation.docs.svg import Arrow, Box, Diagram, Note

DIAGRAM = Diagram(
    title="The way of a comment",
    says=(
        "An author posts to the API, which authorises, admits and moderates; the comment waits for a group commit "
        "and is durable in the log; only then is the author answered and the broker told. The broker hints every "
        "edge's hub, which puts events in order, fills gaps from the log, applies the budget and the window, and "
        "writes one frame to every viewer's socket."
    ),
    width=92,
    height=34,
    boxes={
        "author": Box(8, 8, "author", 11, 4, "viewer"),
        "api": Box(28, 8, "API\nauthorise, admit,\nmoderate", 16, 8, "server"),
        "commit": Box(51, 8, "group commit\none fsync for all\nthat wait", 16, 8, "server"),
        "log": Box(76, 8, "log\nthe truth: seq, durable", 20, 6, "log"),
        "broker": Box(51, 24, "broker\na hint, may be lost", 17, 6, "hint"),
        "hub": Box(28, 24, "edge's hub\norder, budget,\nwindow", 15, 8, "server"),
        "viewers": Box(8, 24, "viewers\nSSE, WebSocket,\nlong poll", 13, 8, "viewer"),
    },
    arrows=(
        Arrow("author", "api", "POST"),
        Arrow("api", "commit"),
        Arrow("commit", "log", "append"),
        Arrow("commit", "author", "201 once durable", bend=-12),
        Arrow("commit", "broker", "publish", dashed=True),
        Arrow("broker", "hub", "", dashed=True),
        Arrow("hub", "log", "what is missing", bend=14),
        Arrow("hub", "viewers", "one frame"),
    ),
    notes=(Note(8, 31, "each has it once, in order"),),
)
