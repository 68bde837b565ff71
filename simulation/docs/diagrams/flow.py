"""The way of a comment, from the author's key to the viewers' screens, with the five stages that are timed."""

from simulation.docs.svg import Arrow, Box, Diagram, Note

DIAGRAM = Diagram(
    title="The way of a comment",
    says=(
        "An author posts to the API, which authorises, admits and moderates (stage api); the comment waits for a "
        "group commit and is durable in the log (stage log); only then is the author answered and the broker told. "
        "The broker hints every edge's hub (stage broker), which puts events in order, reads what is missing from "
        "the log, applies the budget and the window (stage hub), and writes one frame to every viewer's socket "
        "(stage socket)."
    ),
    width=96,
    height=43,
    boxes={
        "author": Box(8, 11, "author", 12, 5, "viewer"),
        "api": Box(31, 11, "API\nauthorise, admit,\nmoderate", 17, 8, "server"),
        "commit": Box(57, 11, "group commit\none fsync for all\nthat wait", 17, 8, "server"),
        "log": Box(85, 11, "log\nthe truth: seq,\ndurable", 16, 8, "log"),
        "broker": Box(57, 30, "broker\na hint,\nmay be lost", 17, 8, "hint"),
        "hub": Box(31, 30, "edge's hub\norder, budget,\nwindow", 17, 8, "server"),
        "viewers": Box(8, 30, "viewers\nSSE, WebSocket,\nlong poll", 13, 8, "viewer"),
    },
    arrows=(
        Arrow("author", "api", "POST"),
        Arrow("api", "commit"),
        Arrow("commit", "log", "append"),
        Arrow("commit", "author", "201 with the whole comment, once it is durable", via=((57, 3.5), (8, 3.5))),
        Arrow("commit", "broker", "publish", dashed=True),
        Arrow("broker", "hub", dashed=True),
        Arrow("log", "hub", "what is missing, read once for all", via=((85, 38), (31, 38))),
        Arrow("hub", "viewers", "a frame"),
    ),
    notes=(
        Note(31, 17, "① api"),
        Note(71, 13.5, "② log"),
        Note(44, 33, "③ broker"),
        Note(31, 24, "④ hub"),
        Note(18.5, 33, "⑤ socket"),
        Note(8, 38, "each has it once,\nin order"),
    ),
)
