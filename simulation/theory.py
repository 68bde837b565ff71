"""Closed forms of queueing theory, which the model's stations must meet: sojourn times, waiting and service together.

Kendall's letters: M for Poisson arrivals or exponential service, G for any service, then the number of servers. All
queues are first in, first out, and unbounded, where nothing else is said. ``arrivals_per_s`` and ``service_s`` are the
means.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

BISECTIONS = 200  # more than enough to leave two neighbouring floats
LARGE = 1e200
NEGLIGIBLE = 1e-17  # smaller terms of a series do not change its sum


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


def md1_quantile_s(arrivals_per_s: float, service_s: float, share: float = 0.99) -> float:
    """What ``share`` of the sojourns in M/D/1 stay below, by bisection over `_md1_waits_up_to`."""
    if not 0 <= share < 1:
        raise ValueError(f"share must be at least 0 and below 1, got {share}")
    low, high = 0.0, service_s
    while _md1_waits_up_to(high, arrivals_per_s, service_s) < share:
        high *= 2
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        below = _md1_waits_up_to(middle, arrivals_per_s, service_s) < share
        low, high = (middle, high) if below else (low, middle)
    return service_s + high


def _md1_waits_up_to(wait_s: float, arrivals_per_s: float, service_s: float) -> float:
    """The probability of a wait of at most ``wait_s`` in M/D/1.

    A sum of alternating terms, good for waits of up to some 20 services. Source: Erlang (1909); Crommelin, "Delay
    Probability Formulae When the Holding Times Are Constant", Post Office Electrical Engineers' Journal 25 (1932).
    """
    terms = []
    for before in range(math.floor(wait_s / service_s) + 1):
        exponent = arrivals_per_s * (before * service_s - wait_s)
        terms.append(exponent**before / math.factorial(before) * math.exp(-exponent))
    return (1 - utilisation(arrivals_per_s, service_s)) * math.fsum(terms)


def batch_md1_mean_s(arrivals_per_s: float, service_s: float, batch_mean: float, batch_variance: float) -> float:
    """Mean sojourn of a member in M^[X]/D/1: batches come, their members are served one by one.

    That is a fan-out: a comment is a batch, its deliveries are the members. The batch waits as in M/G/1; in it a member
    waits for those before it. Source: Gross and Harris, "Fundamentals of Queueing Theory", 3rd edition (1998), 5.1.
    """
    square = batch_variance + batch_mean**2
    batch_s = mg1_mean_s(arrivals_per_s, batch_mean * service_s, batch_variance * service_s**2) - batch_mean * service_s
    return batch_s + service_s * (square - batch_mean) / (2 * batch_mean) + service_s


def erlang_b(offered: float, servers: int) -> float:
    """The probability that an arrival is lost in M/M/c/c, where nobody may wait, at ``offered`` erlangs of load.

    A recursion, which does not overflow as the factorials would. Source: Erlang (1917); Cooper, "Introduction to
    Queueing Theory", 2nd edition (1981), section 3.3.
    """
    if offered <= 0 or servers < 1:
        raise ValueError(f"offered must be > 0, servers >= 1; got {offered}, {servers}")
    blocked = 1.0
    for busy in range(1, servers + 1):
        blocked = offered * blocked / (busy + offered * blocked)
    return blocked


def erlang_c(offered: float, servers: int) -> float:
    """The probability that an arrival has to wait in M/M/c, at ``offered`` erlangs of load.

    Source: Erlang (1917); Cooper, section 3.4.
    """
    share = utilisation(offered, 1.0, servers)
    blocked = erlang_b(offered, servers)
    return blocked / (1 - share * (1 - blocked))


def mmc_mean_s(arrivals_per_s: float, service_s: float, servers: int) -> float:
    """Mean sojourn in M/M/c: an arrival that has to wait does so for the mean time to a free server."""
    share = utilisation(arrivals_per_s, service_s, servers)
    waits = erlang_c(arrivals_per_s * service_s, servers)
    return service_s + waits * service_s / (servers * (1 - share))


def mm1k_lost(arrivals_per_s: float, service_s: float, capacity: int) -> float:
    """The share that is refused in M/M/1/K, which holds ``capacity`` with the one in service; overload is allowed.

    Source: Kleinrock, section 3.6.
    """
    inside = _mm1k_inside(arrivals_per_s * service_s, capacity)
    return inside[-1]


def mm1k_mean_s(arrivals_per_s: float, service_s: float, capacity: int) -> float:
    """Mean sojourn in M/M/1/K of those that are not refused. Source: Kleinrock, section 3.6, and Little's law."""
    inside = _mm1k_inside(arrivals_per_s * service_s, capacity)
    number = sum(many * probability for many, probability in enumerate(inside))
    return number / (arrivals_per_s * (1 - inside[-1]))


