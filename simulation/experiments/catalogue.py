"""The experiments by name.

One is imported when it is asked for: all together bring databases, brokers and numerics, seconds that no other needs.
"""

from collections.abc import Callable

from simulation.experiments.family import Family


def fan_out() -> Family:
    from simulation.experiments.fan_out.family import FanOut

    return FanOut()


def hot_partition() -> Family:
    from simulation.experiments.hot_partition.family import HotPartition

    return HotPartition()


def backpressure() -> Family:
    from simulation.experiments.backpressure.family import Backpressure

    return Backpressure()


def failover() -> Family:
    from simulation.experiments.failover.family import Failover

    return Failover()


def push_vs_pull() -> Family:
    from simulation.experiments.push_vs_pull.family import PushVsPull

    return PushVsPull()


def delivery_guarantees() -> Family:
    from simulation.experiments.delivery_guarantees.family import DeliveryGuarantees

    return DeliveryGuarantees()


def caching() -> Family:
    from simulation.experiments.caching.family import Caching

    return Caching()


def flash_crowd() -> Family:
    from simulation.experiments.flash_crowd.family import FlashCrowd

    return FlashCrowd()


def degradation() -> Family:
    from simulation.experiments.degradation.family import Degradation

    return Degradation()


def moderation_budget() -> Family:
    from simulation.experiments.moderation_budget.family import ModerationBudget

    return ModerationBudget()


def sampling_and_rooms() -> Family:
    from simulation.experiments.sampling_and_rooms.family import SamplingAndRooms

    return SamplingAndRooms()


def consumer_groups() -> Family:
    from simulation.experiments.consumer_groups.family import ConsumerGroups

    return ConsumerGroups()


def world_cup() -> Family:
    from simulation.experiments.world_cup.family import WorldCup

    return WorldCup()


FAMILIES: dict[str, Callable[[], Family]] = {
    each.__name__: each
    for each in (
        fan_out, hot_partition, backpressure, failover, push_vs_pull, delivery_guarantees, caching, flash_crowd,
        degradation, moderation_budget, sampling_and_rooms, consumer_groups, world_cup,
    )
}  # fmt: skip
