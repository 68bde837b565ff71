"""Where a comment may wait: each queue on its way, with its bound and what happens at it."""

from reference_impl.policy.backpressure import BackpressureConfig
from reference_impl.policy.batching import GroupCommitConfig
from reference_impl.policy.bulkhead import BulkheadConfig
from reference_impl.policy.ordering import OrderingConfig
from reference_impl.policy.rate import RateConfig
from simulation.docs.svg import Arrow, Box, Diagram, Note
from simulation.experiments.backpressure.kernel import SEND_BUFFER_BYTES

_RATE, _COMMIT = RateConfig(), GroupCommitConfig()
_LOG = BulkheadConfig(in_flight_max=16, waiting_max=1_000)
_QUEUE_KIB, _KERNEL_KIB = BackpressureConfig().queue_bytes // 1024, SEND_BUFFER_BYTES // 1024
_X = (8, 25, 42, 59)  # the columns
_TOP, _BOTTOM = 8, 30
_BELOW = 7  # from a box's middle to its bound's first line

DIAGRAM = Diagram(
    title="Where a comment may wait, and what happens when it is full",
    says=(
        "On its way up a comment passes the author's limit, the commit queue, the guard before the log, and the log; "
        "on its way down the broker, the edge, each slow viewer's queue and the kernel's buffer. Each of them has a "
        "bound, and what happens at it is written below: refused with 429 or 503 and Retry-After on the way up, left "
        "out and named on the way down."
    ),
    width=67,
    height=42,
    boxes={
        "api": Box(_X[0], _TOP, "API\nlimit of each author", 14, 5, "server"),
        "commit": Box(_X[1], _TOP, "commit queue", 13, 5, "server"),
        "guard": Box(_X[2], _TOP, "guard\nbefore the log", 13, 5, "server"),
        "log": Box(_X[3], _TOP, "log", 11, 5, "log"),
        "broker": Box(_X[3], _BOTTOM, "broker", 11, 5, "hint"),
        "edge": Box(_X[2], _BOTTOM, "edge\norder, window", 13, 5, "server"),
        "queue": Box(_X[1], _BOTTOM, "a slow viewer's\nqueue", 13, 5, "trouble"),
        "kernel": Box(_X[0], _BOTTOM, "kernel's buffers\nand the viewer", 14, 5, "viewer"),
    },
    arrows=(
        Arrow("api", "commit"),
        Arrow("commit", "guard"),
        Arrow("guard", "log"),
        Arrow("log", "broker", dashed=True),
        Arrow("broker", "edge", dashed=True),
        Arrow("edge", "queue"),
        Arrow("queue", "kernel"),
    ),
    notes=(
        Note(33.5, 2.5, "up: whoever asks is told at once, and says it again later"),
        Note(_X[0], _TOP + _BELOW, f"{_RATE.burst} in {_RATE.period_s:g} s\n429, Retry-After"),
        Note(_X[1], _TOP + _BELOW, f"{_COMMIT.waiting_max:,} comments\n503, Retry-After"),
        Note(_X[2], _TOP + _BELOW, f"{_LOG.in_flight_max} calls, {_LOG.waiting_max:,} wait\n2 s, then 503"),
        Note(33.5, 24, "down: nobody can be refused; what is left out is named"),
        Note(_X[3], _BOTTOM + _BELOW, "65,536 events\nnewest lost,\nfound in the log"),
        Note(_X[2], _BOTTOM + _BELOW, f"{OrderingConfig().held_max:,} ahead of a gap\ndropped, and read\nfrom the log"),
        Note(_X[1], _BOTTOM + _BELOW, f"{_QUEUE_KIB} KiB\ndisconnect, or drop\nand tell a gap"),
        Note(_X[0], _BOTTOM + _BELOW, f"{_KERNEL_KIB} KiB, 30 s\nthen the kernel\ncloses"),
    ),
)
