"""Closed forms of queueing theory, which the model's stations must meet: sojourn times, waiting and service together.

Kendall's letters: M for Poisson arrivals or exponential service, G for any service, then the number of servers. All
queues are first in, first out, and unbounded. ``arrivals_per_s`` and ``service_s`` are the means.
"""

import math


def utilisation(arrivals_per_s: float, service_s: float, servers: int = 1) -> float:
    """The share of the time that a server is busy; ValueError where the queue would grow for ever."""
    if arrivals_per_s <= 0 or service_s <= 0 or servers < 1:
        raise ValueError(f"rates must be > 0, servers >= 1; got {arrivals_per_s}, {service_s}, {servers}")
    share = arrivals_per_s * service_s / servers
    if share >= 1:
        raise ValueError(f"no steady state at a utilisation of {share:g}, which must be < 1")
    return share


def mm1_mean_s(arrivals_per_s: float, service_s: float) -> float:
    """Mean sojourn in M/M/1. Source: Kleinrock, "Queueing Systems", volume 1 (1975), section 3.2."""
    return service_s / (1 - utilisation(arrivals_per_s, service_s))


def mm1_quantile_s(arrivals_per_s: float, service_s: float, share: float = 0.99) -> float:
    """What ``share`` of the sojourns in M/M/1 stay below: they are exponential. Source: Kleinrock, section 5.7."""
    if not 0 <= share < 1:
        raise ValueError(f"share must be at least 0 and below 1, got {share}")
    return -math.log1p(-share) * mm1_mean_s(arrivals_per_s, service_s)


def mg1_mean_s(arrivals_per_s: float, service_s: float, service_variance_s2: float) -> float:
    """Mean sojourn in M/G/1 by the Pollaczek-Khinchine formula. Source: Kleinrock, section 5.6.

    With exponential service (variance ``service_s ** 2``) it is M/M/1, with a variance of 0 it is M/D/1.
    """
    if service_variance_s2 < 0:
        raise ValueError(f"service_variance_s2 must be >= 0, got {service_variance_s2}")
    second_moment_s2 = service_variance_s2 + service_s**2
    waiting_s = arrivals_per_s * second_moment_s2 / (2 * (1 - utilisation(arrivals_per_s, service_s)))
    return service_s + waiting_s


def md1_mean_s(arrivals_per_s: float, service_s: float) -> float:
    """Mean sojourn in M/D/1, where all services take the same."""
    return mg1_mean_s(arrivals_per_s, service_s, 0.0)


def erlang_c(offered: float, servers: int) -> float:
    """The probability that an arrival has to wait in M/M/c, at ``offered`` erlangs of load.

    By Erlang B's recursion, which does not overflow as the factorials would. Source: Erlang (1917); Cooper,
    "Introduction to Queueing Theory", 2nd edition (1981), sections 3.3 and 3.4.
    """
    share = utilisation(offered, 1.0, servers)
    blocked = 1.0
    for busy in range(1, servers + 1):
        blocked = offered * blocked / (busy + offered * blocked)
    return blocked / (1 - share * (1 - blocked))


def mmc_mean_s(arrivals_per_s: float, service_s: float, servers: int) -> float:
    """Mean sojourn in M/M/c: an arrival that has to wait does so for the mean time to a free server."""
    share = utilisation(arrivals_per_s, service_s, servers)
    waits = erlang_c(arrivals_per_s * service_s, servers)
    return service_s + waits * service_s / (servers * (1 - share))


def mean_number(arrivals_per_s: float, sojourn_s: float) -> float:
    """How many are in the system on average. Source: Little, "A Proof for the Queuing Formula: L = lambda W", 1961."""
    return arrivals_per_s * sojourn_s
