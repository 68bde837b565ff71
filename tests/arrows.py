"""Which part of the project may import which."""

SHELLS = {
    "access", "admission", "archive_work", "audience", "background", "brownout", "catalog", "changes", "corrections",
    "display", "edge", "following", "group_commit", "guard", "guarded_log", "hub", "pages", "partition_commits",
    "ports", "profile_work", "profiles", "purging", "reaction_work", "reactions", "readers", "recent", "recent_pages",
    "recent_writes", "room", "scored", "segments", "single_flight", "stream_hub", "working", "write_path",
}  # fmt: skip

# Who (a prefix of the module's name) may import which parts of the two packages.
ARROWS = {
    "reference_impl.policy": {"reference_impl.policy"},
    "reference_impl.protocol": {"reference_impl.protocol"},
    **{
        f"reference_impl.{shell}": {
            "reference_impl.policy", "reference_impl.protocol", "reference_impl.auth.identity",
            "reference_impl.moderation", "reference_impl.transports", *(f"reference_impl.{each}" for each in SHELLS),
        }
        for shell in SHELLS
    },
    "reference_impl.auth": {"reference_impl.auth"},
    "reference_impl.moderation": {"reference_impl.moderation", "reference_impl.policy", "reference_impl.protocol"},
    "reference_impl.adapters": {
        "reference_impl.adapters", "reference_impl.background", "reference_impl.following", "reference_impl.ports",
        "reference_impl.recent", "reference_impl.scored", "reference_impl.single_flight", "reference_impl.working",
        "reference_impl.policy.channels", "reference_impl.policy.circuit_breaker", "reference_impl.policy.failover",
        "reference_impl.policy.partitioning", "reference_impl.policy.recent_window", "reference_impl.policy.retry",
        "reference_impl.protocol",
    },
    "reference_impl.transports": {
        "reference_impl.policy", "reference_impl.protocol", "reference_impl.ports", "reference_impl.transports",
        "reference_impl.compiled",
    },
    "reference_impl.observability": {"reference_impl.ports"},
    "reference_impl.config": {"reference_impl.policy", "reference_impl.protocol"},
    "reference_impl.compiled": set(),
    "reference_impl.client": {"reference_impl.client", "reference_impl.policy", "reference_impl.protocol"},
    "reference_impl.api": {
        "reference_impl.api", "reference_impl.auth", "reference_impl.config", "reference_impl.policy",
        "reference_impl.protocol", "reference_impl.transports", "reference_impl.version",
        *(f"reference_impl.{each}" for each in SHELLS),
    },
    "reference_impl": {"reference_impl"},
    "simulation.model": {
        "simulation.model", "simulation.calibration", "simulation.link_faults", "simulation.topology",
        "simulation.trace", "reference_impl.policy", "reference_impl.protocol",
    },
    "simulation.bench.commands": {"simulation", "reference_impl.failing"},
    "simulation.bench.sim_command": {"simulation", "reference_impl.failing"},
    "simulation.command": {"simulation", "reference_impl.failing", "reference_impl.interrupts"},
    "simulation.laws.commands": {"simulation", "reference_impl.failing"},
    "simulation.cli": {"simulation", "reference_impl.interrupts", "reference_impl.version"},
    "simulation.commands": {"simulation", "reference_impl.failing"},
    "simulation.docs.command": {"simulation", "reference_impl.failing"},
    "simulation.docs.reference.http": {"simulation", "reference_impl"},  # the application describes itself
    "simulation.docs.reference.modules": {"simulation", "reference_impl"},  # read as text
    "simulation.reporting.command": {"simulation", "reference_impl.failing"},
    "simulation.experiments.command": {"simulation", "reference_impl.failing"},
    "simulation.sweeping.command": {"simulation", "reference_impl.failing"},
    "simulation.chaos.commands": {"simulation", "reference_impl.failing", "reference_impl.interrupts"},
    "simulation.chaos.report": {"simulation", "reference_impl.failing"},
    # Its crowd uses the client that everybody may use.
    "simulation.chaos": {
        "simulation", "reference_impl.client", "reference_impl.compiled", "reference_impl.policy",
        "reference_impl.protocol",
    },
    "simulation.bench.arguments": {"simulation", "reference_impl.failing"},
    "simulation.bench.hot_log": {"simulation", "reference_impl"},  # the log itself, without a server
    "simulation.bench.partitions_log": {"simulation", "reference_impl"},  # the log itself, without a server
    # Its authors are the client that everybody may use.
    "simulation.experiments.delivery_guarantees": {
        "simulation", "reference_impl.client", "reference_impl.policy", "reference_impl.protocol",
    },
    "simulation.experiments.caching.probe": {"simulation", "reference_impl"},  # the log and its cache, without a server
    "simulation.experiments.consumer_groups.live": {"simulation", "reference_impl"},  # the queue, without a server
    "simulation.experiments.consumer_groups.probe": {"simulation", "reference_impl"},  # the queue, without a server
    "simulation.experiments.consumer_groups.worker": {"simulation", "reference_impl"},  # the queue, without a server
    "simulation.experiments.hot_partition.log": {"simulation", "reference_impl"},  # the log itself, without a server
    "simulation.experiments.hot_partition.probe": {"simulation", "reference_impl"},  # the log itself, without a server
    # Its comments are judged by the server's own layers.
    "simulation.experiments.moderation_budget": {
        "simulation", "reference_impl.moderation", "reference_impl.policy", "reference_impl.protocol",
    },
    "simulation.bench": {"simulation", "reference_impl.compiled", "reference_impl.policy", "reference_impl.protocol"},
    "simulation.course.commands": {"simulation", "reference_impl.failing"},
    "simulation.course.inside": {"simulation", "reference_impl"},  # the server itself, with an answer inside
    # A part of the server with an answer inside it.
    "simulation.course.exercises.idempotency.inside": {
        "reference_impl.auth.identity", "reference_impl.ports", "reference_impl.protocol", "reference_impl.write_path",
    },
    "simulation.course": {"simulation", "reference_impl.client", "reference_impl.policy", "reference_impl.protocol"},
    "simulation.notebooks.command": {"simulation", "reference_impl.failing"},
    "simulation.notebooks.lab": {"simulation", "reference_impl.interrupts"},
    "simulation": {"simulation", "reference_impl.policy", "reference_impl.protocol"},
}  # fmt: skip
