"""Who knows what: the log is the truth, the broker a hint, and workers act under tokens that grow."""

from simulation.docs.svg import Arrow, Box, Diagram, Note

DIAGRAM = Diagram(
    title="Broker coordination",
    says=(
        "The API commits to the log and only then publishes to the broker, whose messages are hints: they may be lost, "
        "doubled or out of order. An edge's hub judges them by seq. It holds what is early, and after 50 ms reads the "
        "missing range from the log, one reader for all viewers; once a second it asks for the heads of its streams, "
        "which finds a lost last event. A worker takes work under a lease and writes its effect to the log with a "
        "fencing token; one that was only slow has an older token and is refused."
    ),
    width=96,
    height=44,
    boxes={
        "api": Box(12, 8, "API\nanswers 201 when\nit is durable", 18, 8, "server"),
        "log": Box(48, 8, "log: the truth\n(epoch, seq), no holes", 22, 8, "log"),
        "broker": Box(12, 28, "broker: a hint\nlost, doubled,\nout of order", 18, 9, "hint"),
        "hub": Box(48, 28, "edge's hub\nnext is 7: holds 9 and 10,\nwaits 50 ms for 7 and 8", 26, 9, "server"),
        "viewers": Box(84, 28, "viewers\neach resumes with\nits own cursor", 18, 9, "viewer"),
        "worker": Box(84, 5, "worker\nlease, token 8", 16, 6, "server"),
        "slow": Box(84, 15, "was only slow\ntoken 7: refused", 16, 6, "trouble"),
    },
    arrows=(
        Arrow("api", "log", "1. commit"),
        Arrow("api", "broker", "2. publish", dashed=True),
        Arrow("broker", "hub", "1-6, 10, 9, 9", dashed=True),
        Arrow("hub", "log", "7 and 8 missing:\none read for all", bend=16),
        Arrow("log", "hub", "the head,\nonce a second", bend=16),
        Arrow("hub", "viewers", "7, 8, 9, 10"),
        Arrow("worker", "log", "effect + token"),
        Arrow("slow", "log", "", dashed=True),
    ),
    notes=(
        Note(48, 38, "what is dashed may fail to arrive, and nothing depends on it"),
        Note(48, 41, "a new epoch: the log has lost something, positions begin again at 1"),
    ),
)