def _mm1k_inside(offered: float, capacity: int) -> list[float]:
    weights = [offered**many for many in range(capacity + 1)]
    return [weight / sum(weights) for weight in weights]


def group_commit_mean_s(arrivals_per_s: float, service_s: float) -> float:
    """Mean sojourn where all that wait are served together, for a time that does not depend on how many they are.

    M/M^[1,inf]/1, a commit of everything that waits. With r = arrivals / (arrivals + commits) the number that waits
    while a commit runs is geometric: p(n) = p(0) * r^n. Source: Gross and Harris, section 3.2, "bulk service".
    """
    commits_per_s = 1 / service_s
    both = arrivals_per_s + commits_per_s
    ratio = arrivals_per_s / both
    running_alone = 1 / (commits_per_s / arrivals_per_s + both / commits_per_s)
    waiting = running_alone * ratio / (1 - ratio) ** 2
    return waiting / arrivals_per_s + service_s


def priority_means_s(arrivals_per_s: Sequence[float], service_s: float) -> list[float]:
    """Mean sojourns in M/M/1 of classes that go before later ones, without interruption.

    Source: Cobham, "Priority Assignment in Waiting Line Problems", Operations Research 2 (1954).
    """
    residual_s = utilisation(sum(arrivals_per_s), service_s) * service_s
    before = [sum(arrivals_per_s[:place]) * service_s for place in range(len(arrivals_per_s) + 1)]
    return [residual_s / ((1 - above) * (1 - with_own)) + service_s for above, with_own in pairwise(before)]


def tandem_mean_s(arrivals_per_s: float, services_s: Sequence[float]) -> float:
    """Mean sojourn in M/M/1 stations one after the other, each of which is as if it were alone.

    Source: Jackson, "Networks of Waiting Lines", Operations Research 5 (1957).
    """
    return sum(mm1_mean_s(arrivals_per_s, service_s) for service_s in services_s)


def two_choices_mean_s(arrivals_per_s: float, service_s: float) -> float:
    """Mean sojourn where everybody joins the shorter of two queues taken at random of very many M/M/1 ones.

    ``arrivals_per_s`` for each of them. It is the limit of infinitely many; with n the mean is larger, by a share of
    the order of 1 / n (Gast, "Expected Values Estimated via Mean-Field Approximation are 1/N-Accurate", 2017). Source:
    Vvedenskaya, Dobrushin and Karpelevich (1996); Mitzenmacher, "The Power of Two Choices in Randomized Load
    Balancing", 2001.
    """
    share = utilisation(arrivals_per_s, service_s)
    total, level = 0.0, 1
    while (term := share ** (2.0**level - 2)) > NEGLIGIBLE:
        total, level = total + term, level + 1
    return service_s * total


def gives_up(arrivals_per_s: float, service_s: float, patience_s: float, servers: int = 1) -> float:
    """The share in M/M/c+M that waits no longer than its patience, which is exponential; overload is allowed.

    Births and deaths: with n inside, they leave at the rate min(n, c) / service + (n - c)+ / patience. Source: Palm
    (1957), "Erlang A"; Ancker and Gafarian, "Some Queuing Problems with Balking and Reneging", Operations Research 11
    (1963).
    """
    weight, inside, total, waiting = 1.0, 0, 1.0, 0.0
    while weight > NEGLIGIBLE * total:
        inside += 1
        beyond = max(0, inside - servers)
        weight *= arrivals_per_s / (min(inside, servers) / service_s + beyond / patience_s)
        total += weight
        waiting += beyond * weight
        if total > LARGE:  # only the proportions matter
            weight, total, waiting = weight / total, 1.0, waiting / total
    return waiting / total / patience_s / arrivals_per_s


def shared_mean_s(arrivals_per_s: float, service_s: float) -> float:
    """Mean sojourn in M/G/1-PS, where all that are inside share the server; it depends on the mean service only.

    Source: Kleinrock, volume 2 (1976), section 4.4.
    """
    return service_s / (1 - utilisation(arrivals_per_s, service_s))
