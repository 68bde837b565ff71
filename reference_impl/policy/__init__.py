"""Pure decisions, shared unchanged by the server and the simulation.

A policy reads no clock, does no I/O and draws no randomness of its own: time comes in as ``now`` (monotonic seconds),
randomness as a ``random.Random``. The asyncio shell passes its clock's reading, the SimPy shell passes ``env.now``, so
both worlds run the same class and take the same decisions. A policy that needs waking exposes an absolute ``deadline``;
shells arm a timer for it and compare ``now >= deadline``. (Elapsed time, ``now - start >= window``, is false at the
exact deadline for many floats, and a simulator lands on exact deadlines all the time.)
"""
